"""Whether anything in the box's own folders changed since they were laid.

Most hidden tests change nothing. Finding that out costs a tenth of laying all anew,
and needs no child, for it reads only what it put there itself: every folder and file
must still have the very ``stat`` that it had, the folders the same names, the files
the same bytes. The first difference ends the look.

The time of the last change of state (``ctime``) tells of new modes, owners, links,
names and extended attributes, and cannot be set back; it does not tell of writes
through ``mmap`` in memory file systems, hence the bytes.
"""

from __future__ import annotations

import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_ENTRIES = 500
MOST_BYTES = 4 * 1024 * 1024
"""Larger submissions are laid anew every time: looking would not be cheaper."""
TICK_SECONDS = 0.001
MOST_TICKS = 50

Found = tuple[os.stat_result, bytes | list[str]]
"""State of an entry, and content of the file, target of the link or names within."""


class Ground:
    """What the box's own folders looked like when they had just been laid."""

    def __init__(self, config: dict[str, Any]) -> None:
        # A box without walls has no clock or owner that agent code could not change.
        self.tops: list[str] = config["scratch"] if config["init"] else []
        self.laid: dict[str, Found] = {}
        self.newest = 0

    def look(self) -> None:
        """Remember all; only while nothing but the helper runs in the box."""
        self.laid = {}
        pending, room = list(self.tops), MOST_BYTES
        for path in pending:  # grows while it is read
            state = os.lstat(path)
            room -= state.st_size
            if room < 0 or len(pending) > MOST_ENTRIES:
                self.laid = {}
                return
            content = _content(path, state)
            self.laid[path] = state, content
            if isinstance(content, list):
                pending += [f"{path}/{name}" for name in content]
        self.newest = max((s.st_ctime_ns for s, _ in self.laid.values()), default=0)

    def settle(self) -> None:
        """Before a child may run: let the clock of ``ctime`` move on.

        It ticks every few milliseconds; a change within the tick of the laying would
        leave no trace.
        """
        for _ in range(MOST_TICKS):
            if _now() > self.newest:
                self.newest = 0
                return
            time.sleep(TICK_SECONDS)
        self.laid, self.newest = {}, 0  # the clock was set back

    def unchanged(self) -> bool:
        """Whether all is as it was; only while nothing but the helper runs."""
        try:
            return bool(self.laid) and all(
                _state(os.lstat(path)) == _state(state)
                and _content(path, state) == content
                for path, (state, content) in self.laid.items()
            )
        except OSError:
            return False


def _now() -> int:
    """The clock that file systems use, in nanoseconds."""
    coarse = getattr(time, "CLOCK_REALTIME_COARSE", 5)  # number of <linux/time.h>
    return time.clock_gettime_ns(coarse)


def _state(state: os.stat_result) -> tuple[float, ...]:
    """All of it; a tuple of a ``stat_result`` alone has whole seconds."""
    return (*state, state.st_atime_ns, state.st_mtime_ns, state.st_ctime_ns)


def _content(path: str, state: os.stat_result) -> bytes | list[str]:
    if stat.S_ISDIR(state.st_mode):
        return sorted(os.listdir(path))
    if stat.S_ISLNK(state.st_mode):
        return os.fsencode(os.readlink(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return os.read(descriptor, state.st_size + 1)
    finally:
        os.close(descriptor)
