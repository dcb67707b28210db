"""Which sandbox level is in force: proved by trying to get out, never assumed.

A ``bwrap`` on PATH or a kernel with Landlock says little: AppArmor or a surrounding
container may refuse it, and a wrapper may ignore its flags. So the probe opens a real
box and tries from inside what must not work, and what must (``inside/attempts.py``).
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight import settings
from pytest_overnight.sandbox import landlock
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import LEVELS
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.open import why_still_root
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.runtime import prepare_runtime

GUARANTEES = {
    "read": "files outside can be read",
    "names": "names of files outside can be seen",
    "write": "files outside can be written",
    "modes": "modes and times of the user's files outside can be changed",
    "system": "/usr can be written",
    "tcp": "the host's loopback network can be reached",
    "udp": "the host's loopback network can be reached by UDP",
    "unix": "UNIX sockets of the host can be reached",
    "abstract": "abstract UNIX sockets of the host can be reached",
    "families": "sockets to the kernel or to other machines can be made",
    "signal": "processes outside can be signalled",
    "trace": "the memory of processes outside can be reached",
    "environ": "the environment of processes outside can be read",
    "processes": "processes outside can be seen",
    "userns": "a user namespace can be made inside",
    "io_uring": "io_uring, which passes by filters, can be used",
    "hidden": "hidden tests can be read",
}
"""What a level may promise, and what is said where it does not hold."""

_MUST_WORK = {
    "workspace": "the workspace cannot be written",
    "pytest": "the runtime's pytest cannot be imported",
}
_KEEPS_RESULTS = {"hidden", "trace"}
"""Without these a result says nothing of what the agent can do."""

_HINTS = {
    "bubblewrap": (
        "Install it (Debian, Ubuntu: apt install bubblewrap; 0.8 or newer). If it is "
        "installed and refused, the system forbids user namespaces: on Ubuntu 24.04 "
        "an AppArmor profile for bwrap allows them; in a container, the container must."
    ),
    "landlock": (
        "Landlock is a part of Linux 6.7 and newer; the boot option lsm= may leave it "
        "out, and a container's own filter may refuse it."
    ),
    "process": "",
}
_MOST_HIDDEN = 200
_MOST_IN_BOX = 32
"""No process of the self-test has a higher number in a namespace of its own."""
TRIES = 2


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """The level in force, and what was proved of it."""

    level: str
    """``bubblewrap``, ``landlock`` or ``process``."""
    protected: bool
    """Whether hidden tests and the harness were out of reach of agent code."""
    checks: tuple[str, ...]
    """Names of the self-tests that passed."""
    open: tuple[str, ...] = ()
    """Names of :data:`GUARANTEES` that were tried and do not hold."""
    reason: str = ""
    """Why no better level is in force; empty for the best."""

    def line(self) -> str:
        """One line for the terminal."""
        text = f"sandbox: {self.level}{self._claim()}"
        return f"{text} ({self.reason})" if self.reason else text

    def _claim(self) -> str:
        proved = f" (proved by {len(self.checks)} self-tests): "
        if not self.protected and "trace" in self.open:
            what = "can reach this user's files, network and processes"
            return f", UNPROTECTED: agent code {what}"
        if not self.protected:
            what = "has a user id of its own, but the hidden tests can be read by every"
            return f", UNPROTECTED: agent code {what} user"
        if not self.open:
            what = "files, network and processes of this machine are out of reach"
            return proved + what
        holes = "; ".join(GUARANTEES[name] for name in self.open)
        return f"{proved}hidden tests are out of reach, but {holes}"


def promises(level: str) -> frozenset[str]:
    """Names of the guarantees that a level gives on this machine and to this user."""
    root = os.geteuid() == 0 and not why_still_root(prepare_runtime())
    if level == "bubblewrap":
        return frozenset(GUARANTEES)
    if level == "landlock":
        holes = {"names", "processes"} | (set() if root else {"modes"})
        if landlock.version() < landlock.SIGNALS and not root:
            holes.add("signal")
        return frozenset(GUARANTEES) - holes
    kept = {"modes", "system", "signal", "trace", "environ"} if root else set()
    return frozenset(kept)


def prove(
    wanted: str,
    runtime: Runtime,
    hidden: Sequence[Path] = (),
    required: str = "process",
) -> SandboxReport:
    """The best level that holds what it promises, or the one that is wanted.

    ``wanted``: ``auto`` or a level; ``hidden`` as in ``open_box``; ``required``: the
    least level that will do. Raises :class:`BoxError`, with what to do, when it is not
    to be had.
    """
    for name in (wanted, required):
        if name not in LEVELS and name != "auto":
            raise BoxError(
                f"unknown sandbox {name!r}; choose auto, {', '.join(LEVELS)}"
            )
    good_enough = LEVELS[: LEVELS.index(required) + 1]
    tried = good_enough if wanted == "auto" else (wanted,)
    if wanted not in (*good_enough, "auto"):
        raise BoxError(
            f"the sandbox {wanted} was asked for, and {required} is required"
        )
    problems: list[str] = []
    for level in tried:
        report, problem = _try_out(level, runtime, hidden)
        if report is not None:
            reason = "; ".join(problems)
            if level == "process" and wanted == level:
                reason = "asked for"
            return dataclasses.replace(report, reason=reason)
        problems.append(f"{level}: {problem}")
    hints = " ".join(filter(None, (_HINTS[level] for level in tried)))
    if required == "process":
        other = "--overnight-sandbox auto: the best level that there is, and named so"
    else:
        less = " or ".join(LEVELS[LEVELS.index(required) + 1 :])
        other = f"--overnight-require-sandbox {less}"
    raise BoxError(
        f"the sandbox {' or '.join(tried)} is not to be had here: "
        f"{'; '.join(p.rstrip('.') for p in problems)}. {hints} Or choose {other}."
    )


def why_not(level: str) -> str:
    """Why a level is not to be had here; empty when it is."""
    try:
        prove(level, prepare_runtime())
    except BoxError as problem:
        return str(problem)
    return ""


def _try_out(
    level: str, runtime: Runtime, hidden: Sequence[Path]
) -> tuple[SandboxReport | None, str]:
    """What was proved of a level, or the first thing that is wrong with it."""
    for attempt in range(TRIES):
        try:
            seen = _attack(level, runtime, hidden)
            break
        except BoxError as problem:
            # A night must not be lowered because the machine was busy for a moment.
            if attempt == TRIES - 1:
                return None, str(problem)
    wrong = [GUARANTEES[n] for n in GUARANTEES if n in promises(level) and seen[n]]
    wrong += [text for name, text in _MUST_WORK.items() if not seen[name]]
    if wrong:
        return None, "; ".join(wrong)
    holes = tuple(name for name in GUARANTEES if seen[name])
    proved = tuple(name for name in GUARANTEES if not seen[name])
    protected = not _KEEPS_RESULTS & set(holes)
    return SandboxReport(level, protected, (*proved, *_MUST_WORK), holes), ""


def _attack(level: str, runtime: Runtime, hidden: Sequence[Path]) -> dict[str, bool]:
    """What a program in a box of this level can do."""
    script = Path(__file__).with_name("inside") / "attempts.py"
    with tempfile.TemporaryDirectory() as place, _Bait(place, hidden) as bait:
        facts = {**bait.facts, "pytest": runtime.versions["pytest"]}
        with _workspace() as workspace:
            box = open_box(BoxPlan(level, workspace=workspace), runtime, hidden)
            try:
                text = script.read_text(encoding="utf-8")
                words = ["python", "-c", text, json.dumps(facts)]
                result = box.run(words, timeout=20)
            finally:
                box.close()
            written = (workspace / "probe.txt").exists()
        try:
            said = json.loads(result.out)
            seen = {name: said[name] is True for name in (*GUARANTEES, *_MUST_WORK)}
        except (ValueError, TypeError, KeyError):
            last = result.err.decode(errors="replace").strip().splitlines()[-1:]
            raise BoxError(f"python does not run in the box: {last}") from None
        seen["workspace"] &= written
        # What can be looked at from here is not left to the program's word.
        return {**seen, **bait.taken()}


@contextmanager
def _workspace() -> Iterator[Path]:
    """A working folder that the box's user may enter."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o711)
        (folder / "ws").mkdir()
        yield folder / "ws"


