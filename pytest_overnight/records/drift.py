"""Whether the machine at the end of a night was the one at its beginning.

A processor that grows hot, a GPU that another program takes memory from: the agent has
the same minutes, and gets less done in them. Pure functions of the run records.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pytest_overnight.records.record import RunRecord

SLOWER = 0.2
"""Loss of speed from the first to the last third that is worth a warning."""
ENOUGH = 5
"""Runs in a third, below which its median says little."""
NOTABLE = 0.01
"""A smaller part of a model moves with every load of it."""
LEAST_RUNS = 10
"""For a rank correlation whose chance can be told by the normal distribution."""


@dataclass(frozen=True, slots=True)
class Third:
    """A part of the night."""

    median: float
    """Tokens a second."""
    runs: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Spearman's rank correlation of speed with the order of the runs.

    Each run's speed is taken as a share of the median of its challenge's: harder
    challenges have longer prompts, are slower for it, and may all come late.
    """

    rho: float
    """-1: each run was slower than all before it."""
    chance: float
    """Probability of one so far from 0 where order plays no part, both sides."""
    runs: int


@dataclass(frozen=True, slots=True)
class Speed:
    """Output tokens over the server's decode time, through the night."""

    first: Third
    last: Third
    trend: Trend | None
    """``None``: too few runs of challenges that were played more than once."""

    @property
    def change(self) -> float:
        """-0.25: the last third was a quarter slower than the first."""
        return self.last.median / self.first.median - 1

    @property
    def fell(self) -> bool:
        """Whether that is worth a warning."""
        runs = min(self.first.runs, self.last.runs)
        return runs >= ENOUGH and self.change < -SLOWER


@dataclass(frozen=True, slots=True)
class Share:
    """Part of the model that lay in GPU memory as runs began."""

    low: float
    high: float
    runs: int
    since: RunRecord | None
    """The first run that began with less than the one before; ``None``: none did."""

    @property
    def spilled(self) -> bool:
        """Whether some of the model ever lay elsewhere, which is worth a warning."""
        return self.low < 1 - NOTABLE


@dataclass(frozen=True, slots=True)
class Least:
    """The least of something as a run began."""

    bytes: int
    run: RunRecord


@dataclass(frozen=True, slots=True)
class Drift:
    """All of it; ``None`` where nothing was measured."""

    speed: Speed | None
    gpu: Share | None
    disk: Least | None
    memory: Least | None


def drift_of(records: Iterable[RunRecord]) -> Drift:
    """Of one night's records, in any order: they are put in order of their start."""
    runs = sorted(records, key=lambda run: (run.timestamp_start, run.run_id))
    known = [(run, run.machine) for run in runs if run.machine is not None]
    return Drift(
        _speed([run for run in runs if not run.agent.scripted]),
        _share([(run, state.gpu_share) for run, state in known]),
        _least([(run, state.free_disk_bytes) for run, state in known]),
        _least([(run, state.available_memory_bytes) for run, state in known]),
    )


def _speed(runs: Sequence[RunRecord]) -> Speed | None:
    measured = [
        (run.test_id, speed)
        for run in runs
        if 0 < (speed := run.performance.tokens_per_second or 0.0) < math.inf
    ]
    third = len(measured) // 3
    if not third:
        return None
    speeds = [speed for _, speed in measured]
    return Speed(
        Third(median(speeds[:third]), third),
        Third(median(speeds[-third:]), third),
        _trend(measured),
    )


def _trend(measured: Sequence[tuple[str, float]]) -> Trend | None:
    by_challenge: dict[str, list[float]] = {}
    for challenge, speed in measured:
        by_challenge.setdefault(challenge, []).append(speed)
    usual = {one: median(all_) for one, all_ in by_challenge.items() if len(all_) > 1}
    shares = [speed / usual[one] for one, speed in measured if one in usual]
    if len(shares) < LEAST_RUNS or len(set(shares)) == 1:
        return None
    rho = spearman(range(len(shares)), shares)
    chance = math.erfc(abs(rho) * math.sqrt((len(shares) - 1) / 2))
    return Trend(rho, chance, len(shares))


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rho: Pearson's correlation of the ranks, equals at their mean rank.

    Both must vary. https://en.wikipedia.org/wiki/Spearman's_rank_correlation_coefficient
    """
    one, other = _centred_ranks(first), _centred_ranks(second)
    both = sum(a * b for a, b in zip(one, other, strict=True))
    return both / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


def _centred_ranks(values: Sequence[float]) -> list[float]:
    """Ranks less their mean, which is the same with equals and without."""
    order = sorted(values)
    places: dict[float, list[int]] = {}
    for place, value in enumerate(order):
        places.setdefault(value, []).append(place)
    middle = (len(order) - 1) / 2
    return [(places[v][0] + places[v][-1]) / 2 - middle for v in values]


def _share(shares: Sequence[tuple[RunRecord, float | None]]) -> Share | None:
    known = [(run, share) for run, share in shares if share is not None]
    if not known:
        return None
    values = [share for _, share in known]
    falls = (
        run for (_, before), (run, share) in pairwise(known) if share < before - NOTABLE
    )
    return Share(min(values), max(values), len(values), next(falls, None))


def _least(sizes: Sequence[tuple[RunRecord, int | None]]) -> Least | None:
    known = [(run, size) for run, size in sizes if size is not None]
    if not known:
        return None
    run, size = min(known, key=lambda pair: pair[1])
    return Least(size, run)
