"""What a tool loop is given, and what it gives back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_overnight.models.base import Model
from pytest_overnight.models.pace import Pace
from pytest_overnight.models.retry import Backoff
from pytest_overnight.records import clock as clocks
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """Where the loop must end. Times in seconds, sizes in tokens."""

    working_seconds: float
    """The agent's own time: wall minus waits for faults that are not its own."""
    max_rounds: int = 40
    max_actions: int = 80
    command_timeout: float = 60.0
    """Longest single command."""
    infra_grace: float = 900.0
    """Longest wait in all for faults that are not the agent's."""
    window: int = 16384
    """Context window asked of the model."""
    answer_tokens: int = 4096
    """Most tokens of one answer: kept free in the window."""
    guard: str = "stop"
    """What the loop rules may do: ``stop``, ``shadow`` (only note it) or ``off``."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything one loop needs; clock, sleep and randomness come from outside."""

    instruction: str
    model: Model
    box: Box
    ledger: Ledger
    limits: LoopLimits
    workspace: Path | None = None
    """The box's working folder as this process sees it; ``None``: nobody watches it."""
    pace: Pace | None = None
    """Rate limit shared with other processes; ``None``: none."""
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], float] = time.monotonic
    """Same scale as ``time.monotonic``: model deadlines are counted on it."""
    suspended: Callable[[], float] = clocks.suspended
    """Seconds that the machine has slept since it was started."""
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    """Draws from [0, 1), for the backoff's jitter."""


@dataclass(slots=True)
class LoopResult:
    """Why the loop ended. What it took stands in the ledger."""

    stop: Stop = Stop.CRASH
    detail: str = ""
    """One sentence for people."""
    rounds: int = 0
    actions: int = 0
    working_seconds: float = 0.0
    """The agent's own time, without waits for faults that are not its own."""


class WorkingTime:
    """Time since now, without the waits that are booked as not the agent's."""

    def __init__(self, task: Task) -> None:
        """Starts at once."""
        self._task = task
        self._started = task.clock()
        self._waited = 0.0

    def wait(self, seconds: float) -> None:
        """Take out ``seconds`` that have passed."""
        self._waited += seconds

    def used(self) -> float:
        """Seconds of work."""
        return self._task.clock() - self._started - self._waited

    def left(self) -> float:
        """Seconds of work until the limit; below zero beyond it."""
        return self._task.limits.working_seconds - self.used()


class Over(Exception):
    """The loop ends; carries why."""

    def __init__(self, stop: Stop, detail: str) -> None:
        super().__init__(detail)
        self.stop = stop
        self.detail = detail


class Unused(Exception):
    """A round in which no action was carried out."""

    def __init__(self, reason: str, answer: str = "", detail: str = "") -> None:
        """``reason``: ``talk silent cut unreadable degenerate malformed``."""
        super().__init__(reason)
        self.reason = reason
        self.answer = answer
        """What the model is told; empty for nothing."""
        self.detail = detail