class _Bait(ExitStack):
    """Things outside for the program inside to try its hands on."""

    def __init__(self, place: str, hidden: Sequence[Path]) -> None:
        super().__init__()
        self.folder = Path(place)
        self.folder.chmod(0o755)
        marker = secrets.token_hex(16)
        socket_path = self.folder / "socket"
        self.secret = self.folder / "secret"
        self.secret.write_text(marker)
        self.secret.chmod(0o644)
        self.listeners = {
            "tcp": self._listen(socket.AF_INET, ("127.0.0.1", 0)),
            "udp": self._listen(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM),
            "unix": self._listen(socket.AF_UNIX, str(socket_path)),
            "abstract": self._listen(socket.AF_UNIX, "\0" + marker),
        }
        socket_path.chmod(0o777)
        process = self._sleeper(marker)
        while process.pid <= _MOST_IN_BOX:  # in a container that has just begun
            process = self._sleeper(marker)
        out_of_sight = [settings.PACKAGE, settings.default_suite(), *hidden]
        self.facts: dict[str, Any] = {
            "marker": marker,
            "secret": str(self.secret),
            "system": f"/usr/overnight-probe-{marker}",
            "outside": str(self.folder / "outside"),
            "tcp": self.listeners["tcp"].getsockname()[1],
            "udp": self.listeners["udp"].getsockname()[1],
            "unix": str(socket_path),
            "abstract": marker,
            "process": process.pid,
            "hidden": [file for folder in out_of_sight for file in _files(folder)],
        }

    def _sleeper(self, marker: str) -> subprocess.Popen[bytes]:
        """A process with the marker in its command line and environment."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", "read word", marker],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"MARKER": marker},
        )
        self.callback(process.wait)
        self.callback(process.kill)
        assert process.stdin is not None
        self.callback(process.stdin.close)
        return process

    def _listen(
        self, family: int, address: Any, kind: int = socket.SOCK_STREAM
    ) -> socket.socket:
        sock = self.enter_context(socket.socket(family, kind))
        sock.bind(address)
        if kind == socket.SOCK_STREAM:
            sock.listen()
        sock.setblocking(False)
        return sock

    def taken(self) -> dict[str, bool]:
        """What shows on this side, whatever the program said."""
        facts = {name: _reached(sock) for name, sock in self.listeners.items()}
        facts["modes"] = self.secret.stat().st_mode & 0o777 != 0o644
        facts["write"] = (self.folder / "outside").exists()
        facts["system"] = Path(self.facts["system"]).exists()
        if facts["system"]:
            Path(self.facts["system"]).unlink()
        return facts


def _reached(listener: socket.socket) -> bool:
    """Whether somebody came."""
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1)
    except BlockingIOError:
        return False
    return True


def _files(folder: Path) -> list[str]:
    """Some files beneath a folder, and the folder."""
    files = (str(path) for path in folder.rglob("*") if path.is_file())
    return [str(folder), *itertools.islice(files, _MOST_HIDDEN)]
