"""The ledger of one try: every round, action, nudge and wait, on disk as it happens.

Two files: ``<run>-events.jsonl`` for machines, one JSON object a line with all of it,
and ``<run>-ledger.log`` for people, see ``ledger_text.py``. A try that is killed leaves
whole lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_overnight.records.clock import unix_clock
from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.ledger_text import block

TIMED = {"round", "cut", "fault", "wait", "action"}
"""Events that say how long something took, none of it within another."""


class Ledger:
    """Append-only writer; each event is one ``write`` per file."""

    def __init__(
        self, events: Path, log: Path, clock: Callable[[], float] | None = None
    ) -> None:
        """Open both files for appending. ``clock`` gives Unix seconds.

        By default one that nobody sets: times of one try can be subtracted.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._events = os.open(events, flags, 0o644)
        self._log = os.open(log, flags, 0o644)
        self._clock = clock or unix_clock()
        self.waited = 0.0
        """Seconds booked so far as waits that are not the agent's, by its own clock."""
        self.booked = 0.0
        """Seconds of all model calls, tool calls and waits written so far, likewise."""

    def write(self, event: str, **fields: Any) -> None:
        """Append one event; ``fields`` must be plain JSON types."""
        now = self._clock()
        line = json.dumps({"event": event, "time": round(now, 6), **fields})
        os.write(self._events, line.encode() + b"\n")
        self.waited += _waited(event, fields)
        if event in TIMED and fields.get("kind") != "suspend":
            self.booked += figure(fields, "seconds")
        os.write(self._log, block(now, event, fields).encode())

    def close(self) -> None:
        """Flush to the device and close."""
        os.fdatasync(self._events)
        os.close(self._events)
        os.close(self._log)


def _waited(event: str, fields: dict[str, Any]) -> float:
    kinds = {"wait": ("infra", "rate", "load"), "fault": ("infra",)}
    return (
        figure(fields, "seconds") if fields.get("kind") in kinds.get(event, ()) else 0
    )


def log_of(events: Sequence[Event]) -> str:
    """The ledger for people, as it follows from the one for machines."""
    return "".join(
        block(figure(event, "time"), text(event, "event"), _fields(event))
        for event in events
    )


def is_lacking(log: Path) -> bool:
    """Also of one whose writer was killed, or lost its disk, before its first line."""
    return not log.is_file() or log.stat().st_size == 0


def _fields(event: Event) -> Event:
    return {key: event[key] for key in event if key not in ("event", "time")}


def read_events(path: Path) -> list[Event]:
    """All whole events of a file; a torn last line (a killed try) is left out."""
    events = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):  # the latter of endless brackets
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events
