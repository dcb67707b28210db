"""The end of a child, and the threads that wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Ending:
    """Why and when it was over; shared by a child, its gates and its crew."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        """On ``time.monotonic()``."""
        self.reason: Callable[[], BaseException] | None = None
        self._waits: list[threading.Condition] = []

    def condition(self) -> threading.Condition:
        """A condition that is notified when all is over."""
        condition = threading.Condition()
        self._waits.append(condition)
        return condition

    def come(self, reason: Callable[[], BaseException]) -> None:
        """The first reason stays; everybody who waits is woken."""
        if self.reason is None:
            self.reason = reason
        for condition in self._waits:
            with condition:
                condition.notify_all()

    def check(self) -> None:
        """Raise the reason, if it is over."""
        if self.reason is not None:
            raise self.reason()


class Worker:
    """Threads of ours, counted apart from those of a test's author."""

    count = 0
    _lock = threading.Lock()

    @classmethod
    def start(cls, work: Callable[..., None], *args: Any) -> threading.Thread:
        """Begin ``work(*args)`` on a daemon thread."""

        def run() -> None:
            try:
                work(*args)
            finally:
                with cls._lock:
                    cls.count -= 1

        with cls._lock:
            cls.count += 1
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread
