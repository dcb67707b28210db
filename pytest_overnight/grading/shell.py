"""``shell``: commands and files in the working folder of the test."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.errors import CodeGone
from pytest_overnight.grading.errors import CodeTimeout
from pytest_overnight.sandbox.box import BoxChild

COMMAND_SECONDS = 20.0
OUTPUT_CAP = 1 << 20


@dataclass(frozen=True, slots=True)
class Result:
    """What a command did."""

    status: int
    """Exit status; minus the signal's number when a signal ended it."""
    out: bytes
    err: bytes
    timed_out: bool = False

    @property
    def text(self) -> str:
        """``out`` as UTF-8, bad bytes replaced."""
        return self.out.decode("utf-8", "replace")


class Shell:
    """Runs commands in the test's fresh, writable copy of the submission."""

    def __init__(self, bench: Bench, deadline: float) -> None:
        self._bench, self._deadline = bench, deadline
        self._started: list[Started] = []

    def __repr__(self) -> str:
        return "<shell>"

    def run(
        self,
        command: Sequence[str] | str,
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] = {},
        limit: float = COMMAND_SECONDS,
    ) -> Result:
        """Run to the end; text is given to ``sh -c``. ``limit`` in wall seconds."""
        self._bench.names.command(command)
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise CodeTimeout("the test's time is up")
        limit = min(limit, left)
        found = self._bench.run(command, timeout=limit, stdin=stdin, env=env)
        return Result(found.status, found.out, found.err, found.timed_out)

    def start(
        self, command: Sequence[str] | str, *, env: Mapping[str, str] = {}
    ) -> Started:
        """Begin a command that the test will kill or wait for."""
        self._bench.names.command(command)
        argv = ["sh", "-c", command] if isinstance(command, str) else [*command]
        child = self._bench.spawn("command", argv=argv, env=dict(env))
        self._started.append(Started(child, self._deadline))
        return self._started[-1]

    def read(self, path: str) -> bytes:
        """A file of the working folder as it is now; ``OSError`` as the box says."""
        self._bench.names.path(path)
        data: bytes = self._bench.call("read", path=path)
        return data

    def text(self, path: str) -> str:
        """The same, as UTF-8."""
        return self.read(path).decode("utf-8")

    def write(self, path: str, data: bytes | str) -> None:
        """Put a file there; folders above it are made."""
        if isinstance(data, str):
            data = data.encode()
        self._bench.call("write", path=path, data=data)
        self._bench.names.given(path)

    def remove(self, path: str) -> None:
        """Delete a file."""
        self._bench.call("remove", path=path)

    def exists(self, path: str) -> bool:
        """Whether a file can be read there now."""
        try:
            self.read(path)
        except OSError:
            return False
        return True

    def list(self, path: str = ".", pattern: str = "*") -> list[str]:
        """Paths of the files there now, sorted."""
        found = self._bench.call("list", path=path, pattern=pattern)
        return sorted(name for name, _ in found)

    def finish(self) -> None:
        """Kill what was started and still runs."""
        for started in self._started:
            started.kill()
            started.close()


class Started:
    """A command that runs beside the test."""

    def __init__(self, child: BoxChild, deadline: float) -> None:
        self._child, self._deadline = child, deadline
        self._seen = bytearray()
        self._ended = False

    @property
    def output(self) -> bytes:
        """Both streams so far, at most 1 MiB."""
        self._read(0.0)
        return bytes(self._seen)

    @property
    def alive(self) -> bool:
        """Whether it, or something it started, still holds its output open."""
        self._read(0.0)
        return not self._ended

    def wait_for(self, text: bytes) -> None:
        """Wait until it has printed ``text``; :class:`CodeGone` if it ends before."""
        while text not in self._seen:
            if self._ended:
                raise CodeGone(f"the command ended without printing {text!r}")
            self._read(self._left())

    def wait(self) -> bytes:
        """Wait for the end; the whole output."""
        while not self._ended:
            self._read(self._left())
        return bytes(self._seen)

    def kill(self) -> None:
        """End it and its process group as a power cut would."""
        if not self._ended:
            with contextlib.suppress(OSError):
                # The helper gave the child a session of its own.
                os.killpg(self._child.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of its output."""
        self._child.socket.close()

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise CodeTimeout("the command did not end before the test's time was up")
        return left

    def _read(self, seconds: float) -> None:
        sock = self._child.socket
        if self._ended or sock.fileno() < 0:
            return
        try:
            sock.settimeout(seconds)
            data = sock.recv(65536)
        except (BlockingIOError, TimeoutError):
            return
        except OSError:
            data = b""
        self._ended = not data
        room = OUTPUT_CAP - len(self._seen)
        self._seen += data[: max(0, room)]
