"""Whether anything in the agent's folder has changed, seen from outside the box.

A digest over names and contents, so that putting a file back counts as putting it back.
Only what looks changed is read again. No link is followed and only regular files are
opened; a folder that is too large, deep or odd is *unknown*, which no rule acts upon.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

MAX_FILES = 2000
MAX_DEPTH = 32
MAX_BYTES = 1 << 20
"""Of a larger file the size and times stand for its content."""
HIDDEN = {
    *("__pycache__", ".git", ".hypothesis", ".mypy_cache", ".pytest_cache"),
    ".ruff_cache",
}
"""Folders that are no work of the agent's; its tools do not list them either."""
UNKNOWN = ""

_State = tuple[int, int, int, int]


class WorkspaceWatch:
    """Watches one folder."""

    def __init__(self, folder: Path | None) -> None:
        """``None``: every digest is unknown."""
        self._folder = folder
        self._seen: dict[str, tuple[_State, str]] = {}

    def digest(self) -> str:
        """SHA-256 over all names and contents now; empty when it cannot be told."""
        if self._folder is None:
            return UNKNOWN
        try:
            lines = self._lines()
        except (OSError, RecursionError, UnicodeError):
            return UNKNOWN
        return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()

    def _lines(self) -> list[str]:
        seen: dict[str, tuple[_State, str]] = {}
        root = os.fspath(self._folder or "")
        for top, folders, files, descriptor in os.fwalk(root, follow_symlinks=False):
            folders[:] = [name for name in folders if name not in HIDDEN]
            if top.count("/") - root.count("/") > MAX_DEPTH:
                raise OSError("too deep")
            for name in files:
                path = f"{top}/{name}"
                seen[path] = self._look(path, name, descriptor)
            if len(seen) > MAX_FILES:
                raise OSError("too many files")
        self._seen = seen
        return sorted(f"{path}\0{digest}" for path, (_, digest) in seen.items())

    def _look(self, path: str, name: str, folder: int) -> tuple[_State, str]:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        state = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = self._seen.get(path)
        if known is not None and known[0] == state:
            return known
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            return state, repr((found.st_mode, *state))
        return state, _digest_of(name, folder) or repr(state)


def _digest_of(name: str, folder: int) -> str | None:
    """``None`` for what cannot be read: only its size and times are known."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return hashlib.sha256(file.read(MAX_BYTES + 1)).hexdigest()
