"""What a tool loop is given, and what it gives back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from pytest_overnight.models.base import Model
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.tally import Tally
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box


@dataclass(frozen=True, slots=True)
class LoopLimits:
    """Where the loop must end. Times in seconds."""

    working_seconds: float
    """The agent's own time: wall minus waits for faults that are not its own."""
    max_rounds: int = 40
    max_actions: int = 80
    command_timeout: float = 60.0
    """Longest single command."""
    infra_grace: float = 900.0
    """Longest wait in all for faults that are not the agent's."""
    observation_chars: int = 12000
    """Most characters of one tool answer that the model gets to see."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything one loop needs; clock, sleep and randomness come from outside."""

    instruction: str
    model: Model
    box: Box
    ledger: Ledger
    limits: LoopLimits
    clock: Callable[[], float] = time.monotonic
    """Same scale as ``time.monotonic``: model deadlines are counted on it."""
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    """Draws from [0, 1), for the backoff's jitter."""


@dataclass(slots=True)
class LoopResult(Tally):
    """Why the loop ended, and what it took: the same counts as the ledger's."""

    stop: Stop = Stop.CRASH
    detail: str = ""
    """One sentence for people."""
    looping: bool = False
    """A loop rule holds on the last actions, whatever stopped the loop."""
    working_seconds: float = 0.0
    """The agent's own time, without waits for faults that are not its own."""
    tags: set[str] = field(default_factory=set)


class WorkingTime:
    """Time since now, without the waits that are booked as not the agent's."""

    def __init__(self, task: Task, result: LoopResult) -> None:
        """``result.infra_wait_seconds`` is read anew each time."""
        self._task = task
        self._result = result
        self._started = task.clock()

    def used(self) -> float:
        """Seconds of work."""
        elapsed = self._task.clock() - self._started
        return elapsed - self._result.infra_wait_seconds

    def left(self) -> float:
        """Seconds of work until the limit; below zero beyond it."""
        return self._task.limits.working_seconds - self.used()

    def elapsed(self) -> float:
        """Seconds by the clock, waits included."""
        return self._task.clock() - self._started


class Over(Exception):
    """The loop ends; carries why."""

    def __init__(self, stop: Stop, detail: str) -> None:
        super().__init__(detail)
        self.stop = stop
        self.detail = detail


class Useless(Exception):
    """A turn brought nothing; carries what the model is told."""

    def __init__(self, reason: str, answer: str = "") -> None:
        super().__init__(reason)
        self.answer = answer
