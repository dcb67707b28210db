"""Features of runs that may have cost them, and how each is told from a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.advice.items import Effort
from pytest_overnight.rules.outcome import Stop

FAILED_SHARE = 0.3
"""Tool calls answered with an error, beyond which tools were in the agent's way …"""
LEAST_ACTIONS = 4
"""… once it made so many: one error of two calls says nothing."""
SLOW = 0.7
"""Decode speed as a share of the median of the same challenge's runs: below it lies
more than the spread that prompt lengths make."""
SPILLED = 0.99
"""Share of the model in GPU memory; a smaller part moves with every load of it."""
SHORT_MEMORY = 0.1
"""Share of the machine's memory that is still available."""
LATE = 0.75
"""Share of the night's counted runs after which a run is a late one."""
LATE_START = 2.0
"""Time to the first tool call, in medians of the same challenge's runs."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What one run is held against."""

    speed: dict[str, float]
    """Challenge → median tokens per second of its runs; absent where unknown."""
    first_action: dict[str, float]
    """Challenge → median seconds to the first tool call."""
    late_from: str
    """Start of the first late run, ISO 8601."""
    processors: float
    """Infinite where unknown."""
    memory_bytes: float
    """0 where unknown."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A feature, and what to do should it prove to go with missed runs."""

    rule: str
    area: Area
    title: str
    """Imperative, without a full stop."""
    what: str
    """Ends "runs in which …"."""
    steps: tuple[str, ...]
    """Markdown; ``{num_ctx}`` and the like stand for the night's settings."""
    effort: Effort
    has: Callable[[RunRecord, Usual], bool]
    ends: frozenset[str] = frozenset()
    """Outcomes that the feature itself brings about: runs that ended so all have it by
    definition, and are left out of the test."""
    finished_only: bool = False
    """Whether it can only be told of runs whose agent came to an end of its own."""

    grows: bool = False
    """Whether a run meets more of it the longer it goes on: missed runs are longer."""

    def tells(self, run: RunRecord) -> bool:
        """Whether the run says anything about this feature."""
        if self.finished_only and run.stop != Stop.FINISHED:
            return False
        return run.outcome not in self.ends


def tag(name: str) -> Callable[[RunRecord, Usual], bool]:
    """Whether the harness put this tag on the run."""
    return lambda run, usual: name in run.tags


def unused(*reasons: str) -> Callable[[RunRecord, Usual], bool]:
    """Whether a round was of no use for one of these reasons."""
    return lambda run, usual: any(run.performance.rounds_unused.get(r) for r in reasons)


def truncated(run: RunRecord, usual: Usual) -> bool:
    """Whether the server left out a part of the prompt."""
    return "truncated" in run.tags or run.performance.truncated_rounds > 0


def compacted(run: RunRecord, usual: Usual) -> bool:
    """Whether the conversation had to be shortened."""
    return "compacted" in run.tags or run.performance.compactions > 0


def repaired(run: RunRecord, usual: Usual) -> bool:
    """Whether a tool call had to be mended."""
    return "repaired" in run.tags or run.performance.actions_repaired > 0


def retried(run: RunRecord, usual: Usual) -> bool:
    """Whether a model call had to be repeated."""
    return "infra_retries" in run.tags or run.performance.retries > 0


def failing_actions(run: RunRecord, usual: Usual) -> bool:
    """Whether tools were in the agent's way."""
    failed = run.performance.actions_failed
    return run.actions >= LEAST_ACTIONS and failed >= FAILED_SHARE * run.actions


def slow(run: RunRecord, usual: Usual) -> bool:
    """Whether the model was slow for this challenge."""
    speed = run.performance.tokens_per_second
    return speed is not None and speed < SLOW * usual.speed.get(run.test_id, 0.0)


def late_start(run: RunRecord, usual: Usual) -> bool:
    """Whether the first tool call came late for this challenge."""
    first = run.performance.time_to_first_action_seconds
    known = usual.first_action.get(run.test_id)
    return first is not None and known is not None and first > LATE_START * known > 0


def spilled(run: RunRecord, usual: Usual) -> bool:
    """Whether a part of the model lay outside GPU memory."""
    share = run.machine.gpu_share if run.machine else None
    return share is not None and share < SPILLED


def busy(run: RunRecord, usual: Usual) -> bool:
    """Whether the machine had more to do than processors."""
    return run.machine is not None and run.machine.load > usual.processors


def short_memory(run: RunRecord, usual: Usual) -> bool:
    """Whether the machine was short of memory."""
    free = run.machine.available_memory_bytes if run.machine else None
    return free is not None and free < SHORT_MEMORY * usual.memory_bytes


def late(run: RunRecord, usual: Usual) -> bool:
    """Whether the run began late in the night."""
    return run.timestamp_start >= usual.late_from
