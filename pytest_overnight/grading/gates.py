"""Places where the judge's threads wait inside callbacks; nothing waits for ever."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pytest_overnight.grading.errors import CodeTimeout

if TYPE_CHECKING:
    from pytest_overnight.grading.ending import Ending


WATCH_SECONDS = 2.0


class Gate:
    """Shut at first; ``wait`` passes once it is open, or raises when all is over."""

    def __init__(self, ending: Ending) -> None:
        self._ending, self._condition = ending, ending.condition()
        self._open = False
        self.waiting = 0
        """Threads that wait here now."""

    def open(self) -> None:
        """Let everybody through, now and later."""
        with self._condition:
            self._open = True
            self._condition.notify_all()

    def wait(self) -> None:
        """Block until open; :class:`CodeGone` when the child dies meanwhile."""
        with self._condition:
            self.waiting += 1
            try:
                while not self._open:
                    _pause(self._condition, self._ending)
            finally:
                self.waiting -= 1


class Barrier:
    """Lets threads through in groups of ``parties``."""

    def __init__(self, parties: int, ending: Ending) -> None:
        self._ending, self._condition = ending, ending.condition()
        self._parties = parties
        self._arrived = 0
        self.most = 0
        """Most threads that were here at the same time."""

    def open(self) -> None:
        """Let all who wait go on; the test is being left."""
        with self._condition:
            self._arrived += self._parties
            self._condition.notify_all()

    def wait(self) -> None:
        """Block until ``parties`` threads have come, or raise when all is over."""
        with self._condition:
            group = self._arrived // self._parties
            self._arrived += 1
            self.most = max(self.most, self._arrived - group * self._parties)
            self._condition.notify_all()
            while self._arrived // self._parties == group:
                _pause(self._condition, self._ending)


def _pause(condition: threading.Condition, ending: Ending) -> None:
    ending.check()
    # At the deadline the child's own watch ends everything, and wakes us.
    left = ending.deadline + WATCH_SECONDS - time.monotonic()
    if left <= 0:
        raise CodeTimeout("nobody opened the gate before the test's time was up")
    condition.wait(left)
