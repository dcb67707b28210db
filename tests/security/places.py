"""A workspace, its surroundings, and somebody who changes things meanwhile."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.workspace import Snapshot
from pytest_overnight.workspace import take_snapshot

SECRET = b"not for agents"


@dataclass(frozen=True)
class Place:
    """A workspace, what lies outside of it, and where its snapshot goes."""

    path: Path

    @property
    def folder(self) -> Path:
        """The workspace."""
        return self.path / "ws"

    @property
    def outside(self) -> Path:
        """A folder with a secret in it."""
        return self.path / "outside"

    @property
    def tree(self) -> Path:
        """The files that were kept."""
        return self.path / "tree"

    def snapshot(self) -> Snapshot:
        """Take it; what was kept is the same everywhere, and nothing from outside."""
        kept = take_snapshot(self.folder, self.path / "kept.tar.gz", self.tree)
        packed = gzip.decompress((self.path / "kept.tar.gz").read_bytes())
        found = {}
        for file in self.tree.rglob("*"):
            state = file.lstat()
            if not stat.S_ISDIR(state.st_mode):
                assert stat.S_ISREG(state.st_mode)
                assert state.st_nlink == 1
                assert stat.S_IMODE(state.st_mode) in (0o644, 0o755)
                name = file.relative_to(self.tree).as_posix()
                data = file.read_bytes()
                assert SECRET not in data
                found[name] = hashlib.sha256(data).hexdigest()
        assert SECRET not in packed
        assert kept.manifest == found
        return kept


@contextmanager
def racing(script: str, *arguments: Path) -> Iterator[None]:
    """A second process that changes things all the time, for a minute at most."""
    words = [sys.executable, "-I", "-c", script, *map(str, arguments)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            other.kill()


def nest(folder: Path, levels: int, name: str = "d") -> None:
    """Folders in folders; a path would soon be too long, so by descriptor."""
    at = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=at)
        inner = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
