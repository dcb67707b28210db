"""The ledger of one try: every round, action, nudge and wait, on disk as it happens.

Two files with the same content: ``<run>-events.jsonl`` for machines, one JSON object a
line, and ``<run>-ledger.log`` for people. A try that is killed leaves whole lines.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PREVIEW = 400
"""Characters of one field shown in the people's file; machines get it all."""


class Ledger:
    """Append-only writer; each event is one ``write`` per file."""

    def __init__(
        self, events: Path, log: Path, clock: Callable[[], float] = time.time
    ) -> None:
        """Open both files for appending. ``clock`` gives Unix seconds."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._events = os.open(events, flags, 0o644)
        self._log = os.open(log, flags, 0o644)
        self._clock = clock

    def write(self, event: str, **fields: Any) -> None:
        """Append one event; ``fields`` must be plain JSON types."""
        now = self._clock()
        line = json.dumps({"event": event, "time": round(now, 6), **fields})
        os.write(self._events, line.encode() + b"\n")
        os.write(self._log, _for_people(now, event, fields).encode() + b"\n")

    def close(self) -> None:
        """Flush to the device and close."""
        os.fdatasync(self._events)
        os.close(self._events)
        os.close(self._log)


def read_events(path: Path) -> list[dict[str, Any]]:
    """All whole events of a file; a torn last line (a killed try) is left out."""
    events = []
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events


def _for_people(now: float, event: str, fields: dict[str, Any]) -> str:
    stamp = time.strftime("%H:%M:%S", time.localtime(now))
    shown = "  ".join(f"{k}={_preview(v)}" for k, v in fields.items())
    return one_line(f"{stamp}  {event:<12} {shown}".rstrip())


def _preview(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}… ({len(text)} chars)"


def one_line(text: str) -> str:
    """Agent text made fit for a terminal: escapes and line breaks become visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def plain(text: str) -> str:
    """The same with its line breaks: what they part still begins lines of its own."""
    return "\n".join(map(one_line, text.split("\n")))


def make_plain(path: Path) -> None:
    """The same for a log that something else has written; whole when it is seen."""
    temporary = path.with_name(f".{path.name}.tmp")
    with (
        path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as raw,
        temporary.open("w", encoding="utf-8") as shown,
    ):
        while chunk := raw.read(1 << 20):
            shown.write(plain(chunk))
    temporary.replace(path)
