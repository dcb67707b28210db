"""What lies in a results folder, read once: journal, records, and files of tries.

A night may be at work meanwhile. What it has under way is told apart (``busy``): a run
that is just being recorded must not look like one that is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from pytest_overnight.records.events import LARGEST
from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.schema import newer_version
from pytest_overnight.records.session import SESSION
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import HISTORY
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import holder_of
from pytest_overnight.rules.outcome import Outcome

STEM = re.compile(r"([\w.-]+-run-\d{4,})(?:-try-(\d+))?")
"""Run id and number of what the names of all files of a try begin with."""
CLEANED = "cleaned.txt"
"""In the folder of a former session: says what went to make room, and why."""
MOVING = ".moving_to_history"
"""In a results folder: says where its session is being moved."""
LOG_ENDS = ("-ledger.log", "-events.jsonl", ".txt")
ARCHIVE_END = ".tar.gz"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A record that cannot be used."""

    path: Path
    what: str
    damaged: bool
    """Whether it is no whole record; else it may well be intact, and stays."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One look at a results folder."""

    store: RunStore
    at_work: str
    """The session that is at work there, in words; empty: none is."""
    events: Sequence[Event]
    facts: SessionFacts | None
    records: dict[str, RunRecord]
    """Run id → record, of this session's that can be used and are not under way."""
    unusable: tuple[Unusable, ...]
    foreign: tuple[RunRecord, ...]
    """Whole records of another session."""
    tries: dict[str, frozenset[int]]
    """Run id → numbers of the tries of which a log or a snapshot lies there."""
    busy: frozenset[str]
    """Runs that are under way, or were at any instant of this look."""
    cleaned: frozenset[str] = frozenset()
    """Folders of a former session that went to make room, from its own folder on."""

    @property
    def unfit(self) -> frozenset[str]:
        """Runs whose record is there, but not to be used."""
        broken = {one.path.stem for one in self.unusable}
        return frozenset(broken | {record.run_id for record in self.foreign})

    def where(self, path: Path) -> str:
        """A path as the user sees it, from the results folder on."""
        return path.relative_to(self.store.results).as_posix()

    def is_cleaned(self, path: Path) -> bool:
        """Whether it, or a folder that it was in, went to make room."""
        name = self.where(path)
        return any(f"{name}/".startswith(f"{gone}/") for gone in self.cleaned)

    def of_runs(self, event: str) -> dict[tuple[str, int], Event]:
        """Run id and number of try → the last event of this name, none of busy runs."""
        return {
            (run_id, int(figure(found, "try"))): found
            for found in self.events
            if found["event"] == event
            and run_and_try(run_id := text(found, "run_id")) == (run_id, 1)
            and run_id not in self.busy
        }


def gather(results: Path, *, mine: bool = False) -> Evidence:
    """Read a results folder; nothing in it is changed, no lock is kept.

    ``mine``: the caller holds the session's lock.
    """
    store = RunStore(results)
    at_work = "" if mine else holder_of(results)
    seen = len(store.journal.read())
    # In this order: a run that has no workspace any more has all its other files.
    busy = _under_way(store.journal.read()[:seen], store) if at_work else set()
    tries = dict(_tries_of(store))
    usable, unusable = _records(store)
    events = tuple(store.journal.read())
    if at_work:
        busy |= {text(event, "run_id") for event in events[seen:]} - {""}
    facts = read_session(events)
    return Evidence(
        store=store,
        at_work=at_work,
        events=events,
        facts=facts,
        records={
            record.run_id: record
            for record in usable
            if record.run_id not in busy and not _is_foreign(record, facts)
        },
        unusable=tuple(found for found in unusable if found.path.stem not in busy),
        foreign=tuple(record for record in usable if _is_foreign(record, facts)),
        tries={
            run_id: numbers for run_id, numbers in tries.items() if run_id not in busy
        },
        busy=frozenset(busy),
        cleaned=frozenset(_cleaned(store)),
    )


def _cleaned(store: RunStore) -> Iterator[str]:
    """By the note of whoever cleans; a cleaning that was killed may have left none."""
    folder = store.results.resolve()
    if folder.parent.name != HISTORY:
        return
    for path in (store.snapshots, store.failed):
        if not path.exists():
            yield path.relative_to(store.results).as_posix()
    with suppress(OSError):
        lines = (folder / CLEANED).read_text("utf-8", "replace").splitlines()
        found = (re.search(r"^\S+ removed (.+?)/ \(", line) for line in lines)
        yield from (match[1] for match in found if match)


def half_moved(results: Path) -> Path | None:
    """Where a session is on its way to, from here or to here; ``None``: none is."""
    above = results.resolve().parent
    for folder in (results.resolve(), above.parent):
        with suppress(OSError, ValueError):
            name = (folder / MOVING).read_text("utf-8")
            place = folder / HISTORY / name
            if folder == results.resolve() or place == results.resolve():
                return place
    return None


