"""The harness's end of an open box."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from pytest_overnight.sandbox.box import BoxChild
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.box import CommandResult
from pytest_overnight.sandbox.inside.helper import FRESH
from pytest_overnight.sandbox.inside.helper import LAY
from pytest_overnight.sandbox.inside.helper import LIMIT
from pytest_overnight.sandbox.inside.helper import LOAD
from pytest_overnight.sandbox.inside.helper import LOOK
from pytest_overnight.sandbox.inside.helper import OPERATE
from pytest_overnight.sandbox.inside.helper import READY
from pytest_overnight.sandbox.inside.helper import RUN
from pytest_overnight.sandbox.inside.helper import SPAWN
from pytest_overnight.sandbox.inside.helper import SWEEP
from pytest_overnight.sandbox.inside.helper import TIDY
from pytest_overnight.sandbox.inside.tools import CHECK_BYTES
from pytest_overnight.sandbox.inside.watch import LIMITS
from pytest_overnight.sandbox.shipping import helper_modules
from pytest_overnight.sandbox.shipping import parcel
from pytest_overnight.sandbox.shipping import program_code
from pytest_overnight.sandbox.wire import Reader
from pytest_overnight.sandbox.wire import Reply
from pytest_overnight.sandbox.wire import exactly
from pytest_overnight.sandbox.wire import identify
from pytest_overnight.sandbox.wire import listing
from pytest_overnight.sandbox.wire import ready

START_SECONDS = 10.0
FILE_SECONDS = 30.0
CONTROL_SECONDS = 15.0
GRACE_SECONDS = 5.0
"""How much longer than the box's own limit the harness waits for a reply."""

_LIST_BYTES = 16 * 1024 * 1024
_MARK_BYTES = 64  # the line that says how much of an output was dropped
_NOTHING: Mapping[str, str] = MappingProxyType({})


