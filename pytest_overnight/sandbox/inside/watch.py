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

from pytest_overnight.sandbox.inside.folder import open_folder
from pytest_overnight.sandbox.inside.tree import descendants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

INTERVAL_MS = 50
LIMITS = ("", "memory", "processes", "disk", "files")
"""What :meth:`Watch.look` may find, by the number that it has on the wire."""

MOST_LOST = 20
"""Walks in a row that may lose their way because folders are moved meanwhile."""
SECONDS_BETWEEN_WALKS = 5.0
SECONDS_BETWEEN_LISTS = 0.5
PATIENCE = 4
"""Times as long as a walk or a list took, the next one waits: most is for others."""
MOST_EXCUSED = 4
"""Times a limit that may lie in the folders for commands to tidy up."""
SOCKET_BYTES = 400_000
"""Of kernel memory that full buffers of one socket take, about."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_BLOCK = 512  # of st_blocks


class Watch:
    """Looks at processes and folders of one box."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.limits: dict[str, int] = config["watch"]
        self.folders: list[str] = config["watched"]
        self.alone: bool = config["init"]
        self.held = Held(config)
        self.list_at = 0.0
        self.walk_at = (0.0, 0.0)
        """When the folders may be walked again, and when they must."""
        self.walked = (0, 0)
        """Bytes and entries that were found in the folders."""
        self.room: dict[str, tuple[int, int]] = {}
        """Folder → free bytes and inodes of its disk at which to walk before that."""
        self.excused = (0, 0)
        """Bytes and entries that were found too many, and ended what made them."""
        self.lost = 0

    def look(self, ours: set[int]) -> str:
        """Name of a limit that is exceeded now; empty for none.

        ``ours``: processes of the box that are not agent code.
        """
        pids = [pid for pid in self.processes() if pid not in ours]
        if sum(map(threads, pids)) > self.limits["processes"]:
            return "processes"
        began = time.monotonic()
        if began >= self.list_at:
            self.held.list(pids)
            now = time.monotonic()
            self.list_at = now + max(SECONDS_BETWEEN_LISTS, PATIENCE * (now - began))
        most = self.limits["memory"] - self.held.memory
        if resident(pids) > most and proportional(pids) > most:
            return "memory"
        return self.folders_over()

    def processes(self) -> list[int]:
        """All processes of the box but the helper."""
        if not self.alone:
            return descendants(os.getpid())
        return [int(p) for p in os.listdir("/proc") if p.isdigit() and p != "1"]

    def folders_over(self) -> str:
        """Whether there is too much in the folders, or held open and nowhere else."""
        began = time.monotonic()
        if self.due(began):
            try:
                self.walked = self.count()
            except LostError:
                self.lost += 1
                return "files" if self.lost > MOST_LOST else ""
            self.lost = 0
            now = time.monotonic()
            self.walk_at = (now + PATIENCE * (now - began), now + SECONDS_BETWEEN_WALKS)
            half = [
                (self.limits[name] - found) // 2
                for name, found in zip(("disk", "files"), self.walked, strict=True)
            ]
            self.room = {
                folder: (free - half[0], spare - half[1])
                for folder, (free, spare) in self.free().items()
            }
        used = (self.walked[0] + self.held.disk, self.walked[1] + self.held.files)
        # What is too much already may be tidied up; it must not grow.
        if used[0] > max(self.limits["disk"], self.excused[0]):
            return "disk"
        if used[1] > max(self.limits["files"], self.excused[1]):
            return "files"
        if used[0] <= self.limits["disk"] and used[1] <= self.limits["files"]:
            self.excused = (0, 0)
        return ""

    def excuse(self) -> None:
        """Let what is there now be tidied up: what made it has just been ended.

        Only so much of it: else one command after the other could add to it.
        """
        self.list_at = 0.0
        self.walk_at = (0.0, 0.0)
        used, files = self.count()
        self.excused = (
            min(used, MOST_EXCUSED * self.limits["disk"]),
            min(files, MOST_EXCUSED * self.limits["files"]),
        )

    def due(self, now: float) -> bool:
        """Whether the room on a disk fell by half of what the box may still take.

        One call for each file system in place of a walk; other programs' writing only
        makes the walk come earlier.
        """
        may, must = self.walk_at
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

    def count(self) -> tuple[int, int]:
        """Bytes on disk and number of entries in all folders.

        Goes no further than what is too much in any case. Raises :class:`LostError`
        when folders are moved under it.
        """
        used = files = 0
        most = MOST_EXCUSED * self.limits["files"]
        seen: set[tuple[int, int]] = set()
        for folder in self.folders:
            for state in walk(folder):
                files += 1
                if files > most:
                    return used, files
                if state.st_nlink > 1 and not stat.S_ISDIR(state.st_mode):
                    if (state.st_dev, state.st_ino) in seen:
                        continue
                    seen.add((state.st_dev, state.st_ino))
                used += state.st_blocks * _BLOCK
        return used, files


