"""The results folder: who may write there, and how nothing is torn or lost.

Each file has one writer at a time and appears whole: temporary file, fsync, rename.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from pytest_overnight.records.record import MasterLog
    from pytest_overnight.records.record import RunRecord

HISTORY = "history"
JOURNAL = "journal.jsonl"
"""In every results folder that a night was begun in."""
KEPT = "workspaces"
"""What agents left: never to be imported or collected."""
WORKSPACES = ".agent_workspace"
"""Live workspaces, inside the results folder: what locks the one locks the other."""

OURS = (
    "master_log.json",
    "status.json",
    JOURNAL,
    "runs",
    "logs",
    "snapshots",
    KEPT,
    "plots",
    "overnight_report_*.md",
)
"""What a session writes into a results folder, and all that is ever moved away."""


class StoreError(Exception):
    """The results folder cannot be used; the text says why and what to do."""


def now() -> str:
    """UTC, ISO 8601 to the millisecond, as all records bear it."""
    return stamp(time.time())


def stamp(seconds: float) -> str:
    """The same of a moment in Unix seconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_whole(path: Path, data: bytes) -> None:
    """Write so that a reader finds the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)  # a full disk must not fill with these
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # or a power cut may undo the rename
    finally:
        os.close(folder)


class RunStore:
    """Paths of one results folder, and the writing of records into it."""

    def __init__(self, results: Path) -> None:
        """Name the folder; nothing is created yet."""
        self.results = results
        self.runs = results / "runs"
        self.logs = results / "logs"
        self.snapshots = results / "snapshots"
        self.failed = results / KEPT / "failed"
        self.plots = results / "plots"
        self.master_log = results / "master_log.json"
        self.status = results / "status.json"
        self.journal = results / JOURNAL
        self.workspaces = results / WORKSPACES

    def create(self) -> None:
        """Make the folders; raises :class:`StoreError` where that is impossible."""
        try:
            for folder in (self.runs, self.logs, self.snapshots, self.failed):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.results / f".writable.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as problem:
            raise StoreError(
                f"{self.results}: the results folder cannot be written "
                f"({problem.strerror}). Make it writable, or choose another with "
                "--overnight-results."
            ) from None

    def output_log(self, run_id: str) -> Path:
        """What the try and the verification printed."""
        return self.logs / f"{run_id}.txt"

    def ledger_log(self, run_id: str) -> Path:
        """The ledger for people."""
        return self.logs / f"{run_id}-ledger.log"

    def events_log(self, run_id: str) -> Path:
        """The ledger for machines."""
        return self.logs / f"{run_id}-events.jsonl"

    def archive(self, run_id: str) -> Path:
        """The snapshot."""
        return self.snapshots / f"{run_id}.tar.gz"

    def write_run(self, record: RunRecord) -> None:
        """Keep one run for ever; durable when this returns."""
        # ASCII alone: who looks at a record meets agent text, but none of its controls.
        text = json.dumps(record.model_dump(mode="json"), indent=2)
        write_whole(self.runs / f"{record.run_id}.json", text.encode() + b"\n")
        self.note(
            "finished",
            run_id=record.run_id,
            outcome=record.outcome,
            stop=record.stop,
        )

    def read_runs(self) -> list[RunRecord]:
        """Every readable run record, by run id; what cannot be read is left out."""
        from pytest_overnight.records.record import RunRecord

        records = []
        for path in sorted(self.runs.glob("*.json")):
            try:
                records.append(RunRecord.model_validate_json(path.read_bytes()))
            except (OSError, ValueError):
                continue  # the report names such files
        return records

    def note(self, event: str, **fields: Any) -> None:
        """Append one line to the journal, in one write."""
        line = json.dumps({"event": event, "time": now(), **fields}).encode() + b"\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self.journal, flags, 0o644)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def read_journal(self) -> list[dict[str, Any]]:
        """The session's events; a line that was torn by a crash is left out."""
        events: list[dict[str, Any]] = []
        if not self.journal.exists():
            return events
        for line in self.journal.read_bytes().splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events

    def write_master(self, master: MasterLog) -> None:
        """Replace ``master_log.json``."""
        text = master.model_dump_json(indent=2)
        write_whole(self.master_log, text.encode() + b"\n")

    def write_status(self, status: dict[str, Any]) -> None:
        """Replace ``status.json``: for ``watch``, never for deciding.

        A full disk must not end a night for its sake: then it stays as it is.
        """
        with suppress(OSError):
            write_whole(self.status, json.dumps(status, indent=2).encode() + b"\n")

    def put_away_former(self) -> Path | None:
        """Move a former session's files to ``history/<session id>/``; say where."""
        if not self.results.is_dir():
            return None
        if not (self.master_log.exists() or self.journal.exists()):
            return None
        # By name: the folder may be the user's own, with other things in it.
        former = [path for name in OURS for path in self.results.glob(name)]
        place = _free_name(self.results / HISTORY, self._former_id())
        place.mkdir(parents=True)
        for path in former:
            path.replace(place / path.name)
        return place

    def _former_id(self) -> str:
        try:
            former = json.loads(self.master_log.read_bytes())["session_id"]
        except (OSError, ValueError, KeyError, TypeError):
            return "unknown-session"
        return Path(str(former)).name or "unknown-session"


class SessionLock:
    """Held by the one session that may write into a results folder.

    The kernel frees it when its holder dies, however that happens.
    """

    def __init__(self, results: Path) -> None:
        """Take the lock; raises :class:`StoreError` naming the holder."""
        self.path = results / ".session.lock"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _holder(self.path)
            os.close(self._descriptor)
            raise StoreError(
                f"{results}: another session writes here ({holder}). Wait for it, or "
                "give this one a folder of its own with --overnight-results."
            ) from None
        facts = json.dumps({"pid": os.getpid(), "started": now()})
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, facts.encode(), 0)

    def release(self) -> None:
        """Let the next session in."""
        os.close(self._descriptor)


def _holder(path: Path) -> str:
    try:
        facts = json.loads(path.read_bytes())
        return f"process {facts['pid']}, started {facts['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "just starting"


def _free_name(folder: Path, name: str) -> Path:
    candidates = [name, *(f"{name}-{number}" for number in range(2, 10_000))]
    return next(folder / c for c in candidates if not (folder / c).exists())
