"""The results folder: who may write there, and how nothing is torn or lost.

Each file has one writer at a time and appears whole: temporary file, fsync, rename.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.records.clock import now
from pytest_overnight.records.journal import Journal
from pytest_overnight.records.session import read_session

if TYPE_CHECKING:
    from pytest_overnight.records.hrm import HrmRecord
    from pytest_overnight.records.record import MasterLog
    from pytest_overnight.records.record import RunRecord

HISTORY = "history"
JOURNAL = "journal.jsonl"
"""In every results folder that a night was begun in."""
KEPT = "workspaces"
"""What agents left: never to be imported or collected."""
DAMAGED = "damaged"
"""What cannot be used and may yet tell something, by its former place."""
WORKSPACES = ".agent_workspace"
"""Live workspaces, inside the results folder: what locks the one locks the other."""

LEAST_ROOM = 1 << 20
"""Bytes for a session's first files, without which it cannot say what it lacks."""

ARTIFACTS = (
    "quick_wins.md",
    "phase2_tasks.md",
    "test_improvements.md",
    "hrm_next_steps.md",
)
"""Lists of what to do next, beside the report."""

OURS = (
    "master_log.json",
    "status.json",
    JOURNAL,
    "runs",
    "logs",
    "snapshots",
    "tries",
    DAMAGED,
    KEPT,
    "plots",
    "hrm",
    "overnight_report_*.md",
    *ARTIFACTS,
)
"""What a session writes into a results folder, and all that is ever moved away."""


class StoreError(Exception):
    """The results folder cannot be used; the text says why and what to do."""


