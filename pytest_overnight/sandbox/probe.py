"""Which sandbox level is in force: proved by trying to get out, never assumed.

A ``bwrap`` on PATH says little: the kernel, AppArmor or a surrounding container may
refuse it, and a wrapper of that name may ignore its flags. So the probe opens a real
box and tries from inside what must not work, and what must.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight import settings
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.runtime import prepare_runtime

LEVELS = ("bubblewrap", "process")

_HINT = (
    "Install it (Debian, Ubuntu: apt install bubblewrap; 0.8 or newer). If it is "
    "installed and refused, the system forbids user namespaces: on Ubuntu 24.04 an "
    "AppArmor profile for bwrap allows them; in a container, the container must. "
    "Or choose --overnight-sandbox process: unprotected, and marked so."
)

_SCRIPT = """\
import json, os, socket, sys
facts = json.loads(sys.argv[1])

def works(action):
    try:
        return bool(action())
    except Exception:
        return False

def connects():
    with socket.create_connection(("127.0.0.1", facts["port"]), 1):
        return True

def write(path):
    with open(path, "w") as file:
        return file.write("x")

def read(path):
    with open(path) as file:
        return file.read()

import pytest
print(json.dumps({
    "read": works(lambda: read(facts["secret"]) == facts["marker"]),
    "write": works(lambda: write(facts["outside"])),
    "system": works(lambda: write("/usr/overnight-probe")),
    "network": works(connects),
    "process": works(lambda: read(facts["process"]) == facts["command"]),
    "harness": any(map(os.path.lexists, facts["hidden"])),
    "workspace": works(lambda: write("probe.txt")),
    "pytest": pytest.__version__ == facts["pytest"],
}))
"""

_MUST_FAIL = {
    "read": "a file outside can be read",
    "write": "a file outside can be written",
    "system": "/usr can be written",
    "network": "the host's loopback network can be reached",
    "process": "the harness's process can be seen",
    "harness": "the harness or its hidden tests can be seen",
}
_MUST_WORK = {
    "workspace": "the workspace cannot be written",
    "pytest": "the runtime's pytest cannot be imported",
}


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """The level in force, and what was proved of it."""

    level: str
    """``bubblewrap`` or ``process``."""
    protected: bool
    """Whether agent code is kept from files, network and processes of the host."""
    checks: tuple[str, ...]
    """Names of the self-tests that passed."""
    reason: str = ""
    """Why no better level is in force; empty for the best."""

    def line(self) -> str:
        """One line for the terminal."""
        if self.protected:
            return (
                f"sandbox: {self.level} (proved by {len(self.checks)} self-tests): "
                "files, network and processes of this machine are out of reach"
            )
        text = (
            f"sandbox: {self.level}, UNPROTECTED: agent code can reach this user's "
            "files, network and processes"
        )
        return f"{text} ({self.reason})" if self.reason else text


def prove(wanted: str, runtime: Runtime, hidden: Sequence[Path] = ()) -> SandboxReport:
    """The best level that holds what it promises, or the one that is wanted.

    ``wanted``: ``auto``, ``bubblewrap`` or ``process``; ``hidden`` as in ``open_box``.
    Raises :class:`BoxError`, with what to do, when the wanted level is not to be had.
    """
    if wanted not in ("auto", *LEVELS):
        raise BoxError(f"unknown sandbox {wanted!r}; choose auto, {', '.join(LEVELS)}")
    reason = "asked for"
    if wanted != "process":
        passed, reason = _try_out("bubblewrap", runtime, hidden)
        if not reason:
            return SandboxReport("bubblewrap", True, passed)
        if wanted == "bubblewrap":
            raise BoxError(f"bubblewrap does not protect here: {reason}. {_HINT}")
        reason = f"bubblewrap: {reason}"
    passed, problem = _try_out("process", runtime, hidden)
    if problem:
        raise BoxError(f"no sandbox works here; process: {problem}; {reason}")
    return SandboxReport("process", False, passed, reason)


def why_not(level: str) -> str:
    """Why a level is not to be had here; empty when it is."""
    try:
        prove(level, prepare_runtime())
    except BoxError as problem:
        return str(problem)
    return ""


def _try_out(
    level: str, runtime: Runtime, hidden: Sequence[Path]
) -> tuple[tuple[str, ...], str]:
    """Names of the checks that passed, and the first thing that is wrong."""
    must_fail = _MUST_FAIL if level == "bubblewrap" else {}
    try:
        seen = _attack(level, runtime, hidden)
    except BoxError as problem:
        return (), str(problem)
    wrong = [text for name, text in must_fail.items() if seen[name]]
    wrong += [text for name, text in _MUST_WORK.items() if not seen[name]]
    return (*must_fail, *_MUST_WORK), "; ".join(wrong)


def _attack(level: str, runtime: Runtime, hidden: Sequence[Path]) -> dict[str, bool]:
    """What a program in a box of this level can do."""
    with tempfile.TemporaryDirectory() as text, socket.create_server(_ANY) as server:
        folder = Path(text)
        facts = _facts(folder, runtime, hidden)
        facts["port"] = server.getsockname()[1]
        workspace = folder / "ws"
        workspace.mkdir()
        box = open_box(BoxPlan(level, workspace=workspace), runtime, hidden)
        try:
            words = ["python", "-c", _SCRIPT, json.dumps(facts)]
            result = box.run(words, timeout=20)
        finally:
            box.close()
        try:
            said = json.loads(result.out)
            seen = {name: said[name] is True for name in (*_MUST_FAIL, *_MUST_WORK)}
        except (ValueError, TypeError, KeyError):
            last = result.err.decode(errors="replace").strip().splitlines()[-1:]
            raise BoxError(f"python does not run in the box: {last}") from None
        # What can be looked at from here is not left to the program's word.
        seen["write"] |= Path(facts["outside"]).exists()
        seen["workspace"] &= (workspace / "probe.txt").exists()
        return seen


_ANY = ("127.0.0.1", 0)


def _facts(folder: Path, runtime: Runtime, hidden: Sequence[Path]) -> dict[str, Any]:
    """What the program inside needs to know in order to try."""
    marker = secrets.token_hex(16)
    secret = folder / "secret"
    secret.write_text(marker)
    process = Path(f"/proc/{os.getpid()}/cmdline")
    out_of_sight = [settings.PACKAGE, settings.default_suite(), *hidden]
    return {
        "marker": marker,
        "secret": str(secret),
        "outside": str(folder / "outside"),
        "process": str(process),
        "command": process.read_text() if process.exists() else "",
        "hidden": [str(path) for path in out_of_sight],
        "pytest": runtime.versions["pytest"],
    }
