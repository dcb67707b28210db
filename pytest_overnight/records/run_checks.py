"""Checks of what is kept of each run: its record, its tries, their files.

Each is a function from :class:`Evidence` to disagreements and changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from pytest_overnight.records.disagreement import Disagreement
from pytest_overnight.records.disagreement import Found
from pytest_overnight.records.disagreement import Kind
from pytest_overnight.records.disagreement import Remedy
from pytest_overnight.records.evidence import CLEANED
from pytest_overnight.records.evidence import Evidence
from pytest_overnight.records.evidence import Unusable
from pytest_overnight.records.evidence import read_record
from pytest_overnight.records.evidence import run_and_try
from pytest_overnight.records.ledger import is_lacking
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.store import DAMAGED
from pytest_overnight.settings import Settings


def unusable_records(seen: Evidence) -> Found:
    """No JSON, no record, another run's."""
    for one in seen.unusable:
        yield _aside(seen, Kind.RECORD, one)


def foreign_records(seen: Evidence) -> Found:
    """Whole records, of another session."""
    for record in seen.foreign:
        what = f"belongs to another session, {record.session_id}"
        yield _of_record(seen, record, what, Remedy.SET_ASIDE)


def other_settings(seen: Evidence) -> Found:
    """Only by settings that this version knows all fields of can a digest be told."""
    settings = seen.facts.settings if seen.facts else {}
    try:
        known = Settings.from_json(settings)
    except (TypeError, KeyError, AttributeError):
        return
    if known.to_json().keys() != settings.keys():
        return
    for record in seen.records.values():
        if record.digests.get("settings") != known.digest:
            what = "was not played with the session's settings; it cannot be pooled"
            yield _of_record(seen, record, what)


def other_challenges(seen: Evidence) -> Found:
    """A run is the same run only while its challenge is the same."""
    planned = seen.facts.challenges if seen.facts else {}
    for record in seen.records.values():
        challenge = planned.get(record.test_id)
        if challenge and record.digests.get("challenge") != challenge.digest:
            what = f"was played with another version of {record.test_id}"
            yield _of_record(seen, record, what)


def unplanned(seen: Evidence) -> Found:
    """Records and files of runs that no process of the session planned."""
    plan = set(seen.facts.plan) if seen.facts else None
    if plan is None:
        return
    for run_id, record in seen.records.items():
        if run_id not in plan:
            yield _of_record(seen, record, "its run is not in the session's plan")
    for run_id in sorted(seen.tries.keys() - seen.records.keys() - plan):
        what = "its run is not in the session's plan, and has no record"
        numbers = sorted(seen.tries[run_id])
        for path in _files_of(seen, run_id, numbers):
            yield Disagreement(Kind.TRY, seen.where(path), what, Remedy.BY_HAND)


def _files_of(seen: Evidence, run_id: str, numbers: list[int]) -> list[Path]:
    store = seen.store
    kinds = (store.output_log, store.ledger_log, store.events_log, store.archive)
    paths = [kind(run_id, number) for number in numbers for kind in kinds]
    return [path for path in paths if path.exists()]


def without_record(seen: Evidence) -> Found:
    """Runs that finished, by the journal, and of which there is no record."""
    known = seen.records.keys() | seen.unfit
    for run_id in sorted({run_id for run_id, _ in seen.of_runs("finished")} - known):
        file = seen.store.record_file(run_id)
        then = f"a resumed night {_what_comes(seen, run_id)}"
        if _lies_aside(seen, file):
            yield _told(Kind.RECORD, seen.where(file), f"was set aside: {then}")
        else:
            what = f"is missing, yet the run finished: {then}"
            yield Disagreement(Kind.RECORD, seen.where(file), what, Remedy.BY_HAND)


def cut_off(seen: Evidence) -> Found:
    """Tries that began and left no record; the journal may not even name them."""
    finished = seen.of_runs("finished")
    begun = {run_id: set(numbers) for run_id, numbers in seen.tries.items()}
    for run_id, number in seen.of_runs("started"):
        begun.setdefault(run_id, set()).add(number)
    for run_id in sorted(begun.keys() - seen.unfit):
        record, number = seen.records.get(run_id), max(begun[run_id])
        recorded = record.number if record else 0
        if number > recorded and (run_id, number) not in finished:
            then = f"a resumed night {_what_comes(seen, run_id)}"
            if record and record.done:
                then = f"the record of try {recorded} stands"
            yield _told(Kind.TRY, run_id, f"try {number} was cut off: {then}")


def _what_comes(seen: Evidence, run_id: str) -> str:
    """Of a run without a record: by the ledger of its last try, and its snapshot."""
    number = max(seen.tries.get(run_id, {0}))
    ledger = read_events(seen.store.events_log(run_id, number))
    finished = any(event["event"] == "finished" for event in ledger)
    graded = finished and seen.store.archive(run_id, number).exists()
    return "grades its snapshot" if graded else "plays it"


def untold_tries(seen: Evidence) -> Found:
    """A record tells of all tries of its run, numbered from 1."""
    for run_id, record in seen.records.items():
        told = {one.number for one in record.tries}
        where = seen.where(seen.store.record_file(run_id))
        for number in sorted(set(range(1, record.number)) - told):
            if number in seen.tries.get(run_id, ()):
                what = f"does not tell of try {number}, whose files lie there"
            else:
                what = f"its tries have a gap: there is no try {number}"
            yield Disagreement(Kind.TRY, where, what, Remedy.BY_HAND)