class Held:
    """What processes hold that lies in no folder: lists of the kernel, added up."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.file_bytes: int = config["file_bytes"]
        self.most: int = config["watch"]["disk"]
        self.disk = self.files = self.memory = 0
        self.closed: set[int] = set()
        """Processes that could not be looked into."""

    def list(self, pids: list[int]) -> None:
        """Files that are deleted but open or mapped or on their way, and sockets."""
        self.deleted: dict[tuple[int, int], int] = {}
        self.memory = hidden = travelling = 0
        closed, self.closed = self.closed, set()
        for pid in pids:
            try:
                names = os.listdir(f"/proc/{pid}/fd")
                self.add_mapped(pid)
            except PermissionError:
                # A program that nobody may look into could hold anything. But so is
                # every process between the helper's fork and its own program.
                self.closed.add(pid)
                hidden += (self.most + 1) * (pid in closed)
                continue
            except OSError:  # it has ended
                continue
            for name in names:
                travelling += self.add_open(pid, name)
        self.disk = sum(self.deleted.values()) + hidden + travelling * self.file_bytes
        self.files = len(self.deleted) + travelling

    def add_open(self, pid: int, name: str) -> int:
        """One descriptor; how many others wait in it to be received."""
        try:
            state = os.stat(f"/proc/{pid}/fd/{name}")
            if stat.S_ISREG(state.st_mode) and state.st_nlink == 0:
                self.add(state.st_dev, state.st_ino, state.st_blocks * _BLOCK)
            elif stat.S_ISSOCK(state.st_mode):
                self.memory += SOCKET_BYTES
                return _number(f"/proc/{pid}/fdinfo/{name}", b"scm_fds:")
        except OSError:  # closed meanwhile
            pass
        return 0

    def add_mapped(self, pid: int) -> None:
        """Files that are only mapped; the part that is mapped counts, at least."""
        with open(f"/proc/{pid}/maps", "rb") as lines:
            for line in lines:
                if line.endswith(b" (deleted)\n"):
                    addresses, _, _, device, inode, path = line.split(None, 5)
                    if path.startswith(b"/dev/zero "):  # memory, counted as such
                        continue
                    first, last = (int(end, 16) for end in addresses.split(b"-"))
                    major, minor = (int(part, 16) for part in device.split(b":"))
                    self.add(os.makedev(major, minor), int(inode), last - first)

    def add(self, device: int, inode: int, size: int) -> None:
        """One file, however many hold it."""
        self.deleted[device, inode] = max(size, self.deleted.get((device, inode), 0))


class LostError(Exception):
    """A folder is not any more where the walk came from."""


def walk(folder: str) -> Iterator[os.stat_result]:
    """The state of every entry below a folder, however deep; follows no link.

    Holds one descriptor at a time. Raises :class:`LostError` when it cannot go back.
    """
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    trail = [(_identity(here), _entries(here))]
    try:
        while True:
            entries = trail[-1][1]
            if not entries:
                trail.pop()
                if not trail:
                    return
                here = _exchange(here, _parent(here))
                if _identity(here) != trail[-1][0]:
                    raise LostError
                continue
            name = entries.pop()
            try:
                state = os.lstat(name, dir_fd=here)
            except OSError:
                continue
            yield state
            if stat.S_ISDIR(state.st_mode):
                try:
                    inner = open_folder(name, here)
                except OSError:
                    continue
                here = _exchange(here, inner)
                trail.append((_identity(here), _entries(here)))
    finally:
        os.close(here)


def _identity(folder: int) -> tuple[int, int]:
    state = os.fstat(folder)
    return state.st_dev, state.st_ino


def _parent(folder: int) -> int:
    try:
        return open_folder("..", folder)
    except OSError:
        raise LostError from None


def _exchange(old: int, new: int) -> int:
    os.close(old)
    return new


def _entries(folder: int) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def threads(pid: int) -> int:
    """How many threads a process has, as the kernel's own limit counts them."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[17])  # see proc(5)
    except (OSError, IndexError):
        return 0


def _number(path: str, key: bytes) -> int:
    """The number behind a key at a line's beginning; 0 where there is none."""
    with open(path, "rb") as lines:
        return next((int(x.split()[1]) for x in lines if x.startswith(key)), 0)


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
