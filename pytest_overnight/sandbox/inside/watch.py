"""The watch over what all processes of the box use together.

Resource limits of the kernel hold for one process each; without a control group, which
an ordinary user seldom has, nobody adds them up. The helper does, every few
milliseconds while a child lives, and ends everything else in the box when a sum is
over its limit. It is a watch, not a wall: what is used may overshoot by as much as
the box can take in one interval.
"""

from __future__ import annotations

import os
import stat
import time

from pytest_overnight.sandbox.inside.tree import descendants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

INTERVAL_MS = 50
LIMITS = ("", "memory", "processes", "disk", "files")
"""What :meth:`Watch.look` may find, by the number that it has on the wire."""

DEEPEST = 100
"""Folders in folders; deeper ones count as too many files."""
SECONDS_BETWEEN_WALKS = 5.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
_BLOCK = 512  # of st_blocks


class Watch:
    """Looks at processes and folders of one box."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.limits: dict[str, int] = config["watch"]
        self.folders: list[str] = config["watched"]
        self.alone: bool = config["init"]
        self.again = (0.0, 0.0)
        """When the folders may be walked again, and when they must."""
        self.room: dict[str, tuple[int, int]] = {}
        """Folder → free bytes and inodes of its disk at which to walk before that."""
        self.excused = (0, 0)
        """Bytes and entries that were found too many, and ended what made them."""

    def look(self) -> str:
        """Name of a limit that is exceeded now; empty for none."""
        pids = self.processes()
        if len(pids) > self.limits["processes"]:
            return "processes"
        most = self.limits["memory"]
        if resident(pids) > most and proportional(pids) > most:
            return "memory"
        return self.folders_over(pids)

    def processes(self) -> list[int]:
        """All processes of the box but the helper."""
        if not self.alone:
            return descendants(os.getpid())
        return [int(p) for p in os.listdir("/proc") if p.isdigit() and p != "1"]

    def folders_over(self, pids: list[int]) -> str:
        """Count the folders' files, but only when the disk says that it may matter."""
        began = time.monotonic()
        if not self.due(began):
            return ""
        most = (self.limits["disk"], self.limits["files"])
        try:
            found = self.count(pids)
        except OverflowError:
            return "files"
        now = time.monotonic()
        # However large the tree, most of the time is left to others.
        self.again = (now + 4 * (now - began), now + SECONDS_BETWEEN_WALKS)
        half = ((most[0] - found[0]) // 2, (most[1] - found[1]) // 2)
        self.room = {
            folder: (free - half[0], spare - half[1])
            for folder, (free, spare) in self.free().items()
        }
        # What is too much already may be tidied up; it must not grow.
        if found[0] > max(most[0], self.excused[0]):
            over = "disk"
        elif found[1] > max(most[1], self.excused[1]):
            over = "files"
        else:
            if found[0] <= most[0] and found[1] <= most[1]:
                self.excused = (0, 0)
            return ""
        self.excused = (
            max(found[0], self.excused[0]),
            max(found[1], self.excused[1]),
        )
        return over

    def due(self, now: float) -> bool:
        """Whether the room on a disk fell by half of what the box may still take.

        One call for each file system in place of a walk; other programs' writing only
        makes the walk come earlier.
        """
        may, must = self.again
        if now < may:
            return False
        return now >= must or any(
            free <= self.room[folder][0] or spare <= self.room[folder][1]
            for folder, (free, spare) in self.free().items()
        )

    def free(self) -> dict[str, tuple[int, int]]:
        """Folder → free bytes and inodes of its file system."""
        found = {}
        for folder in self.folders:
            state = os.statvfs(folder)
            found[folder] = (state.f_bfree * state.f_frsize, state.f_ffree)
        return found

    def count(self, pids: list[int]) -> tuple[int, int]:
        """Bytes on disk and number of entries, with files deleted but open.

        ``OverflowError`` where the count need not go on.
        """
        used, files = self.deleted(pids)
        for folder in self.folders:
            more, entries = self.tree(folder, files)
            used, files = used + more, files + entries
        return used, files

    def tree(self, folder: str, before: int) -> tuple[int, int]:
        """The same for one folder; follows no link."""
        used = files = 0
        opened = [os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)]
        pending = [_entries(opened[0])]
        try:
            while pending:
                if not pending[-1]:
                    pending.pop()
                    os.close(opened.pop())
                    continue
                name = pending[-1].pop()
                try:
                    state = os.lstat(name, dir_fd=opened[-1])
                except OSError:
                    continue
                files += 1
                used += state.st_blocks * _BLOCK
                if before + files > 2 * self.limits["files"] or len(opened) > DEEPEST:
                    raise OverflowError
                if stat.S_ISDIR(state.st_mode):
                    inner = _open_folder(name, opened[-1])
                    if inner >= 0:
                        opened.append(inner)
                        pending.append(_entries(inner))
        finally:
            for descriptor in opened:
                os.close(descriptor)
        return used, files

    def deleted(self, pids: list[int]) -> tuple[int, int]:
        """Bytes and number of files that only a process still holds."""
        found: dict[tuple[int, int], int] = {}
        for pid in pids:
            try:
                names = os.listdir(f"/proc/{pid}/fd")
            except OSError:
                continue
            for name in names:
                try:
                    state = os.stat(f"/proc/{pid}/fd/{name}")
                except OSError:
                    continue
                if state.st_nlink == 0 and stat.S_ISREG(state.st_mode):
                    found[state.st_dev, state.st_ino] = state.st_blocks * _BLOCK
        return sum(found.values()), len(found)


def _entries(folder: int) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _open_folder(name: str, parent: int) -> int:
    """A descriptor; -1 when it is no folder any more. One that is closed is opened."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(2):
        try:
            return os.open(name, flags, dir_fd=parent)
        except PermissionError:
            _give_back(name, parent)
        except OSError:
            return -1
    return -1


def _give_back(name: str, parent: int) -> None:
    """Let the owner read a folder again; never through a link put in its place."""
    try:
        place = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return
    try:
        if stat.S_ISDIR(os.fstat(place).st_mode):
            os.chmod(f"/proc/self/fd/{place}", 0o700)
    except OSError:
        pass
    finally:
        os.close(place)


def resident(pids: list[int]) -> int:
    """Bytes in memory, pages that several processes share counted for each."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/statm", "rb") as file:
                total += int(file.read().split()[1]) * _PAGE
        except (OSError, IndexError):
            continue
    return total


def proportional(pids: list[int]) -> int:
    """The same, each shared page counted once; the kernel takes far longer.

    A process that forbids the look counts as :func:`resident` has it.
    """
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
                lines = [line for line in file if line.startswith(b"Pss:")]
            total += int(lines[0].split()[1]) * 1024
        except (OSError, IndexError):
            total += resident([pid])
    return total
