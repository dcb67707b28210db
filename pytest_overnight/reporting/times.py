"""Where the time of a night's runs went. Pure functions over run records."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord

WHAT = {
    "setup": "laying the workspace, opening the box",
    "llm": "waiting for the model's answers",
    "tool": "carrying out its calls",
    "loop": "the built-in loop itself",
    "agent": "other agents at their work",
    "rate_wait": "kept back by the rate limit",
    "infra_wait": "faults of the model server; the machine asleep",
    "snapshot": "ending the try, keeping the workspace",
    "check": "hidden tests",
    "other": "the rest",
}
"""Part of a run's duration, in its order → what is done in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the wall time of some runs."""

    name: str
    seconds: float
    """Over all these runs."""
    share: float | None
    """Of their whole time, 0 … 1; null when they took none."""
    median: float
    """Seconds of a run."""


def time_split(runs: Sequence[RunRecord]) -> list[Part]:
    """All parts of the time of ``runs``; empty without runs."""
    if not runs:
        return []
    spent = [
        {**run.performance.spans, "other": run.performance.other_seconds}
        for run in runs
    ]
    whole = sum(sum(parts.values()) for parts in spent)
    return [_part(name, [parts[name] for parts in spent], whole) for name in WHAT]


def _part(name: str, seconds: list[float], whole: float) -> Part:
    total = sum(seconds)
    share = total / whole if whole else None
    return Part(name, total, share, statistics.median(seconds))
