"""Former sessions, as they lie in ``history/``: when they ended, what takes room."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_overnight.records.store import JOURNAL
from pytest_overnight.records.store import KEPT

SNAPSHOTS = "snapshots"
OLDEST = datetime(2020, 1, 1).timestamp()
"""A session that says it ended before was held by a clock that nobody had set."""
TAIL = 1 << 16
"""Bytes of the end of a journal in which its last event stands."""


@dataclass(frozen=True, slots=True)
class Former:
    """One former session's folder."""

    folder: Path
    ended: float
    """Unix time."""

    def parts(self) -> list[Path]:
        """What takes room. The unpacked comes first: it is there twice."""
        return [p for name in (KEPT, SNAPSHOTS) if is_folder(p := self.folder / name)]

    def views(self) -> list[Path]:
        """Unpacked workspaces of single runs."""
        failed = self.folder / KEPT / "failed"
        return sorted(path for path in failed.glob("*") if is_folder(path))

    def archive_of(self, view: Path) -> str:
        """The archive with the same content, relative to ``folder``.

        Empty where there is none with the digest that the record gives.
        """
        with suppress(OSError, ValueError, KeyError, TypeError):
            text = (self.folder / "runs" / f"{view.name}.json").read_bytes()
            kept = json.loads(text)["snapshot"]
            with (self.folder / kept["path"]).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest == kept["sha256"]:
                return str(kept["path"])
        return ""


def former_sessions(history: Path) -> list[Former]:
    """All sessions that lie in a folder ``history/``, the oldest first."""
    if not history.is_dir():
        return []
    folders = [path for path in history.iterdir() if _is_session(path)]
    found = [Former(folder, _ended(folder)) for folder in folders]
    return sorted(found, key=lambda former: (former.ended, former.folder.name))


def _is_session(folder: Path) -> bool:
    """A user's own folder may hold a ``history/`` of other things."""
    signs = ("master_log.json", JOURNAL)
    return (
        is_folder(folder)
        and is_folder(folder / "runs")
        and any((folder / sign).is_file() for sign in signs)
    )


def is_folder(path: Path) -> bool:
    """A link to one is not: somebody keeps these things elsewhere on purpose."""
    return path.is_dir() and not path.is_symlink()


def _ended(folder: Path) -> float:
    """When a session ended, as it says itself.

    The folder's own times are of its last move or copy: they are asked only where
    nothing else is known.
    """
    said = (_time(_master_end(folder)), _time(_last_event(folder / JOURNAL)))
    known = [time for time in said if time is not None]
    return max(known) if known else folder.stat().st_mtime


def _master_end(folder: Path) -> Any:
    with suppress(OSError, ValueError, AttributeError, RecursionError):
        master = json.loads((folder / "master_log.json").read_bytes())
        return master.get("end_time") or master.get("start_time")
    return None


def _last_event(journal: Path) -> Any:
    """Its time. The file may be large, and its end torn."""
    with suppress(OSError), journal.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        for line in reversed(file.read().splitlines()):
            with suppress(ValueError, KeyError, TypeError, RecursionError):
                return json.loads(line)["time"]
    return None


def _time(stamped: Any) -> float | None:
    with suppress(ValueError, TypeError, OverflowError):
        seconds = datetime.fromisoformat(stamped).timestamp()
        return seconds if seconds >= OLDEST else None
    return None
