"""What ``pytest-overnight doctor --repair`` does, one function a remedy.

Nothing that holds information is deleted: what cannot be used is moved, what follows
from other files is written again. Each step is whole or not done; whoever is killed
between two of them is finished by the next repair.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_overnight.records.clock import now
from pytest_overnight.records.disagreement import Disagreement
from pytest_overnight.records.disagreement import Remedy
from pytest_overnight.records.events import figure
from pytest_overnight.records.evidence import Evidence
from pytest_overnight.records.evidence import run_and_try
from pytest_overnight.records.inspection import Inspection
from pytest_overnight.records.inspection import inspect
from pytest_overnight.records.ledger import log_of
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.master import report_name
from pytest_overnight.records.status import derive_status
from pytest_overnight.records.store import write_whole


@dataclass(slots=True)
class Repair:
    """What a repair did, and how things are now."""

    mended: list[Disagreement] = field(default_factory=list)
    failed: dict[Disagreement, str] = field(default_factory=dict)
    """With the reason, in words."""
    now: Inspection | None = None

    @property
    def left(self) -> list[Disagreement]:
        """Disagreements that remain."""
        return self.now.disagreements if self.now else []


def repair(results: Path) -> Repair:
    """Mend what can be mended. The caller holds the session's lock.

    Looked at anew after each kind of remedy: a record that is set aside changes what
    the master log must say.
    """
    done = Repair()
    while True:
        done.now = inspect(results, mine=True)
        known = {*done.mended, *done.failed}
        todo = [d for d in done.now.disagreements if d.remedy.mends and d not in known]
        if not todo:
            return done
        first = min((d.remedy for d in todo), key=list(Remedy).index)
        _mend_all(done, done.now.seen, [d for d in todo if d.remedy is first])


def _mend_all(done: Repair, seen: Evidence, todo: list[Disagreement]) -> None:
    """One step a file, however much disagrees in it."""
    for where in dict.fromkeys(one.where for one in todo):
        found = [one for one in todo if one.where == where]
        try:
            STEPS[found[0].remedy](seen, seen.store.results / where)
        except Exception as problem:  # whatever it is, the others are still mended
            done.failed |= dict.fromkeys(found, str(problem) or repr(problem))
        else:
            done.mended += found


def _finish_move(seen: Evidence, _: Path) -> None:
    seen.store.finish_putting_away()


def _set_aside(seen: Evidence, path: Path) -> None:
    seen.store.set_aside(path)


def _note(seen: Evidence, path: Path) -> None:
    """With the clock of the line before: the session was at work no longer for it."""
    record = seen.records[path.stem]
    seen.store.journal.note(
        "finished",
        run_id=record.run_id,
        **{"try": record.number},
        outcome=record.outcome,
        stop=record.stop,
        clock=figure(seen.events[-1], "clock"),
        mended=True,
    )


def _remove(_: Evidence, path: Path) -> None:
    from pytest_overnight.sandbox.user import remove_reachable

    remove_reachable(path)


def _write_log(seen: Evidence, path: Path) -> None:
    """The ledger for people, from the one for machines; the checks, from the record."""
    from pytest_overnight.recording import write_output_log

    run = run_and_try(path.name.removesuffix("-ledger.log").removesuffix(".txt"))
    assert run is not None
    run_id, number = run
    if path == seen.store.output_log(run_id, number):
        write_output_log(seen.store, seen.records[run_id])
        return
    events = read_events(seen.store.events_log(run_id, number))
    write_whole(path, log_of(events).encode())


def _unpack(seen: Evidence, view: Path) -> None:
    from pytest_overnight.workspace import restore

    record = seen.records[view.name]
    assert record.snapshot is not None
    unpacked = view.with_name(f".{view.name}.{os.getpid()}.tmp")
    archive = seen.store.archive(record.run_id, record.number)
    restore(archive, record.snapshot.sha256, unpacked)
    if view.exists() or view.is_symlink():
        _set_aside(seen, view)
    unpacked.rename(view)


def _write_master(seen: Evidence, _: Path) -> None:
    assert seen.facts is not None
    report = seen.store.results / report_name(seen.facts.id)
    _derive(seen, report_written=report.is_file())


def _derive(seen: Evidence, *, report_written: bool) -> None:
    assert seen.facts is not None
    records = list(seen.records.values())
    master = derive_master(
        seen.facts,
        records,
        report_written=report_written,
        logged=seen.store.logged(records),
        hrm=seen.store.read_hrm(),
    )
    seen.store.write_master(master)


def _write_status(seen: Evidence, path: Path) -> None:
    assert seen.facts is not None
    records = list(seen.records.values())
    seen.store.write_status(derive_status(seen.facts, records, updated=now()))


def _write_report(seen: Evidence, _: Path) -> None:
    """It shows which criteria are met, and one of them is the report itself."""
    from pytest_overnight.reporting.pages import write_report

    _derive(seen, report_written=True)
    try:
        write_report(seen.store.results)
    except Exception:
        _derive(seen, report_written=False)
        raise


STEPS: dict[Remedy, Callable[[Evidence, Path], None]] = {
    Remedy.FINISH_MOVE: _finish_move,
    Remedy.SET_ASIDE: _set_aside,
    Remedy.NOTE: _note,
    Remedy.REMOVE: _remove,
    Remedy.WRITE_LOG: _write_log,
    Remedy.UNPACK: _unpack,
    Remedy.WRITE_MASTER: _write_master,
    Remedy.WRITE_STATUS: _write_status,
    Remedy.WRITE_REPORT: _write_report,
}
