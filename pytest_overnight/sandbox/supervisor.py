"""Warm servers: import once, fork for every run.

A worker of pytest-xdist has a second kernel thread, so it must never fork itself. It
starts a server by exec, which imports what a run needs and then forks once for every
request: 3 ms in place of 230. Everything a request started is dead and reaped before
its reply arrives.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from typing import Any

from pytest_overnight.sandbox import channel
from pytest_overnight.sandbox.inside import kernel
from pytest_overnight.sandbox.inside import tree
from pytest_overnight.sandbox.removal import try_to_remove
from pytest_overnight.sandbox.server import KILL_SECONDS
from pytest_overnight.sandbox.server import Handler
from pytest_overnight.sandbox.server import serve

__all__ = ["Handler", "Reply", "WarmServer", "serve"]

START_SECONDS = 120.0
GRACE_SECONDS = KILL_SECONDS + 10.0
"""How long after a task's wall cap the server may stay silent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one request."""

    ok: bool
    """The handler returned and its process ended with status 0."""
    value: dict[str, Any]
    """What the handler returned; empty unless ``ok``."""
    error: str = ""
    """One line; empty when ``ok``."""
    timed_out: bool = False
    """The task was killed at its wall cap."""
    cpu_seconds: float = 0.0
    """Of the task and all its descendants, also those it did not wait for."""
    peak_rss_mb: float = 0.0
    """Of the largest single process; a fork counts pages it shares with the server."""
    killed: int = 0
    """Processes that were still alive when the task had ended or was to end."""


class WarmServer:
    """Client of one server process; use it from one thread that stays alive.

    ``target`` names a function, ``package.module:function``, called once in the server
    as ``prepare(payload)``; it returns the handler of all requests. If it takes a
    second argument, that is ``serve``: called with the handler, from wherever the
    target likes (a pytest hook), it serves to the end, and ``prepare`` then returns
    ``None``. Standard output and error go to the file ``log``.
    """

    def __init__(
        self, target: str, payload: dict[str, Any], *, log: Path | None = None
    ) -> None:
        self._target = target
        self._payload = payload
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    @property
    def pid(self) -> int | None:
        """Process id of the server now running."""
        return None if self._process is None else self._process.pid

    def request(self, payload: dict[str, Any], *, wall_cap: float) -> Reply:
        """Handle one request in a fork of its own; ``wall_cap`` in seconds.

        A server that died earlier is started again first; one that dies now leaves a
        reply with ``ok`` false. An exception that arrives while waiting (Ctrl-C, a
        test's time-out) goes on after the task is dead and reaped.
        """
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._start()
        if not self._await_ready():
            return self._lost("did not start")
        try:
            channel.send(self._sock, {"payload": payload, "wall_cap": wall_cap})
            message = self._receive(wall_cap + GRACE_SECONDS)
        except OSError:
            message = None
        except BaseException:
            self._cancel()
            raise
        return Reply(**message) if message else self._lost("ended or hung in a request")

    def close(self) -> None:
        """End the server and everything below it; safe to call twice."""
        self._stop()

    # -- the process ----------------------------------------------------------------

    def _start(self) -> None:
        self._ready = False
        # For the server's own, which may be killed: then it is for us to tidy up.
        self._folder = Path(tempfile.mkdtemp(prefix="overnight-server-"))
        self._folder.chmod(0o711)
        self._sock, theirs = socket.socketpair()
        self._errors = _open_log(self._log)
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    __name__,
                    str(theirs.fileno()),
                    str(os.getpid()),
                    str(self._folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                env={**_environment(), "TMPDIR": str(self._folder)},
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        first = {"target": self._target, "payload": self._payload, "path": sys.path}
        # If it died at once, the first request says why.
        with contextlib.suppress(OSError):
            channel.send(self._sock, first)

    def _stop(self) -> None:
        """Close the socket: the server kills its task, reaps it and ends."""
        process, self._process = self._process, None
        if process is None:
            return
        self._sock.close()
        try:
            process.wait(KILL_SECONDS if self._ready else 1.0)
        except subprocess.TimeoutExpired:
            tree.signal_all(tree.descendants(process.pid), signal.SIGKILL)
            process.kill()
            process.wait()
        finally:  # also at a second Ctrl-C: without us the server ends by itself
            self._errors.close()
            try_to_remove(self._folder)

    def _await_ready(self) -> bool:
        if not self._ready:
            try:
                self._ready = self._receive(START_SECONDS) == {"ready": True}
            except BaseException:
                self._stop()
                raise
        return self._ready

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        ready, _, _ = select.select([self._sock], [], [], seconds)
        return channel.receive(self._sock) if ready else None

    def _cancel(self) -> None:
        """Have the task killed and reaped; the server stays, if it answers."""
        try:
            channel.send(self._sock, {"cancel": True})
            answered = self._receive(GRACE_SECONDS) is not None
        except OSError:
            answered = False
        except BaseException:  # a second Ctrl-C: no more waiting
            self._stop()
            raise
        if not answered:
            self._stop()

    def _lost(self, what: str) -> Reply:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4096))
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        self._stop()
        last = f": {said[-1][:500]}" if said else ""
        return Reply(False, {}, f"the server {self._target} {what}{last}")


def _open_log(path: Path | None) -> IO[bytes]:
    """For the life of the server; without a path, only its last words are kept."""
    return path.open("a+b") if path else tempfile.TemporaryFile()


def _environment() -> dict[str, str]:
    """Ours, plus the folder that this package lies in."""
    package = str(Path(__file__).resolve().parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


# -- in the server ----------------------------------------------------------------


def main(descriptor: int, parent: int, folder: Path) -> None:
    """Import the target, then serve until the client is gone."""
    # While it prepares it may hold folders: let them be tidied up. serve() takes over.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        kernel.prctl(kernel.PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() == parent:  # it may have died before the line above
            _serve_target(socket.socket(fileno=descriptor))
    finally:
        try_to_remove(folder)


def _serve_target(sock: socket.socket) -> None:
    sock.set_inheritable(False)
    first = channel.receive(sock)
    if first is None:
        return
    sys.path[:] = first["path"]
    module, _, name = first["target"].partition(":")
    prepare = getattr(importlib.import_module(module), name)
    payload = first["payload"]
    if len(inspect.signature(prepare).parameters) > 1:
        prepare(payload, functools.partial(serve, sock=sock))
    else:
        serve(prepare(payload), sock)


if __name__ == "__main__":
    # By its real name, so that targets that import this module share it.
    from pytest_overnight.sandbox.supervisor import main as run

    run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