def former_records(seen: Evidence) -> Found:
    """Each try but the last was recorded, and that record is kept."""
    for run_id, record in seen.records.items():
        for one in record.tries[:-1]:
            path = seen.store.former_record(run_id, one.number)
            if not path.exists() and not _lies_aside(seen, path):
                what = f"is missing: the record of try {one.number}"
                yield Disagreement(Kind.TRY, seen.where(path), what, Remedy.BY_HAND)
    for path in sorted(seen.store.tries.glob("*.json")):
        run_id, number = run_and_try(path.stem) or (path.stem, 1)
        kept = read_record(path, run_id)
        if isinstance(kept, RunRecord) and kept.number != number:
            kept = Unusable(path, f"holds the record of try {kept.number}", True)
        if isinstance(kept, Unusable) and run_id not in seen.busy:
            yield _aside(seen, Kind.TRY, kept)


def missing_logs(seen: Evidence) -> Found:
    """What a record names is there; what follows from other files can be made again."""
    store = seen.store
    for run_id, record in seen.records.items():
        output = store.output_log(run_id, record.number)
        if is_lacking(output):
            yield _of_file(seen, output, "is missing", Remedy.WRITE_LOG)
        for number in sorted({one.number for one in record.tries} or {1}):
            events = store.events_log(run_id, number)
            ledger = store.ledger_log(run_id, number)
            if not events.is_file():
                what = "is missing, and with it all that was done in this try"
                yield _of_file(seen, events, what, Remedy.BY_HAND)
            if not is_lacking(ledger):
                continue
            # A try that broke off before its first event has no ledger for people.
            if read_events(events):
                yield _of_file(seen, ledger, "is missing", Remedy.WRITE_LOG)
            elif not events.is_file():
                yield _of_file(seen, ledger, "is missing", Remedy.BY_HAND)


def snapshots(seen: Evidence) -> Found:
    """The archive of each run is the one that was written."""
    for run_id, record in seen.records.items():
        path = seen.store.archive(run_id, record.number)
        wrong = _archive_problem(path, record.snapshot) if record.snapshot else ""
        if wrong and not seen.is_cleaned(path):
            yield _of_file(seen, path, wrong, Remedy.BY_HAND)


def cleaned(seen: Evidence) -> Found:
    """Of former sessions the large things go first."""
    for name in sorted(seen.cleaned):
        yield _told(Kind.FILE, f"{name}/", f"went to make room: see {CLEANED}")


def _archive_problem(path: Path, info: SnapshotInfo) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "is missing"
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    if digest != info.sha256:
        return f"was changed: its SHA-256 is {digest[:12]}…, was {info.sha256[:12]}…"
    return ""


def views(seen: Evidence) -> Found:
    """``workspaces/failed/`` holds the unpacked snapshot of each missed run."""
    store = seen.store
    for run_id, record in seen.records.items():
        view = store.failed / run_id
        if record.success is False and record.snapshot is not None:
            wrong = _view_problem(view, record.snapshot)
            if wrong and not seen.is_cleaned(view):
                archive = store.archive(run_id, record.number)
                lost = _archive_problem(archive, record.snapshot)
                remedy = Remedy.BY_HAND if lost else Remedy.UNPACK
                yield Disagreement(Kind.VIEW, seen.where(view), wrong, remedy)
        elif view.exists() or view.is_symlink():
            what = f"the run was not missed: its outcome is {record.outcome}"
            yield Disagreement(Kind.VIEW, seen.where(view), what, Remedy.SET_ASIDE)


def _view_problem(view: Path, info: SnapshotInfo) -> str:
    """Files beside those of the snapshot are no problem: people look and try there."""
    if not view.is_dir() or view.is_symlink():
        return "is missing"
    for name, digest in sorted(info.manifest.items()):
        path = view / name
        try:
            if path.is_symlink() or not path.is_file():
                return f"lacks {name}"
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                return f"{name} is not as in the snapshot"
        except OSError as problem:
            return f"{name} cannot be read: {problem.strerror}"
    return ""


def _lies_aside(seen: Evidence, path: Path) -> bool:
    """Whether a repair has put away what lay here."""
    place = seen.store.results / DAMAGED / seen.where(path)
    names = (p.name for p in place.parent.iterdir()) if place.parent.is_dir() else ()
    return any(f"{name}.".startswith(f"{place.name}.") for name in names)


def _told(kind: Kind, where: str, what: str) -> Disagreement:
    return Disagreement(kind, where, what, Remedy.NONE)


def _aside(seen: Evidence, kind: Kind, one: Unusable) -> Disagreement:
    remedy = Remedy.SET_ASIDE if one.damaged else Remedy.BY_HAND
    return Disagreement(kind, seen.where(one.path), one.what, remedy)


def _of_record(
    seen: Evidence, record: RunRecord, what: str, remedy: Remedy = Remedy.BY_HAND
) -> Disagreement:
    where = seen.where(seen.store.record_file(record.run_id))
    return Disagreement(Kind.RECORD, where, what, remedy)


def _of_file(seen: Evidence, path: Path, what: str, remedy: Remedy) -> Disagreement:
    return Disagreement(Kind.FILE, seen.where(path), what, remedy)


OF_WHAT_IS_OVER: tuple[Callable[[Evidence], Found], ...] = (
    unusable_records,
    foreign_records,
    other_settings,
    other_challenges,
    unplanned,
    without_record,
    untold_tries,
    former_records,
    missing_logs,
    cleaned,
    snapshots,
    views,
)
"""Also while a session is at work: what it has under way is left out of them."""
