"""The pytest processes of a night, one at a time, and how they are told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from types import TracebackType

from pytest_overnight.endings import BOUNCE_SECONDS
from pytest_overnight.endings import ENDINGS
from pytest_overnight.endings import Former
from pytest_overnight.endings import give_back
from pytest_overnight.orchestration.budget import Deadline

INTERRUPTED = 2
"""Exit status, of pytest and of the night."""
CLOSING_SECONDS = 60.0
"""How long a child that was told to stop may take, before it is killed."""
_LOOK_SECONDS = 1.0


class Stopping:
    """Ctrl-C, and what is to be as one: the first closes the night, a second leaves.

    A signal that is ignored stays so: that is how ``nohup`` keeps a night alive.
    """

    def __init__(self, last_words: str) -> None:
        """``last_words``: one line, for who cannot wait."""
        self._last_words = last_words
        self._former: Former = {}
        self._since = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self.asked = False
        """Whether the night is to end."""

    def __enter__(self) -> Stopping:
        for number in ENDINGS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._former[number] = signal.signal(number, self._told)
            elif number == signal.SIGINT:
                # As before for us, but a child would inherit what is ignored, and
                # SIGINT is how we tell it to stop.
                self._former[number] = signal.signal(number, lambda *_: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        give_back(self._former)

    def _told(self, number: int, frame: FrameType | None) -> None:
        child, moment = self._child, time.monotonic()
        if not self.asked:
            self.asked, self._since = True, moment
            if child is not None:
                child.send_signal(signal.SIGINT)
            return
        if moment - self._since < BOUNCE_SECONDS:
            return  # the same wish, told twice
        if child is not None:
            _kill(child)
        with suppress(OSError):
            os.write(sys.stderr.fileno(), f"\n{self._last_words}\n".encode())
        os._exit(INTERRUPTED)

    def run(
        self,
        line: Sequence[str],
        env: Mapping[str, str],
        lock: int,
        deadline: Deadline | None = None,
    ) -> int:
        """Run a child to its end; its exit status, negative where a signal killed it.

        What it prints goes straight through. It is no part of the terminal's
        foreground, so that a Ctrl-C reaches it once: from us. Past its ``deadline`` it
        is interrupted, and killed where that does not help.
        """
        sys.stdout.flush()
        child = subprocess.Popen(
            line,
            env=env,
            stdin=subprocess.DEVNULL,
            pass_fds=(lock,),
            process_group=0,
        )
        self._child = child
        if self.asked:  # while it was being started
            child.send_signal(signal.SIGINT)
        try:
            return self._await(child, deadline)
        finally:
            self._child = None

    def _await(self, child: subprocess.Popen[bytes], deadline: Deadline | None) -> int:
        while deadline is None or deadline.left():
            with suppress(subprocess.TimeoutExpired):
                return child.wait(_LOOK_SECONDS if deadline is not None else None)
        child.send_signal(signal.SIGINT)
        closing = Deadline(CLOSING_SECONDS)
        while closing.left():
            with suppress(subprocess.TimeoutExpired):
                return child.wait(_LOOK_SECONDS)
        _kill(child)
        return child.wait()


def _kill(child: subprocess.Popen[bytes]) -> None:
    """It and its workers."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
