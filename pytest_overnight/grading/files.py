"""``files``: the submission as the harness sees it, no links followed."""

from __future__ import annotations

import ast
import os
import stat
from pathlib import Path

from pytest_overnight.grading.errors import CodeError
from pytest_overnight.grading.errors import CodeTooBig
from pytest_overnight.grading.names import Names

READ_CAP = 64 << 20
TREE_CAP = 1 << 20
NODE_CAP = 200_000
LIST_CAP = 10_000


class Files:
    """Reads the submission; paths are relative, with ``/``."""

    def __init__(self, root: Path, names: Names | None = None) -> None:
        self._root = root
        self._names = names or Names()

    def __repr__(self) -> str:
        return "<files>"

    def read(self, path: str) -> bytes:
        """A regular file's bytes.

        ``FileNotFoundError`` when it is not there or is not a regular file,
        :class:`CodeTooBig` above 64 MiB.
        """
        self._names.path(path)
        fd = self._open(path)
        try:
            details = os.fstat(fd)
            if not stat.S_ISREG(details.st_mode):
                raise FileNotFoundError(f"{path} is not a regular file")
            if details.st_size > READ_CAP:
                raise CodeTooBig(f"{path}: {details.st_size} bytes")
            with os.fdopen(os.dup(fd), "rb") as file:
                return file.read(READ_CAP)
        finally:
            os.close(fd)

    def text(self, path: str) -> str:
        """The same, as UTF-8."""
        return self.read(path).decode("utf-8")

    def exists(self, path: str) -> bool:
        """Whether a regular file is there."""
        try:
            self.read(path)
        except FileNotFoundError:
            return False
        return True

    def list(self) -> list[str]:
        """Paths of all regular files, sorted; at most 10 000 are looked at."""
        found = []
        for folder, folders, names in os.walk(self._root, followlinks=False):
            for name in names:
                path = Path(folder, name)
                if stat.S_ISREG(path.lstat().st_mode):
                    found.append(path.relative_to(self._root).as_posix())
            if len(found) > LIST_CAP:
                raise CodeTooBig(f"more than {LIST_CAP} files")
            folders.sort()
        self._names.given(*found)
        return sorted(found)

    def tree(self, path: str) -> ast.Module:
        """The syntax tree of a Python file of at most 1 MiB and 200 000 nodes."""
        data = self.read(path)
        if len(data) > TREE_CAP:
            raise CodeTooBig(f"{path}: {len(data)} bytes of Python")
        try:
            tree = ast.parse(data, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise CodeError("SyntaxError", f"{path}: {error}"[:4000]) from None
        if sum(1 for _ in ast.walk(tree)) > NODE_CAP:
            raise CodeTooBig(f"{path}: more than {NODE_CAP} nodes")
        return tree

    def _open(self, path: str) -> int:
        """Open part by part: no part may be a link."""
        parts = path.split("/")
        if path.startswith("/") or ".." in parts:
            raise FileNotFoundError(f"{path} is not in the working folder")
        fd = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in parts:
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                inner = os.open(part, flags, dir_fd=fd)
                os.close(fd)
                fd = inner
        except OSError as error:
            os.close(fd)
            raise FileNotFoundError(f"{path}: {error.strerror}") from None
        return fd
