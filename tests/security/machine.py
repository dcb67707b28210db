"""What a night may leave behind on the machine, and how to find it."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pytest_overnight.sandbox.inside import tree
from pytest_overnight.sandbox.user import COUNT
from pytest_overnight.sandbox.user import FIRST_ID

Born = tuple[int, int]
"""Process id and time of birth: ids are used again."""


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether a state of the machine is reached; generous, for it is no timing."""
    limit = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def processes() -> Iterator[int]:
    """All that the kernel shows us."""
    return (int(path.name) for path in Path("/proc").glob("[0-9]*"))


def marked(word: str) -> list[int]:
    """Processes with a word in their command line or, where readable, environment."""
    found = []
    for pid in processes():
        text = b""
        for name in ("cmdline", "environ"):
            with suppress(OSError):
                text += Path(f"/proc/{pid}/{name}").read_bytes()
        if word.encode() in text:
            found.append(pid)
    return found


def born(pid: int) -> Born | None:
    """A living process; ``None`` for one that is gone, or dead and not yet reaped."""
    fields = _stat(pid)
    return (pid, int(fields[19])) if fields and fields[0] not in "ZX" else None


def family(pid: int) -> set[Born]:
    """A process and everything below it, now."""
    return set(filter(None, map(born, [pid, *tree.descendants(pid)])))


def alive(family: Iterable[Born]) -> list[str]:
    """Command lines of those that still live."""
    return [_command(one[0]) for one in family if born(one[0]) == one]


def line_of(pid: int, top: int) -> list[int]:
    """From ``top`` down to a process below it; empty where it is not below."""
    line = [pid]
    while line[-1] != top:
        fields = _stat(line[-1])
        if not fields or int(fields[1]) == 0:
            return []
        line.append(int(fields[1]))
    return line[::-1]


def sockets_of(family: Iterable[Born]) -> set[str]:
    """Inode numbers of the sockets that these processes hold."""
    found = set()
    for pid, _ in family:
        with suppress(OSError):
            for path in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    name = str(path.readlink())
                    if name.startswith("socket:["):
                        found.add(name[8:-1])
    return found


def sockets() -> set[str]:
    """Inode numbers of all sockets of this machine that have a name."""
    found = set()
    for table, column in (("unix", 6), ("tcp", 9), ("udp", 9)):
        for row in Path("/proc/net", table).read_text().splitlines()[1:]:
            found.add(row.split()[column])
    return found


def mounts_below(folder: Path) -> list[str]:
    """Mounts that the machine itself sees."""
    rows = Path("/proc/mounts").read_text().splitlines()
    return [row for row in rows if str(folder) in row]


def available_mb() -> int:
    """Memory that a new program may have."""
    rows = Path("/proc/meminfo").read_text().splitlines()
    fields = dict(row.split(":") for row in rows)
    return int(fields["MemAvailable"].split()[0]) >> 10


def rss_kb(pid: int) -> int:
    """Memory of a process that is in use, as the kernel counts it page by page."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("Rss:")).split()[1])


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def litter(*places: Path) -> list[str]:
    """What the users of boxes have left in folders of the whole machine."""
    users = range(FIRST_ID, FIRST_ID + COUNT)
    return [
        str(path)
        for place in places
        if place.is_dir()
        for path in place.iterdir()
        if path.lstat().st_uid in users
    ]


def used_mb(folder: Path) -> float:
    """Disk space of everything in a folder."""
    blocks = sum(path.lstat().st_blocks for path in folder.rglob("*"))
    return blocks * 512 / 2**20


def _stat(pid: int) -> list[str]:
    """State, parent and so on: from the third field of proc(5)'s ``stat`` on."""
    try:
        data = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    return data.rpartition(b")")[2].decode().split()


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return str(pid)
    return f"{pid}: {b' '.join(words).decode(errors='replace')[:200]}"