def _under_way(events: Sequence[Event], store: RunStore) -> set[str]:
    """Runs that have begun and are not tidied up."""
    open_runs: set[str] = set()
    for event in events:
        if event["event"] in ("started", "regraded"):
            open_runs.add(text(event, "run_id"))
        elif event["event"] == "finished":
            open_runs.discard(text(event, "run_id"))
        elif event["event"] == SESSION:
            open_runs.clear()  # what was cut off waits for its turn
    if store.workspaces.is_dir():
        live = (p.name.removesuffix(".snapshot") for p in store.workspaces.iterdir())
        open_runs |= {found[0] for name in live if (found := run_and_try(name))}
    return open_runs


def run_and_try(stem: str) -> tuple[str, int] | None:
    """``("L3-1-run-0001", 2)`` of ``L3-1-run-0001-try-2``; ``None`` for other names."""
    found = STEM.fullmatch(stem)
    return (found[1], int(found[2] or 1)) if found else None


def _tries_of(store: RunStore) -> Iterator[tuple[str, frozenset[int]]]:
    """Of what lies in ``logs/`` and ``snapshots/``; servers' logs bear other names."""
    ends = ((store.logs, LOG_ENDS), (store.snapshots, (ARCHIVE_END,)))
    found: dict[str, set[int]] = {}
    for folder, endings in ends:
        for path in folder.iterdir() if folder.is_dir() else ():
            end = next((end for end in endings if path.name.endswith(end)), None)
            named = run_and_try(path.name.removesuffix(end)) if end else None
            if named:
                found.setdefault(named[0], set()).add(named[1])
    return ((run_id, frozenset(numbers)) for run_id, numbers in sorted(found.items()))


def _records(store: RunStore) -> tuple[list[RunRecord], list[Unusable]]:
    usable, unusable = [], []
    for path in sorted(store.runs.glob("*.json")):
        record = read_record(path, path.stem)
        if isinstance(record, Unusable):
            unusable.append(record)
        else:
            usable.append(record)
    return usable, unusable


def read_record(path: Path, run_id: str) -> RunRecord | Unusable:
    """The record of this run in a file, or what is wrong with the file."""
    try:
        data = path.read_bytes()
        record = RunRecord.model_validate_json(data)
    except IsADirectoryError:
        return Unusable(path, "is no file", True)
    except OSError as problem:
        return Unusable(path, f"cannot be read: {problem.strerror}", False)
    except ValidationError as problem:
        return _unfit(path, data, problem)
    wrong = contradiction(record, run_id)
    return Unusable(path, wrong, True) if wrong else record


def _unfit(path: Path, data: bytes, problem: ValidationError) -> Unusable:
    first = problem.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Unusable(path, f"is no whole JSON ({first['msg']})", True)
    if newer := newer_version(data):
        return Unusable(path, newer, False)
    field = ".".join(str(part) for part in first["loc"])
    return Unusable(path, f"is no run record ({field}: {first['msg']})", True)


def contradiction(record: RunRecord, run_id: str) -> str:
    """What in the record of a run cannot be true; empty when all is well."""
    if record.run_id != run_id:
        return f"holds the record of another run, {record.run_id}"
    if record.outcome not in {outcome.value for outcome in Outcome}:
        return f"has an outcome that is not known, {record.outcome}"
    outcome = Outcome(record.outcome)
    if record.counted != outcome.counted:
        return f"contradicts itself: outcome {outcome}, counted {record.counted}"
    if record.success != (outcome is Outcome.PASSED if outcome.counted else None):
        return f"contradicts itself: outcome {outcome}, success {record.success}"
    if odd := _odd_figure(record):
        return f"has a figure that cannot be, {odd}"
    if not all(map(_is_moment, (record.timestamp_start, record.timestamp_end))):
        return "has a time that is no moment"
    return ""


def _odd_figure(record: RunRecord) -> str:
    """A number with its name that no run can have; empty when all can be."""
    parts: list[tuple[str, object]] = [
        ("duration", record.duration),
        ("rounds", record.rounds),
        ("actions", record.actions),
        *((f"tries, {one.number}", one.duration) for one in record.tries),
        *record.performance,
        *(record.machine or ()),
    ]
    figures = ((name, value) for name, value in parts if isinstance(value, int | float))
    # Written so that a NaN is none of these either. A wall clock may have been set back
    # in the rest that nobody measured, and nowhere else.
    return next(
        (
            f"{name} {value}"
            for name, value in figures
            if not (0 if name != "other_seconds" else -LARGEST) <= value <= LARGEST
        ),
        "",
    )


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_foreign(record: RunRecord, facts: SessionFacts | None) -> bool:
    return facts is not None and record.session_id != facts.id