class OpenBox:
    """A running helper and the control socket to it; see :class:`box.Box`."""

    def __init__(
        self,
        plan: BoxPlan,
        workspace: str,
        process: subprocess.Popen[bytes],
        control: socket.socket,
    ) -> None:
        self.level = plan.level
        self.workspace = workspace
        self._limits = plan.limits
        self._process = process
        self._control = control
        self.held = ExitStack()
        """What was made for this box alone: it goes last."""
        self._on_the_host = plan.level != "bubblewrap"
        self._lock = threading.RLock()
        self._running = 0

    @property
    def pid(self) -> int:
        """Process id of bubblewrap, or of the helper where there is none."""
        return self._process.pid

    # -- what the harness may ask ---------------------------------------------------

    def run(
        self,
        argv: Sequence[str] | str,
        *,
        timeout: float,
        stdin: bytes = b"",
        env: Mapping[str, str] = _NOTHING,
        merge: bool = False,
    ) -> CommandResult:
        """Run one command; see :meth:`box.Box.run`."""
        request = {
            "argv": argv if isinstance(argv, str) else [str(word) for word in argv],
            "timeout": float(timeout),
            "stdin": bytes(stdin),
            "env": {str(name): str(value) for name, value in env.items()},
            "merge": merge,
        }
        most = 2 * (self._limits.output_kb * 1024 + _MARK_BYTES)
        began = time.monotonic()
        reply = self._operate("run", request, timeout + GRACE_SECONDS, most)
        if reply is None:
            # The runner was stopped or killed from inside: the command's own doing.
            seconds = time.monotonic() - began
            late = seconds >= timeout
            self.sweep()
            limit = self.limit_met()
            return CommandResult(
                -signal.SIGKILL, b"", b"", seconds, timed_out=late, limit=limit
            )
        self._tidy()
        (status, microseconds, timed_out, dropped), out, err = reply
        seconds = microseconds / 1e6
        return CommandResult(status, out, err, seconds, bool(timed_out), dropped)

    def call(self, operation: str, **arguments: Any) -> Any:
        """One file operation; see :meth:`box.Box.call`."""
        path = str(arguments.get("path", "."))
        if operation == "read":
            return self._file("read", path, most=self._limits.file_mb << 20)
        if operation == "write":
            self._file("write", path, data=bytes(arguments["data"]))
        elif operation == "remove":
            self._file("remove", path)
        elif operation == "check":
            return self._file("check", path, most=CHECK_BYTES).decode(
                "utf-8", "replace"
            )
        elif operation == "list":
            pattern = str(arguments.get("pattern", "*"))
            return listing(self._file("list", path, most=_LIST_BYTES, pattern=pattern))
        else:
            raise ValueError(f"a box has no operation {operation!r}")
        return None

    def spawn(self, program: str, **arguments: Any) -> BoxChild:
        """Fork a child for a program; see :meth:`box.Box.spawn`."""
        ours = self._hand_over(SPAWN, START_SECONDS)
        try:
            identify(ours, True)
            ours.sendall(parcel({"program": program, "arguments": arguments}))
            pid = ready(ours)
            identify(ours, False)
            ours.settimeout(None)
        except OSError as error:
            ours.close()
            self._tidy()
            raise BoxError(f"the box did not start {program!r}: {error}") from error
        return BoxChild(ours, pid)

    def sweep(self) -> int:
        """Kill everything but the helper; see :meth:`box.Box.sweep`."""
        return self._control_count(SWEEP)

    def limit_met(self) -> str:
        """Which limit was met; see :meth:`box.Box.limit_met`."""
        number = self._control_count(LIMIT)
        return LIMITS[number] if number < len(LIMITS) else ""

    def reset(self) -> None:
        """Sweep, empty the temporary folders, lay the submission anew.

        Where nothing has changed since the last time, it stays.
        """
        if not self._control_count(FRESH):
            self._plain("reset", {})
            self._control_count(LOOK)

    def close(self) -> None:
        """End the box and every process in it; safe to call twice."""
        on_the_host, self._on_the_host = self._on_the_host, False
        if on_the_host:
            self._clear()
        # At the end of file the helper ends, and with process 1 its whole namespace.
        self._control.close()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(GRACE_SECONDS)
        if self._process.stderr is not None:
            self._process.stderr.close()
        self.held.close()

    def _clear(self) -> None:
        """Empty the temporary folders of a box that has them on the host.

        As their owner: who is not root may not remove what agent code closed.
        """
        try:
            self.sweep()
            self._plain("clear", {})
        except (BoxError, OSError):
            pass  # the helper is dead

    # -- start ----------------------------------------------------------------------

    def start(self, plan: BoxPlan, config: dict[str, Any]) -> None:
        """Send the helper its code, wait until it lives, load the programs."""
        try:
            self._control.settimeout(START_SECONDS)
            self._control.sendall(parcel((helper_modules(), config)))
            self._expect(READY)
            if plan.submission is not None and self._on_the_host:
                self._plain("reset", {})  # as the box's user, which the helper is not
            elif plan.submission is not None:
                self._control_count(LAY)
            for name, source in plan.programs.items():
                with self._hand_over(LOAD, START_SECONDS) as ours:
                    ours.sendall(parcel((name, program_code(name, source))))
                    answer = ours.recv(4096)
                if answer != READY:
                    text = answer.decode(errors="replace")
                    raise BoxError(f"program {name!r} does not load in the box: {text}")
        except OSError as error:
            raise self._gone(error) from error

    # -- the wire -------------------------------------------------------------------

    def _file(self, operation: str, path: str, most: int = 0, **more: Any) -> bytes:
        try:
            return self._plain(operation, {"path": path, **more}, most)
        except OSError as error:
            raise OSError(error.errno, os.strerror(error.errno or 0), path) from None

    def _plain(self, operation: str, request: dict[str, Any], most: int = 0) -> bytes:
        reply = self._operate(operation, request, FILE_SECONDS, most)
        if reply is None:
            self.sweep()
            raise OSError(errno.EIO, "the operation was ended from inside the box")
        return reply[1]

    def _operate(
        self, operation: str, request: dict[str, Any], seconds: float, most: int
    ) -> Reply | None:
        """One request to a fresh child; None when it died or is silent."""
        letter = RUN if operation == "run" else OPERATE
        with self._counted(), self._hand_over(letter, seconds) as ours:
            try:
                ours.sendall(parcel({"operation": operation, **request}))
                reply = Reader(ours, seconds).reply(most)
            except OSError:
                return None
        if isinstance(reply, int):
            raise OSError(reply, os.strerror(reply))
        return reply

    def _hand_over(self, letter: bytes, seconds: float) -> socket.socket:
        """Ask for a child; the harness's end of its socket."""
        ours, theirs = socket.socketpair()
        ours.settimeout(seconds)
        try:
            with self._lock:
                socket.send_fds(self._control, [letter], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise self._gone(error) from error
        finally:
            theirs.close()
        return ours

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _tidy(self) -> None:
        """Sweep, unless an operation of another thread or a program is at work.

        A command's own runner has ended its tree already, unless it was killed.
        """
        with self._lock:
            if self._running == 0:
                self._control_count(TIDY)

    def _control_count(self, letter: bytes) -> int:
        try:
            with self._lock:
                self._control.settimeout(CONTROL_SECONDS)
                self._control.sendall(letter)
                return int.from_bytes(exactly(self._control, 4), "little")
        except OSError as error:
            raise self._gone(error) from error

    def _expect(self, letter: bytes) -> None:
        if exactly(self._control, 1) != letter:
            raise ConnectionError("unexpected answer")

    def _gone(self, error: OSError) -> BoxGone:
        """The helper is dead or does not answer: end the box, say why."""
        said = _said(self._process)
        self.close()
        status = self._process.returncode
        return BoxGone(f"the box ended (status {status}): {said or error}")


def _said(process: subprocess.Popen[bytes]) -> str:
    """The last thing that bubblewrap or the helper wrote, in one line."""
    if process.stderr is None or process.stderr.closed:
        return ""
    os.set_blocking(process.stderr.fileno(), False)
    data = process.stderr.read(65_536) or b""
    lines = data.decode(errors="replace").strip().splitlines()
    return lines[-1][:500] if lines else ""
