"""Small disks of a test's own, which fill up, and fail; root mounts them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BALLAST = "ballast"


class Disk:
    """A mounted disk."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where it is mounted."""
        self.folder = folder

    def free(self) -> int:
        """Bytes that can still be written."""
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Until so many bytes are free."""
        with (self.folder / BALLAST).open("ab", buffering=0) as file:
            try:
                while (left := self.free() - leave) > 0:
                    file.write(bytes(min(left, 1 << 20)))
            except OSError:
                assert leave == 0

    def empty(self) -> None:
        """Take the ballast away."""
        (self.folder / BALLAST).unlink()

    def mount(self, *words: str) -> None:
        """Raises ``CalledProcessError``."""
        argv = ["mount", *words, str(self.folder)]
        subprocess.run(argv, check=True, capture_output=True)

    def unmount(self) -> None:
        """Whoever still has it open keeps it; nobody sees it here."""
        argv = ["umount", "--lazy", str(self.folder)]
        subprocess.run(argv, check=False, capture_output=True)


class FailingDisk(Disk):
    """A file of ours, as a disk with a file system that gives up when it fails."""

    def __init__(self, folder: Path, image: Path) -> None:
        super().__init__(folder)
        self.image = image
        with image.open("wb") as file:
            file.truncate(64 << 20)
        argv = ["mkfs.ext4", "-q", str(image)]
        subprocess.run(argv, check=True, capture_output=True)
        self.repair()

    def fail(self) -> None:
        """From now on nobody can write, also who has a file open."""
        self.mount("-o", "remount,abort")

    def repair(self) -> None:
        """As it is after the next start of the machine."""
        self.unmount()
        self.mount("-o", "loop", str(self.image))


@contextmanager
def small_disk(folder: Path, size: str = "64m") -> Iterator[Disk]:
    """In memory. Skips the test where it cannot be mounted."""
    folder.mkdir()
    disk = Disk(folder)
    try:
        disk.mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk takes the right to mount one")
    try:
        yield disk
    finally:
        disk.unmount()


@contextmanager
def failing_disk(folder: Path) -> Iterator[FailingDisk]:
    """Skips the test where there is no such thing."""
    folder.mkdir()
    try:
        disk = FailingDisk(folder, folder.with_name("disk.image"))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a failing disk takes mkfs.ext4 and the right to mount a file")
    try:
        yield disk
    finally:
        disk.unmount()
