"""The plan of a night: which runs, in which order, with which seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.settings import Settings

EXPECTED_SHARE = 0.35
"""Expected part of the time limit that a run uses, before any night has been seen."""


@dataclass(frozen=True, slots=True)
class Run:
    """One repetition of one challenge."""

    challenge: Challenge
    repetition: int
    """From 1."""
    seed: int
    """Non-negative, below 2**63; differs for every run of a night."""

    @property
    def id(self) -> str:
        """``L6-3-run-0002``: pytest id, record's stem and log's stem alike."""
        return f"{self.challenge.id}-run-{self.repetition:04d}"


def draw_seed(session_seed: int, challenge_id: str, repetition: int) -> int:
    """f(session seed, challenge, repetition): stable on every machine."""
    text = f"{session_seed}:{challenge_id}:{repetition}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def make_plan(
    challenges: Sequence[Challenge], count: int | None, session_seed: int
) -> tuple[Run, ...]:
    """All runs, repetition by repetition, so that a night cut short stays balanced.

    ``count`` overrides each challenge's own number of repetitions.
    """
    repetitions = {c.id: count or c.repetitions for c in challenges}
    return tuple(
        Run(challenge, repetition, draw_seed(session_seed, challenge.id, repetition))
        for repetition in range(1, max(repetitions.values(), default=0) + 1)
        for challenge in sorted(challenges, key=lambda c: c.id)
        if repetition <= repetitions[challenge.id]
    )


def wall_cap(challenge: Challenge, settings: Settings) -> float:
    """Seconds after which a try is killed, whatever it says of itself."""
    return challenge.timeout_seconds / settings.time_scale + settings.infra_grace + 60


@dataclass(frozen=True, slots=True)
class Hours:
    """How long a plan may take, in hours of wall time."""

    worst: float
    """Every run uses its whole limit."""
    expected: float
    """Every run uses ``EXPECTED_SHARE`` of it."""


def estimate(runs: Sequence[Run], slots: int, time_scale: float = 1.0) -> Hours:
    """Hours for ``runs`` when ``slots`` of them use the model at a time."""
    limits = sum(run.challenge.timeout_seconds for run in runs) / time_scale
    checks = sum(min(5.0, run.challenge.verify_seconds) for run in runs)
    worst = (limits + checks) / 3600 / max(1, slots)
    return Hours(worst, (limits * EXPECTED_SHARE + checks) / 3600 / max(1, slots))
