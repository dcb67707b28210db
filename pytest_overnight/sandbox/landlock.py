"""The Landlock level: what agent code may touch, where there are no namespaces.

Rights are given by list. A rule reaches everything beneath its folder, so where
something hidden lies there, the folders on the way to it give their entries one by one.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from pytest_overnight.sandbox.inside.kernel import syscall
from pytest_overnight.sandbox.inside.walls import CREATE_RULESET
from pytest_overnight.sandbox.runtime import Runtime

LEAST = 4
"""Before version 4 (Linux 6.7) rules say nothing of the network."""
PARTING = 2
"""Since version 2 (Linux 5.19) rules can leave files to be moved."""
SIGNALS = 6
"""Since version 6 (Linux 6.12) signals to processes outside are refused."""

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_BLOCK, _REFER, _IOCTL_DEV = 1 << 11, 1 << 13, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_DEVICE = _READ_FILE | _WRITE_FILE | _IOCTL_DEV
_TCP = 3  # bind and connect
_SIGNAL = 2
_SCOPED = 1 | _SIGNAL  # abstract UNIX sockets and signals
_VERSION = 1  # flag of the call: tell the version only

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_DEVICES = ("null", "zero", "full", "random", "urandom")


def version() -> int:
    """The kernel's version of Landlock; -1 without it."""
    return syscall(CREATE_RULESET, None, 0, _VERSION)


def why_not() -> str:
    """Why there can be no Landlock level here; empty when there can."""
    found = version()
    if found < 0:
        return "the kernel does not offer Landlock"
    if found < LEAST:
        return f"the kernel's Landlock has version {found}; {LEAST} is the least"
    return ""


def rules(
    runtime: Runtime,
    writable: Iterable[Path],
    readable: Iterable[Path],
    hidden: Sequence[Path],
) -> tuple[bytes, list[tuple[str, int]]]:
    """The attributes of a ruleset, and path and rights of each of its rules."""
    found = version()
    every = (1 << 16 if found >= 5 else 1 << 15) - 1
    scoped = _SCOPED if found >= SIGNALS else 0
    attributes = struct.pack("<QQQ", every, _TCP, scoped)
    given = _readable(runtime, hidden)
    given += [(str(path), _READ) for path in readable]
    given += [(f"/dev/{name}", _DEVICE & every) for name in _DEVICES]
    given += [(str(path), every) for path in writable]
    return attributes if scoped else attributes[:16], given


def apart() -> tuple[bytes, list[tuple[str, int]]] | None:
    """Rules that part the children of one box, where namespaces hold them together.

    A process can trace or signal none of another ruleset. Nothing is taken away but
    what nobody may do in a box anyway; moving files between folders must be given, for
    every ruleset takes it.
    """
    found = version()
    if found < PARTING:
        return None
    attributes = struct.pack("<QQQ", _MAKE_BLOCK | _REFER, 0, _SIGNAL)
    return attributes if found >= SIGNALS else attributes[:8], [("/", _REFER)]


def _readable(runtime: Runtime, hidden: Sequence[Path]) -> list[tuple[str, int]]:
    """The system, the interpreter and the runtime, but nothing hidden."""
    away = {os.path.realpath(path) for path in hidden}
    tops = [*_SYSTEM, *_FILES, runtime.base_prefix, str(runtime.root)]
    real = {os.path.realpath(top) for top in tops if Path(top).exists()}
    return [rule for top in sorted(real) for rule in _around(top, away)]


def _around(top: str, away: set[str]) -> list[tuple[str, int]]:
    """``top``, or as much of it as does not lie in ``away``."""
    if any(top == path or top.startswith(path + "/") for path in away):
        return []
    if not any(path.startswith(top.rstrip("/") + "/") for path in away):
        return [(top, _READ)]
    try:
        with os.scandir(top) as entries:
            inner = sorted(e.path for e in entries if not e.is_symlink())
    except OSError:
        return []  # what we may not look through ourselves is not given away
    # Python imports nothing from a folder that it cannot list. This shows the names of
    # what is hidden, too, but not a byte of it.
    below = [rule for one in inner for rule in _around(one, away)]
    return [(top, _READ_DIR), *below]
