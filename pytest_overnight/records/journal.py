"""The journal of a session: what happened when, one line an event, only ever added to.

All processes of a session write into it and read from it: the controller, its workers,
whoever watches. What it says survives any of them.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from pytest_overnight.records import clock
from pytest_overnight.records.clock import now
from pytest_overnight.records.events import Event


class Journal:
    """``journal.jsonl`` of one results folder."""

    def __init__(self, path: Path) -> None:
        """Name the file; it need not be there."""
        self.path = path
        self._events: list[Event] = []
        self._inode = 0
        self._read = 0
        """Bytes taken in so far, all of whole lines."""

    def note(self, event: str, **fields: Any) -> None:
        """Append one line, in one write; durable when this returns.

        ``fields`` must be plain JSON types. ``clock`` is
        :func:`records.clock.wall`: it tells how long something took also where somebody
        sets the system's clock. Raises :class:`OSError` where the line, or a part of
        it, cannot be written.
        """
        facts = {"event": event, "time": now(), "clock": round(clock.wall(), 3)}
        line = json.dumps({**facts, **fields}).encode() + b"\n"
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o644)
        try:
            if _is_torn(descriptor):  # by a full disk, or a power cut
                line = b"\n" + line  # or this event would be lost with the torn one
            if os.write(descriptor, line) < len(line):
                full = errno.ENOSPC
                raise OSError(full, os.strerror(full), str(self.path))
            os.fdatasync(descriptor)  # a record whose session is unknown is no use
        finally:
            os.close(descriptor)

    def read(self) -> list[Event]:
        """All events so far; a line that was torn by a crash is left out.

        A second call reads only what is new. The list must not be changed.
        """
        try:
            with self.path.open("rb") as file:
                state = os.fstat(file.fileno())
                if state.st_ino != self._inode or state.st_size < self._read:
                    self._events, self._read = [], 0  # another night's
                    self._inode = state.st_ino
                file.seek(self._read)
                new = file.read()
        except FileNotFoundError:
            self._events, self._read, self._inode = [], 0, 0
            return self._events
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        self._events += filter(None, map(_event, whole.splitlines()))
        return self._events


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _event(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):  # the latter of endless brackets
        return None
    return event if isinstance(event, dict) and "event" in event else None
