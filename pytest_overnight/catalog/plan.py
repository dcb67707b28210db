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
    ordinal: int = 0
    """Position in the plan, from 0."""

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
    order = [
        (challenge, repetition)
        for repetition in range(1, max(repetitions.values(), default=0) + 1)
        for challenge in sorted(challenges, key=lambda c: c.place)
        if repetition <= repetitions[challenge.id]
    ]
    return tuple(
        Run(challenge, number, draw_seed(session_seed, challenge.id, number), ordinal)
        for ordinal, (challenge, number) in enumerate(order)
    )


def runs_of(
    run_ids: Sequence[str],
    plan: Sequence[Run],
    challenges: Sequence[Challenge],
    session_seed: int,
) -> tuple[Run, ...]:
    """The runs of a night that is gone on with: each as it was when it was planned.

    ``plan``: what its first process made; repetitions that were added come after it.
    Ids of challenges that are not there any more are left out.
    """
    wanted, known = set(run_ids), {run.id for run in plan}
    by_id = {challenge.id: challenge for challenge in challenges}
    runs = [run for run in plan if run.id in wanted]
    for run_id in run_ids:
        name, _, number = run_id.partition("-run-")
        if run_id not in known and name in by_id:
            seed = draw_seed(session_seed, name, int(number))
            runs.append(Run(by_id[name], int(number), seed, len(plan)))
    return tuple(runs)


def wall_cap(challenge: Challenge, settings: Settings) -> float:
    """Seconds after which a try is killed, whatever it says of itself."""
    work = challenge.timeout_seconds / settings.time_scale
    turns = settings.max_rounds * settings.longest_call_wait
    return work + turns + settings.infra_grace + 60


@dataclass(frozen=True, slots=True)
class Hours:
    """How long a plan may take, in hours of wall time."""

    worst: float
    """Every run uses its whole limit, and all its rounds."""
    expected: float
    """Every run uses ``EXPECTED_SHARE`` of both."""


def estimate(runs: Sequence[Run], settings: Settings) -> Hours:
    """Hours for ``runs``, of which ``settings.slots`` use the model at a time."""
    worst = _seconds(runs, settings, 1.0)
    return Hours(worst / 3600, _seconds(runs, settings, EXPECTED_SHARE) / 3600)


def _seconds(runs: Sequence[Run], settings: Settings, share: float) -> float:
    """Whatever binds: the work of all runs, or the pace that their calls must keep."""
    work = sum(run.challenge.timeout_seconds for run in runs) / settings.time_scale
    checks = sum(min(5.0, run.challenge.verify_seconds) for run in runs)
    calls = 0 if settings.scripted else len(runs) * settings.max_rounds
    spacing = 60 / settings.calls_per_minute if settings.calls_per_minute else 0.0
    # A pause comes on top of the work; the rate alone may lie within it.
    at_work = work / settings.slots + calls * settings.min_gap
    return share * max(at_work, calls * spacing) + checks / settings.slots
