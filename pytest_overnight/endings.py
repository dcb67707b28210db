"""How the processes of a night come to an end from outside.

The controller takes the first Ctrl-C, SIGTERM or closed terminal as the wish to stop:
no further run starts, those under way are recorded as cancelled, the report is written.
Whoever cannot wait asks a second time. A worker does what the controller says; it never
outlives it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from pytest_overnight.sandbox.inside import kernel
from pytest_overnight.sandbox.inside import tree

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""``timeout``, systemd and a shutdown send SIGTERM, a closed terminal SIGHUP."""
BOUNCE_SECONDS = 1.0
"""A signal so soon after the first is the same wish, told twice."""
LEFT = (
    "\novernight: left at once; all records are safe. Go on with --overnight-resume.\n"
)

Former = dict[int, Any]


class Endings:
    """What the process that owns a night does about the wish to stop."""

    def __init__(
        self, first: Callable[[], None], last: Callable[[], None] = lambda: None
    ) -> None:
        """Handle the endings of this process from now on.

        ``first`` is called before the first becomes a :class:`KeyboardInterrupt`;
        ``last`` before the last words of a process that leaves at once. A signal that
        is ignored stays so: that is how ``nohup`` keeps a night alive.
        """
        self._first, self._last = first, last
        self._asked: float | None = None
        self._closing = False
        self._former: Former = {
            number: signal.signal(number, self._handle)
            for number in ENDINGS
            if signal.getsignal(number) is not signal.SIG_IGN
        }

    def _handle(self, number: int, frame: FrameType | None) -> None:
        moment = time.monotonic()
        if self._asked is None:
            self._asked = moment
            if self._closing:
                return  # what is asked for is under way
            self._first()
            raise KeyboardInterrupt
        if moment - self._asked >= BOUNCE_SECONDS:
            with suppress(Exception):  # whatever it is, the process leaves
                self._last()
            os.write(2, LEFT.encode())
            os._exit(128 + signal.SIGINT)

    def closing(self) -> None:
        """The night is being closed, asked for or not: the first wish cuts nothing."""
        self._closing = True

    def give_back(self) -> None:
        """Let the endings be handled as before."""
        give_back(self._former)


def give_back(former: Former) -> None:
    """Let signals be handled as they were before."""
    for number, handler in former.items():
        signal.signal(number, handler)


def end_as_a_worker() -> None:
    """Stop at the first SIGINT or SIGTERM, in order: the record is still written.

    A closed terminal tells every process; of that the controller decides.
    """
    asked: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if not asked:
            asked.append(number)
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
    die_with_the_parent()


def die_with_the_parent(parent: int | None = None) -> None:
    """A process that outlived its owner would write into the next session.

    ``parent``: who it was started by; it may be gone before we can ask.
    """
    parent = parent or os.getppid()
    kernel.prctl(kernel.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def interrupt(pids: set[int]) -> None:
    """Ask those of ``pids`` that are our children to stop: numbers are used again."""
    tree.signal_all(sorted(pids & set(tree.children(os.getpid()))), signal.SIGINT)
