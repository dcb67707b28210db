"""A process that is killed at any of its steps, without a process.

Whatever changes files goes through a few calls of ``os``. They are counted, and at the
one that is chosen the "process" ends: before it, after it, or halfway through a write.
What it leaves is what a process leaves that was killed there; it runs on in no
``except`` clause, since :class:`Killed` is no ``Exception``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

CALLS = (
    "fdatasync fsync ftruncate link mkdir open pwrite rename replace rmdir unlink write"
)
WAYS = ("before", "halfway", "after")


class Killed(BaseException):
    """Here the process is no more."""


@dataclass(frozen=True)
class Kill:
    """At which step, and how far into it."""

    step: int
    """Counted from 1; one that is never reached kills nobody."""
    way: str

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Within, the process is killed at that step."""
        process = _Process(self)
        names = [*CALLS.split(), "close"]
        calls = {name: process.watched(name, getattr(os, name)) for name in names}
        try:
            with mock.patch.multiple(os, **calls):
                yield
        except Killed:
            for descriptor in process.opened:
                os.close(descriptor)  # the kernel does, and frees what was locked
            raise


class _Process:
    """One that is alive until its step comes."""

    def __init__(self, kill: Kill) -> None:
        self.kill = kill
        self.left = kill.step
        self.dead = False
        self.opened: set[int] = set()

    def watched(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The call, counted if it changes a file."""

        def call(*given: Any, **named: Any) -> Any:
            if name == "close":
                self.opened.discard(given[0])
                return real(*given)
            self.take_step(name, real, given, named)
            if name in SYNCS:
                return None
            found = real(*given, **named)
            if name == "open":
                self.opened.add(found)
            return found

        return call

    def take_step(
        self, name: str, real: Callable[..., Any], given: Any, named: Any
    ) -> None:
        """Raises :class:`Killed`; from then on at every step, also in a ``finally``."""
        if name == "open" and not given[1] & os.O_CREAT and not self.dead:
            return
        self.left -= 1
        if self.left == 0:
            self.dead = True
            if self.kill.way == "halfway":
                _half_done(name, given)
            elif self.kill.way == "after":
                found = real(*given, **named)
                self.opened |= {found} if name == "open" else set()
        if self.dead:
            raise Killed(name)


SYNCS = ("fsync", "fdatasync")
"""They change nothing that a killed process's successor sees, and cost time."""


def _half_done(name: str, given: tuple[Any, ...]) -> None:
    """Of a file that is written, a part is there; anything else is not done."""
    if name == "write":
        REAL_WRITE(given[0], given[1][: len(given[1]) // 2])
    elif name == "fsync" and stat.S_ISREG((state := os.fstat(given[0])).st_mode):
        # Python's own files are written past us: this is where they are whole.
        os.truncate(f"/proc/self/fd/{given[0]}", state.st_size // 2)


REAL_WRITE = os.write
