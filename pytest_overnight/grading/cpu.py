"""CPU time of a child and all that it leaves in its box, from the kernel.

Agent code cannot forge it. Nor can it run away from it: the box's own process, which
is the child's parent, inherits every process below it that loses its parent, and the
kernel keeps the time of the dead with whoever reaped them.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

from pytest_overnight.grading.ending import Ending
from pytest_overnight.grading.ending import Worker
from pytest_overnight.sandbox.inside.tree import descendants

LOOK_SECONDS = 0.01
TRIES = 10
FORGOTTEN_SECONDS = 0.03
"""A sum that falls by less may be the rounding of two figures in ticks of 10 ms."""


class Meter:
    """Counts what a box uses since a child began, the child's own start included.

    Where a process has its dead children thrown away unread (``SIGCHLD`` ignored), the
    kernel forgets their time: the sum falls. A thread that looks every 10 ms from the
    first question on adds again what has been lost, pieces under 30 ms excepted.
    """

    def __init__(self, pid: int, ending: Ending) -> None:
        self._ending = ending
        self._lock = threading.Lock()
        self._watched = False
        self._box, self._sum, self._more = 0, 0.0, 0.0
        # Where the kernel does not tell, only those who ask need to know.
        with contextlib.suppress(OSError):
            self._box = int(_fields(pid)[1])
            self._sum, _ = _sum(self._box)
            # Others used the rest before.
            self._more = _own(pid) - self._sum

    def seconds(self) -> float:
        """CPU seconds so far; raises ``OSError`` when the box is gone."""
        if not self._watched:
            self._watched = True
            Worker.start(self._watch)
        return self._look()

    def _look(self) -> float:
        with self._lock:
            now, sure = _sum(self._box)
            if not sure:
                return max(now, self._sum) + self._more
            if now < self._sum - FORGOTTEN_SECONDS:
                self._more += self._sum - now
            self._sum = now
            return now + self._more

    def _watch(self) -> None:
        while self._ending.reason is None:
            time.sleep(LOOK_SECONDS)
            try:
                self._look()
            except OSError:
                return


def _sum(box: int) -> tuple[float, bool]:
    """CPU seconds of all below a process, alive or reaped, and whether it is sure.

    The living are exact to nanoseconds, the reaped come in clock ticks of 10 ms. What
    is born or dies during a look may be missing or counted twice: then it looks again.
    """
    found = 0.0
    for _ in range(TRIES):
        before = _reaped(box), descendants(box)
        try:
            found = before[0] + sum(_own(pid) + _reaped(pid) for pid in before[1])
        except OSError:  # one of them ended
            continue
        if before == (_reaped(box), descendants(box)):
            return found, True
    return found, False


def _own(pid: int) -> float:
    # The clock id of another process's CPU time, as clock_getcpuclockid(3) makes it.
    return time.clock_gettime((~pid << 3) | 2)


def _reaped(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> list[bytes]:
    """Of ``/proc/<pid>/stat``, from the state on: see proc(5)."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
