"""Stops inside agent code: something done at every opcode of one file."""

from __future__ import annotations

import posix
import sys
from collections.abc import Callable
from stat import S_ISDIR
from stat import S_ISREG
from typing import Any

STATES_CAP = 500
STATE_BYTES_CAP = 1 << 20


def trace(work: Callable[[], Any], within: str, act: Callable[[], None]) -> Any:
    """``work()``, with ``act()`` before each opcode of files that end in ``within``.

    The empty ``within`` means every file, the library's too. Only this thread.
    """

    def enter(frame: Any, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        if name[:1] == "<" or not f"/{name}".endswith(f"/{within}" if within else ""):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    def step(frame: Any, event: str, argument: Any) -> Any:
        if event == "opcode":
            act()
        return step

    sys.settrace(enter)
    try:
        result = work()
        if sys.gettrace() is not enter:
            raise RuntimeError("the test's tracing was switched off")
        return result
    finally:
        sys.settrace(None)


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
        if (not self.found or state != self.found[-1]) and len(self.found) < STATES_CAP:
            self.found.append(state)


def _read_folder(root: str, inner: str, state: dict[str, tuple[int, bytes]]) -> None:
    for name in sorted(posix.listdir(f"{root}/{inner}")):
        path = f"{inner}{name}"
        try:
            details = posix.lstat(f"{root}/{path}")
            if S_ISDIR(details.st_mode):
                _read_folder(root, f"{path}/", state)
            elif S_ISREG(details.st_mode):
                state[path] = details.st_ino, _read_file(f"{root}/{path}")
        except OSError:  # gone meanwhile
            continue


def _read_file(path: str) -> bytes:
    fd = posix.open(path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK)
    try:
        return posix.read(fd, STATE_BYTES_CAP)
    finally:
        posix.close(fd)
