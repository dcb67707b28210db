"""Stops inside agent code: something done at every opcode of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from posix import O_NOFOLLOW
from posix import O_NONBLOCK
from posix import O_RDONLY
from posix import close as posix_close
from posix import listdir as posix_listdir
from posix import lstat as posix_lstat
from posix import open as posix_open
from posix import read as posix_read
from stat import S_ISDIR
from stat import S_ISREG
from sys import settrace as sys_settrace
from typing import Any

from pytest_overnight.grading.inside.trusted import trusted

STATES_CAP = 500
STATE_BYTES_CAP = 1 << 20


def trace(work: Callable[[], Any], within: str, act: Callable[[], None]) -> Any:
    """``work()``, with ``act()`` before each opcode of agent code. Only this thread.

    Agent code is all that is neither ours nor the library's, whatever file it names;
    and all that names a file that ends in ``within``. The empty ``within`` means the
    library's code, too, but for what is built into the interpreter.
    """
    looked_at: dict[Any, bool] = {}

    def enter(frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        if code not in looked_at:
            looked_at[code] = _is_traced(code, within)
        if not looked_at[code]:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    def step(frame: Any, event: str, argument: Any) -> Any:
        if event == "opcode":
            act()
        return step

    _switch.watch()
    sys_settrace(enter)
    _switch.touched = False
    try:
        result = work()
        if _switch.touched:
            raise RuntimeError("the test's tracing was switched off")
        return result
    finally:
        sys_settrace(None)


def _is_traced(code: Any, within: str) -> bool:
    name = code.co_filename
    if trusted.own(code):
        return False
    if type(name) is not str:  # its methods would be agent code
        return True
    if within and f"/{name}".endswith(f"/{within}"):
        return True
    return not trusted.library(code) or (not within and name[:1] != "<")


class _Switch:
    """Sees every ``sys.settrace``: putting the test's own back is seen, too."""

    touched = False
    _watching = False

    def watch(self) -> None:
        """Begin; it cannot be ended, and slows what the interpreter audits."""
        if not self._watching:
            self._watching = True
            sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: Any) -> None:
        if event == "sys.settrace":
            self.touched = True


_switch = _Switch()


def stop_once(at: int, stop: Callable[[], Any]) -> Callable[[], None]:
    """What calls ``stop()`` at the ``at``-th opcode, from 1."""
    left = at

    def act() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            stop()

    return act


class States:
    """The distinct contents of a folder, in order: path → ``(inode, bytes)``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.found: list[dict[str, tuple[int, bytes]]] = []
        self.look()

    def look(self) -> None:
        """Remember the folder's content if it differs from the last one."""
        state: dict[str, tuple[int, bytes]] = {}
        _read_folder(self._folder, "", state)
        if not self.found or state != self.found[-1]:
            if len(self.found) == STATES_CAP:
                raise RuntimeError(f"more than {STATES_CAP} states of the folder")
            self.found.append(state)


def _read_folder(root: str, inner: str, state: dict[str, tuple[int, bytes]]) -> None:
    for name in sorted(posix_listdir(f"{root}/{inner}")):
        path = f"{inner}{name}"
        try:
            details = posix_lstat(f"{root}/{path}")
            if S_ISDIR(details.st_mode):
                _read_folder(root, f"{path}/", state)
            elif S_ISREG(details.st_mode):
                state[path] = details.st_ino, _read_file(f"{root}/{path}")
        except OSError:  # gone meanwhile
            continue


def _read_file(path: str) -> bytes:
    fd = posix_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try:
        return posix_read(fd, STATE_BYTES_CAP)
    finally:
        posix_close(fd)