def write_whole(path: Path, data: bytes) -> None:
    """Write so that a reader finds the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # a Ctrl-C as well; a full disk must not fill with these
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Or a power cut may undo a rename in it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> RunRecord | None:
    from pytest_overnight.records.record import RunRecord

    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def stem(run_id: str, number: int) -> str:
    """What the names of all files of one try begin with.

    No two tries share a file, so that one that still dies spoils nothing of the next.
    """
    return run_id if number == 1 else f"{run_id}-try-{number}"


class RunStore:
    """Paths of one results folder, and the writing of records into it."""

    def __init__(self, results: Path) -> None:
        """Name the folder; nothing is created yet."""
        self.results = results
        self.runs = results / "runs"
        self.logs = results / "logs"
        self.snapshots = results / "snapshots"
        self.tries = results / "tries"
        self.failed = results / KEPT / "failed"
        self.plots = results / "plots"
        self.hrm = results / "hrm"
        self.master_log = results / "master_log.json"
        self.status = results / "status.json"
        self.journal = Journal(results / JOURNAL)
        self.workspaces = results / WORKSPACES

    def create(self) -> None:
        """Make the folders; raises :class:`StoreError` where that is impossible."""
        folders = (self.runs, self.logs, self.snapshots, self.tries, self.failed)
        probe = self.results / f".writable.{os.getpid()}"
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(bytes(LEAST_ROOM))
        except OSError as problem:
            raise StoreError(
                f"{self.results}: the results folder cannot be written "
                f"({problem.strerror}). Mend that, or choose another with "
                "--overnight-results."
            ) from None
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)

    def record_file(self, run_id: str) -> Path:
        """The record of a run."""
        return self.runs / f"{run_id}.json"

    def former_record(self, run_id: str, number: int) -> Path:
        """The record of a try after which the run was played again."""
        return self.tries / f"{run_id}-try-{number}.json"

    def output_log(self, run_id: str, number: int = 1) -> Path:
        """What the verification of a try said."""
        return self.logs / f"{stem(run_id, number)}.txt"

    def ledger_log(self, run_id: str, number: int = 1) -> Path:
        """The ledger of a try, for people."""
        return self.logs / f"{stem(run_id, number)}-ledger.log"

    def events_log(self, run_id: str, number: int = 1) -> Path:
        """The ledger of a try, for machines. It is the try's first file."""
        return self.logs / f"{stem(run_id, number)}-events.jsonl"

    def archive(self, run_id: str, number: int = 1) -> Path:
        """The snapshot of a try."""
        return self.snapshots / f"{stem(run_id, number)}.tar.gz"

    def workspace(self, run_id: str, number: int = 1) -> Path:
        """The live workspace of a try."""
        return self.workspaces / stem(run_id, number)

    def last_try(self, run_id: str) -> int:
        """Number of the last try that began; 0: none did."""
        number = 0
        while self.events_log(run_id, number + 1).exists():
            number += 1
        return number

    def begin_try(self, run_id: str) -> int:
        """Number of a new try: from now on its ledger is there, whatever comes."""
        number = self.last_try(run_id) + 1
        self.ledger_log(run_id, number).touch()
        self.events_log(run_id, number).touch(exist_ok=False)
        self.journal.note("started", run_id=run_id, **{"try": number})
        return number

    def write_run(self, record: RunRecord) -> None:
        """Keep one run for ever; durable when this returns.

        The record of a former try stays beside it, and until then in its place.
        Raises :class:`StoreError` where a counted run would be replaced.
        """
        file = self.record_file(record.run_id)
        former = self.read_run(record.run_id)
        if former is not None and former.done:
            raise StoreError(f"{file}: this run is done; nothing replaces its record.")
        if former is None and file.exists():
            self.set_aside(file)
        if former is not None and former.number != record.number:
            self._keep_former(file, self.former_record(record.run_id, former.number))
        # ASCII alone: who looks at a record meets agent text, but none of its controls.
        text = json.dumps(record.model_dump(mode="json"), indent=2)
        write_whole(file, text.encode() + b"\n")
        self.note_finished(record)

    def _keep_former(self, file: Path, place: Path) -> None:
        try:
            os.link(file, place)
        except FileExistsError:
            pass  # of a process that was killed just here
        except OSError:  # a disk without hard links
            write_whole(place, file.read_bytes())

    def note_finished(self, record: RunRecord) -> None:
        """Say so in the journal."""
        self.journal.note(
            "finished",
            run_id=record.run_id,
            **{"try": record.number},
            outcome=record.outcome,
            stop=record.stop,
        )

    def set_aside(self, path: Path) -> None:
        """Move what cannot be used to ``damaged/``, beside what lies there already."""
        wanted = self.results / DAMAGED / path.relative_to(self.results)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        path.rename(_free_name(wanted.parent, wanted.name, mark="."))
        for folder in (wanted.parent, path.parent):
            _sync(folder)

    def read_run(self, run_id: str) -> RunRecord | None:
        """The record of one run; ``None`` where there is none that can be read."""
        return _read(self.record_file(run_id))

    def read_former(self, run_id: str, number: int) -> RunRecord | None:
        """The same of a try after which the run was played again."""
        return _read(self.former_record(run_id, number))

    def read_runs(self) -> list[RunRecord]:
        """Every readable run record, by run id; what cannot be read is left out."""
        found = (self.read_run(path.stem) for path in sorted(self.runs.glob("*.json")))
        return [record for record in found if record is not None]

    def logged(self, records: Iterable[RunRecord]) -> int:
        """How many of them have both their logs on disk, with something in them."""
        found = 0
        for record in records:
            names = (record.output_log, record.agent_ledger)
            with suppress(OSError, ValueError):
                found += all((self.results / n).stat().st_size > 0 for n in names)
        return found

    def read_hrm(self) -> list[HrmRecord]:
        """Every usable record of an HRM-JEPA task, by id; the others are left out."""
        from pytest_overnight.records.hrm import HrmRecord

        found = []
        for path in sorted(self.hrm.glob("HRM-*.json")):
            with suppress(OSError, ValueError):
                record = HrmRecord.model_validate_json(path.read_bytes())
                if record.task_id == path.stem:
                    found.append(record)
        return found

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

    def put_away_former(self) -> None:
        """Move a former session's files to ``history/<session id>/``."""
        self.finish_putting_away()
        traces = (self.journal.read(), self.master_log.exists())
        if not any((*traces, *self.runs.glob("*"))):
            return
        place = _free_name(self.results / HISTORY, self._former_id())
        write_whole(self._moving_to, place.name.encode())
        self.finish_putting_away()

    def check_history(self) -> None:
        """Raises :class:`StoreError` where a session could not be moved there."""
        try:
            there = (self.results / HISTORY).stat().st_dev
        except FileNotFoundError:
            return
        if there != self.results.stat().st_dev:
            raise StoreError(
                f"{self.results / HISTORY} lies on another disk, and a night cannot be "
                "moved there at once. Move it elsewhere by hand, or choose another "
                "folder with --overnight-results."
            )

    def finish_putting_away(self) -> None:
        """Go on where a process was killed as it moved a session away."""
        try:
            place = self.results / HISTORY / self._moving_to.read_text("utf-8")
        except FileNotFoundError:
            return
        place.mkdir(parents=True, exist_ok=True)
        # By name: the folder may be the user's own, with other things in it.
        for path in [path for name in OURS for path in self.results.glob(name)]:
            if path.is_dir() and (place / path.name).is_dir():
                _remove_empty(path)  # whoever came since the kill has made it anew
            else:
                path.replace(place / path.name)
        self._moving_to.unlink()

    @property
    def _moving_to(self) -> Path:
        return self.results / ".moving_to_history"

    def _former_id(self) -> str:
        facts = read_session(self.journal.read())
        name = Path(facts.id).name if facts else ""
        return name or "unknown-session"


