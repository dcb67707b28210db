"""The server's side of a warm server: one fork for every request.

The server itself never does the work and never sees what the work reads. It is a
subreaper: whatever a fork leaves behind becomes the server's child, and is killed and
reaped to the last process before the reply goes out.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import resource
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_overnight.sandbox import channel
from pytest_overnight.sandbox.inside import kernel
from pytest_overnight.sandbox.inside import tree
from pytest_overnight.sandbox.removal import try_to_remove

Handler = Callable[[dict[str, Any]], dict[str, Any]]
Readable = socket.socket | int

KILL_SECONDS = 20.0
_CHUNK = 1 << 20


def serve(handler: Handler, sock: socket.socket) -> None:
    """Answer requests until the client closes its end (or dies, or sends SIGTERM).

    Each request is handled in a fork of this process. What is imported and open here
    is there in every fork; nothing a fork does comes back but its value.
    """
    kernel.prctl(kernel.SUBREAPER, 1)
    wake, wake_end = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_end, False)
    signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    stopper = Stopper()
    signal.signal(signal.SIGTERM, stopper)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send(sock, {"ready": True})
    while not stopper.stopped:
        ready = _readable([sock, wake], None)
        if wake in ready:
            _empty(wake)
        if sock not in ready:
            continue
        request = channel.receive(sock)
        if request is None:
            return
        if "payload" in request:
            task = Task(handler, request, sock, wake, stopper)
            channel.send(sock, task.perform())


def _readable(ends: list[Readable], seconds: float | None) -> list[Readable]:
    ready, _, _ = select.select(ends, [], [], seconds)
    return ready


class Stopper:
    """Remembers that SIGTERM came: the parent is dead or wants us to end."""

    stopped = False

    def __call__(self, number: int, frame: object) -> None:
        self.stopped = True


def _empty(descriptor: int) -> None:
    try:
        while os.read(descriptor, _CHUNK):
            pass
    except BlockingIOError:
        pass


class Task:
    """One fork, from its start to its last descendant."""

    def __init__(
        self,
        handler: Handler,
        request: dict[str, Any],
        sock: socket.socket,
        wake: int,
        stopper: Stopper,
    ) -> None:
        self.handler = handler
        self.payload = request["payload"]
        self.deadline = time.monotonic() + float(request["wall_cap"])
        self.sock = sock
        self.wake = wake
        self.stopper = stopper
        self.pid = 0
        self.status: int | None = None
        self.cpu_seconds = 0.0
        self.peak_rss_mb = 0.0
        self.data = bytearray()

    def perform(self) -> dict[str, Any]:
        """Fork, wait, clear up; the reply as plain data."""
        if (threads := thread_count()) != 1:
            return self.reply(f"the server has {threads} threads: forking is unsafe")
        # Its own temporary folder: a task that is killed cannot tidy up.
        folder = Path(tempfile.mkdtemp(prefix="overnight-task-"))
        try:
            # Boxes of root's run as other users, and have their folders in here.
            folder.chmod(0o711)
            return self.perform_in(str(folder))
        finally:
            try_to_remove(folder)

    def perform_in(self, folder: str) -> dict[str, Any]:
        """The same, with a folder for temporary files."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _work(self.handler, self.payload, writing, folder)
        os.close(writing)
        os.set_blocking(reading, False)
        end = self.wait(reading)
        error = ""
        killed = 0
        try:
            killed = tree.end_children(self.reap, KILL_SECONDS)
        except TimeoutError as problem:
            error = str(problem)
        self.read(reading)
        os.close(reading)
        return self.reply(error, end, killed)

    def wait(self, reading: int) -> str:
        """Until the fork has ended: why the wait ended, empty for by itself."""
        ends: list[Readable] = [self.sock, self.wake, reading]
        while self.status is None:
            left = self.deadline - time.monotonic()
            if left <= 0:
                return "timed out"
            ready = _readable(ends, min(left, 60.0))
            if self.wake in ready:
                _empty(self.wake)
                self.reap()
            if reading in ready and not self.read(reading):
                ends.remove(reading)
            if self.sock in ready or self.stopper.stopped:
                # The client closed its end, died, or asks to stop: all mean the same.
                return "cancelled"
        return ""

    def read(self, reading: int) -> bool:
        """Take what the fork has written; False at its end of file."""
        try:
            while chunk := os.read(reading, _CHUNK):
                if len(self.data) <= channel.MOST_BYTES:
                    self.data += chunk
        except BlockingIOError:
            return True
        return False

    def reap(self) -> bool:
        """Collect the dead and what they used; whether a child is left."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.count(usage)
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)

    def count(self, usage: resource.struct_rusage) -> None:
        """Add one process, with all that it waited for itself."""
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        unit = 1024 if sys.platform == "linux" else 1024 * 1024
        self.peak_rss_mb = max(self.peak_rss_mb, usage.ru_maxrss / unit)

    def reply(self, error: str, end: str = "", killed: int = 0) -> dict[str, Any]:
        """What the client gets; a value counts only from a fork that ended with 0."""
        value: dict[str, Any] = {}
        if not error:
            error = end or self.outcome(value)
        return {
            "ok": not error,
            "value": value,
            "error": error,
            "timed_out": end == "timed out",
            "cpu_seconds": self.cpu_seconds,
            "peak_rss_mb": self.peak_rss_mb,
            "killed": killed,
        }

    def outcome(self, value: dict[str, Any]) -> str:
        """Fill in the fork's value; what is wrong with it, empty for nothing."""
        if self.status is not None and self.status < 0:
            return f"the task was ended by {_signal_name(-self.status)}"
        try:
            message = json.loads(bytes(self.data))
        except ValueError:
            return f"the task ended with status {self.status} and no result"
        if "error" in message:
            return " ".join(str(message["error"]).split())[:2000]
        if self.status != 0:
            return f"the task ended with status {self.status}"
        value.update(message["value"])
        return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def thread_count() -> int:
    """Threads of this process as the kernel counts them, not as Python does."""
    try:
        with Path("/proc/self/status").open("rb") as status:
            for line in status:
                if line.startswith(b"Threads:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return threading.active_count()


def _work(handler: Handler, payload: dict[str, Any], writing: int, folder: str) -> None:
    """What the fork does; never returns."""
    status = 1
    try:
        _become_a_task(writing)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        message = json.dumps({"value": handler(payload)})
        status = 0
    except BaseException as error:
        traceback.print_exc()
        message = json.dumps({"error": f"{type(error).__name__}: {error}"})
    try:
        with open(writing, "wb") as result:
            result.write(message.encode())
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _become_a_task(writing: int) -> None:
    """Let go of all that belongs to the server."""
    server = os.getppid()
    os.setsid()
    kernel.prctl(kernel.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != server:  # it died before the line above
        os._exit(1)
    signal.set_wakeup_fd(-1)
    faulthandler.disable()
    faulthandler.cancel_dump_traceback_later()
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    _close_all_but({0, 1, 2, writing})
    random.seed()


def _close_all_but(kept: set[int]) -> None:
    low = 0
    for descriptor in [*sorted(kept), _highest_descriptor() + 1]:
        if low < descriptor:  # closerange(0, 0) closes everything
            os.closerange(low, descriptor)
        low = descriptor + 1


def _highest_descriptor() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return max(int(entry.name) for entry in Path(folder).iterdir())
        except OSError:
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
