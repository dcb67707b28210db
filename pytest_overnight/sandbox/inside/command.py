"""Running one command: drained, limited, and ended with everything it started."""

from __future__ import annotations

import os
import resource
import select
import time

from pytest_overnight.sandbox.inside.kernel import PARENT_DEATH_SIGNAL
from pytest_overnight.sandbox.inside.kernel import SUBREAPER
from pytest_overnight.sandbox.inside.kernel import prctl
from pytest_overnight.sandbox.inside.reply import Reply
from pytest_overnight.sandbox.inside.tree import SIGKILL
from pytest_overnight.sandbox.inside.tree import end_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from typing import Any

    from pytest_overnight.sandbox.inside.walls import Walls
else:
    import _signal

MOST_DRAINED = 50 * 1024 * 1024
CHUNK = 65_536


class Kept:
    """The first and the last half of a stream; the middle is counted and dropped."""

    def __init__(self, most: int) -> None:
        self.half = max(1, most // 2)
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        """Take what was read."""
        room = self.half - len(self.head)
        self.head += data[:room]
        self.tail += data[room:] if room > 0 else data
        extra = len(self.tail) - self.half
        if extra > 0:
            del self.tail[:extra]
            self.dropped += extra

    def bytes(self) -> bytes:
        """The kept bytes; where some were dropped, a line says how many."""
        if not self.dropped:
            return bytes(self.head + self.tail)
        gap = b"\n[... %d bytes dropped ...]\n" % self.dropped
        return bytes(self.head + gap + self.tail)


class Command:
    """One command with its pipes, drained while it runs."""

    def __init__(
        self, config: dict[str, Any], walls: Walls, request: dict[str, Any]
    ) -> None:
        most = config["output_bytes"]
        self.out, self.err = Kept(most), Kept(most)
        self.status: int | None = None
        self.drained = 0
        self.poller = select.poll()
        self.stdin = memoryview(request["stdin"])
        stdin, self.feed = os.pipe()
        out, out_end = os.pipe()
        err, err_end = (out, out_end) if request["merge"] else os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            start(config, walls, request, (stdin, out_end, err_end))
        self.began = time.monotonic()
        for end in {stdin, out_end, err_end}:
            os.close(end)
        self.streams = {err: self.err, out: self.out}
        for stream in self.streams:
            os.set_blocking(stream, False)
            self.poller.register(stream, select.POLLIN)
        os.set_blocking(self.feed, False)
        self.poller.register(self.feed, select.POLLOUT)

    def wait(self, wake: int, deadline: float, orphaned: list[int]) -> bool:
        """Serve the pipes until the command ends; False when time is up."""
        self.poller.register(wake, select.POLLIN)
        while self.status is None and self.drained <= MOST_DRAINED and not orphaned:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for descriptor, _ in self.poller.poll(left * 1000 + 1):
                if descriptor == wake:
                    os.read(wake, CHUNK)
                    self.reap()
                elif descriptor == self.feed:
                    self.write()
                else:
                    self.read(descriptor)
        return True

    def write(self) -> None:
        """Feed standard input; end of file when all is written or nobody reads."""
        try:
            self.stdin = self.stdin[os.write(self.feed, self.stdin[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self.stdin = self.stdin[:0]
        if not self.stdin:
            self.poller.unregister(self.feed)
            os.close(self.feed)

    def read(self, stream: int) -> bool:
        """Read once; False when there is nothing (more)."""
        try:
            data = os.read(stream, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self.poller.unregister(stream)
            os.close(stream)
            del self.streams[stream]
            return False
        self.drained += len(data)
        self.streams[stream].add(data)
        return True

    def reap(self) -> bool:
        """Collect the dead; whether a child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif pid == 0:
                return True

    def drain(self) -> None:
        """Read what is left in the pipes when every writer is dead."""
        for stream in list(self.streams):
            while self.drained <= MOST_DRAINED and self.read(stream):
                pass


def run(
    config: dict[str, Any], walls: Walls, *, timeout: float, **request: Any
) -> Reply:
    """Run one command, and end everything it started.

    Numbers: exit status, microseconds, whether time was up, bytes dropped.
    """
    prctl(SUBREAPER, 1)
    wake, wake_end = os.pipe()
    os.set_blocking(wake_end, False)
    _signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
    # Without the helper nobody watches any more, nor ends what the command starts.
    orphaned: list[int] = []
    _signal.signal(_signal.SIGTERM, lambda number, frame: orphaned.append(number))
    prctl(PARENT_DEATH_SIGNAL, _signal.SIGTERM)
    command = Command(config, walls, request)
    in_time = command.wait(wake, command.began + timeout, orphaned)
    seconds = time.monotonic() - command.began
    if command.status is None:
        _kill_session(command.pid)
    end_children(command.reap, 10.0)
    command.drain()
    status = -SIGKILL if command.status is None else command.status
    return Reply(
        status,
        int(seconds * 1e6),
        int(not in_time),
        command.out.dropped + command.err.dropped,
        first=command.out.bytes(),
        second=b"" if request["merge"] else command.err.bytes(),
    )


def _kill_session(pid: int) -> None:
    # Where /proc is missing, this is all there is.
    try:
        os.killpg(pid, SIGKILL)
    except OSError:
        pass


def start(
    config: dict[str, Any],
    walls: Walls,
    request: dict[str, Any],
    streams: tuple[int, int, int],
) -> None:
    """Become the command; never returns."""
    try:
        for target, descriptor in enumerate(streams):
            os.dup2(descriptor, target)
        for number in (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGCHLD):
            _signal.signal(number, _signal.SIG_DFL)
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.setsid()
        os.chdir(config["workspace"])
        limit(config)
        walls.enter()
        argv = request["argv"]
        words = ["/bin/sh", "-c", argv] if isinstance(argv, str) else argv
        os.execvpe(words[0], words, {**os.environ, **request["env"]})
    except BaseException as error:
        # As a shell would say it: 127 for "no such command", 126 for "cannot run it".
        os.write(2, f"{request['argv']}: {error}\n".encode(errors="replace")[:4096])
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def limit(config: dict[str, Any]) -> None:
    """Put this process under the box's limits, for good."""
    for name, value in config["limits"].items():
        number = getattr(resource, "RLIMIT_" + name, None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(number, (value, value))