class SessionLock:
    """Held by the one session that may write into a results folder.

    The kernel frees it when the last process that has it open is gone, however that
    happens: its holder, and those whom the holder handed it to.
    """

    def __init__(self, results: Path) -> None:
        """Take the lock; raises :class:`StoreError` naming the holder."""
        self.path = results / LOCK
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self.descriptor = os.open(self.path, flags, 0o644)
        if not self._take():
            holder = _holder(self.path)
            os.close(self.descriptor)
            raise StoreError(
                f"{results}: another session writes here ({holder}). Wait for it, or "
                "give this one a folder of its own with --overnight-results."
            )
        facts = json.dumps({"pid": os.getpid(), "started": now()})
        with suppress(OSError):  # for people alone: it is held without them
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, facts.encode(), 0)

    def _take(self) -> bool:
        """Those whom a killed holder handed it to may need a moment to die, too."""
        for _ in range(PATIENCE):
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if _is_alive(self.path):
                    return False
                time.sleep(0.1)
            else:
                return True
        return False

    def release(self) -> None:
        """Let the next session in."""
        os.close(self.descriptor)


LOCK = ".session.lock"
LOCK_VARIABLE = "OVERNIGHT_LOCK_FD"
"""Environment: descriptor of the lock, as the owner of a session hands it down."""
PATIENCE = 100
"""Tenths of a second that a killed holder's children get."""


OWNER_VARIABLE = "OVERNIGHT_OWNER"
"""Environment: process id of the owner, for those that it starts itself."""


def is_member(results: Path) -> bool:
    """Whether this process was started by who holds the lock of ``results``."""
    try:
        held = os.fstat(int(os.environ.get(LOCK_VARIABLE, "")))
        lock = (results / LOCK).stat()
    except (OSError, ValueError):
        return False
    return (held.st_dev, held.st_ino) == (lock.st_dev, lock.st_ino)


def holder_of(results: Path) -> str:
    """Who holds the lock now, in words; empty: nobody does."""
    path = results / LOCK
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder(path)
    finally:
        os.close(descriptor)
    return ""


def _is_alive(path: Path) -> bool:
    try:
        os.kill(json.loads(path.read_bytes())["pid"], 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return True


def _holder(path: Path) -> str:
    try:
        facts = json.loads(path.read_bytes())
        return f"process {facts['pid']}, started {facts['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "just starting"


def _remove_empty(folder: Path) -> None:
    """A folder with nothing but folders in it; else raises :class:`OSError`."""
    for inner in sorted(folder.rglob("*"), reverse=True):
        inner.rmdir()
    folder.rmdir()


def _free_name(folder: Path, name: str, mark: str = "-") -> Path:
    """``name``, or ``name-2`` …, which nothing there has."""
    candidates = [name, *(f"{name}{mark}{number}" for number in range(2, 10_000))]
    return next(folder / c for c in candidates if not os.path.lexists(folder / c))
