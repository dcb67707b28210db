"""Where the files of a results folder disagree.

Journal and run records are what everything else is derived from. Of a session that is
at work only what is over is judged.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight.records.clock import now
from pytest_overnight.records.disagreement import Disagreement
from pytest_overnight.records.disagreement import Found
from pytest_overnight.records.disagreement import Kind
from pytest_overnight.records.disagreement import Remedy
from pytest_overnight.records.events import text
from pytest_overnight.records.evidence import Evidence
from pytest_overnight.records.evidence import gather
from pytest_overnight.records.evidence import half_moved
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.master import report_name
from pytest_overnight.records.plain import shortened
from pytest_overnight.records.run_checks import OF_WHAT_IS_OVER
from pytest_overnight.records.run_checks import cut_off
from pytest_overnight.records.status import DERIVED
from pytest_overnight.records.status import derive_status
from pytest_overnight.records.store import holder_of

Check = Callable[[Evidence], Found]

LOOKS = 3
PAUSE = 1.0
"""Seconds between two looks at a session that is at work."""
ROOM = 40
"""Characters shown of a value."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one look at a results folder found."""

    seen: Evidence
    found: tuple[Disagreement, ...]
    """By kind, then as met."""

    @property
    def disagreements(self) -> list[Disagreement]:
        """All but what is only told of."""
        return [one for one in self.found if not one.harmless]


def inspect(
    results: Path, *, mine: bool = False, sleep: Callable[[float], None] = time.sleep
) -> Inspection:
    """Name every disagreement in a results folder; nothing in it is changed.

    ``mine``: the caller holds the session's lock. What another process is just about
    to write is no disagreement: while one is at work, only what lasts is named.
    """
    first = _steady_look(results, mine)
    if not first.seen.at_work or not first.disagreements:
        return first
    sleep(PAUSE)
    again = _steady_look(results, mine)
    lasting = (one for one in again.found if one.harmless or one in first.found)
    return Inspection(again.seen, tuple(lasting))


def _steady_look(results: Path, mine: bool) -> Inspection:
    """One during which no session began or ended: files move then."""
    for _ in range(LOOKS):
        found = _look(results, mine)
        if mine or found.seen.at_work == holder_of(results):
            break
    return found


def _look(results: Path, mine: bool) -> Inspection:
    seen = gather(results, mine=mine)
    checks = (*OF_WHAT_IS_OVER, *OF_JOURNAL) if seen.at_work else OF_CALM
    if half_moved(results) is not None and not seen.at_work:
        checks = (move,)  # all else would be said of one half
    found = [one for check in checks for one in check(seen)]
    order = list(Kind)
    return Inspection(seen, tuple(sorted(found, key=lambda d: order.index(d.kind))))


def move(seen: Evidence) -> Found:
    """A session was on its way to ``history/`` when its mover was killed."""
    place = half_moved(seen.store.results)
    if place is None:
        return
    what = f"a former session is half moved to {place.parent.name}/{place.name}"
    inside = place == seen.store.results.resolve()
    if inside:
        what = f"is half moved here; repair {place.parent.parent}"
    remedy = Remedy.BY_HAND if inside else Remedy.FINISH_MOVE
    yield Disagreement(Kind.SESSION, "./", what, remedy)


def session(seen: Evidence) -> Found:
    """Without what was planned nothing can be derived."""
    path = seen.store.journal.path
    signs = (path.exists(), seen.store.master_log.exists(), seen.records, seen.unusable)
    if seen.facts is None and any(signs):
        what = "tells of no session" if path.is_file() else "is missing"
        what += ": what was planned is not known, and nothing can be derived"
        yield Disagreement(Kind.SESSION, seen.where(path), what, Remedy.BY_HAND)


def torn_lines(seen: Evidence) -> Found:
    """A kill tears the last line; whoever writes next begins a new one."""
    path = seen.store.journal.path
    lines = path.read_bytes().split(b"\n") if path.is_file() else []
    for number, line in enumerate(lines, 1):
        last = number == len(lines)
        if not line or _is_event(line) or (last and seen.at_work):
            continue
        what = "cut off, as by a kill" if last else "unreadable"
        where = f"{seen.where(path)}:{number}"
        what = f"this line is {what}; it is passed over"
        yield Disagreement(Kind.JOURNAL, where, what, Remedy.NONE)


def _is_event(line: bytes) -> bool:
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return isinstance(event, dict) and "event" in event


def finished_lines(seen: Evidence) -> Found:
    """Of each record the journal says that its run finished, and how."""
    finished = seen.of_runs("finished")
    for record in seen.records.values() if seen.facts else ():
        noted = finished.get((record.run_id, record.number))
        said = shortened(text(noted, "outcome"), ROOM) if noted else ""
        if said == record.outcome:
            continue
        what = f"the journal says {said}, the record {record.outcome}"
        if noted is None:
            what = "its run finished, and the journal does not say so"
        where = seen.where(seen.store.record_file(record.run_id))
        yield Disagreement(Kind.JOURNAL, where, what, Remedy.NOTE)


def master_log(seen: Evidence) -> Found:
    """It says what follows from journal and records."""
    facts, path = seen.facts, seen.store.master_log
    if facts is None:
        return
    written = (seen.store.results / report_name(facts.id)).is_file()
    records, hrm = list(seen.records.values()), seen.store.read_hrm()
    try:
        derived = derive_master(
            facts,
            records,
            report_written=written,
            logged=seen.store.logged(records),
            hrm=hrm,
        )
    except (ValueError, TypeError, KeyError) as problem:
        what = f"its line of the session was changed: {type(problem).__name__}"
        where = seen.where(seen.store.journal.path)
        yield Disagreement(Kind.SESSION, where, what, Remedy.BY_HAND)
        return
    wanted = derived.model_dump(mode="json")
    yield from _compared(seen, path, wanted, Remedy.WRITE_MASTER)


def status(seen: Evidence) -> Found:
    """Its counts are those of the records, and it calls no run under way."""
    if seen.facts is None:
        return
    records = list(seen.records.values())
    derived = derive_status(seen.facts, records, updated=now())
    wanted = {name: derived[name] for name in DERIVED}
    yield from _compared(seen, seen.store.status, wanted, Remedy.WRITE_STATUS)


def _compared(
    seen: Evidence, path: Path, wanted: dict[str, Any], remedy: Remedy
) -> Found:
    """Each field that is not as it follows from the records."""
    where = seen.where(path)
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        yield Disagreement(Kind.DERIVED, where, "is missing", remedy)
        return
    except (OSError, ValueError) as problem:
        what = f"cannot be read: {problem}"
        yield Disagreement(Kind.DERIVED, where, what, remedy)
        return
    if remedy is Remedy.WRITE_STATUS and isinstance(found, dict):
        found = {name: found[name] for name in DERIVED if name in found}
    for name, has, should in differences(found, wanted):
        what = f"{name or 'it'} is {_shown(has)}, by the records {_shown(should)}"
        yield Disagreement(Kind.DERIVED, where, what, remedy)


def differences(
    found: Any, wanted: Any, name: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Name, found and wanted value of each field in which two JSON values differ.

    What lies within is named by dots and numbers. What is lacking on one side is
    :data:`LACKING` there.
    """
    lists = isinstance(found, list) and isinstance(wanted, list)
    if lists and len(found) == len(wanted):
        found, wanted = dict(enumerate(found)), dict(enumerate(wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in [*wanted, *(key for key in found if key not in wanted)]:
            values = (found.get(key, LACKING), wanted.get(key, LACKING))
            yield from differences(*values, f"{name}.{key}" if name else str(key))
    elif found != wanted or isinstance(found, bool) is not isinstance(wanted, bool):
        yield name, found, wanted


LACKING = object()


def _shown(value: Any) -> str:
    return "lacking" if value is LACKING else shortened(json.dumps(value), ROOM)


def report(seen: Evidence) -> Found:
    """A session that came to its end has one."""
    if seen.facts is not None and seen.facts.closed:
        path = seen.store.results / report_name(seen.facts.id)
        if not path.is_file():
            what = "is missing, though the session has ended"
            yield Disagreement(
                Kind.DERIVED, seen.where(path), what, Remedy.WRITE_REPORT
            )


def leftovers(seen: Evidence) -> Found:
    """Files that were being written when their writer was killed."""
    store = seen.store
    folders = (
        store.results,
        store.runs,
        store.logs,
        store.snapshots,
        store.tries,
        store.failed,
        store.plots,
    )
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            pattern = _OURS if folder == store.results else _TEMPORARY
            if pattern.fullmatch(path.name):
                what = "was being written when its writer was killed"
                yield Disagreement(
                    Kind.LEFTOVER, seen.where(path), what, Remedy.SET_ASIDE
                )


_OURS = re.compile(r"\.writable\.\d+|\..+\.\d+\.tmp")
"""In the results folder itself, which may be the user's own."""
_TEMPORARY = re.compile(r"\..+\.tmp")


def live_workspaces(seen: Evidence) -> Found:
    """They go with the process that made them; a killed one leaves them behind."""
    path = seen.store.workspaces
    if path.is_symlink() or path.exists():
        what = "live workspaces of a session that was killed"
        yield Disagreement(Kind.LEFTOVER, seen.where(path), what, Remedy.REMOVE)


OF_JOURNAL: tuple[Check, ...] = (torn_lines, finished_lines)
OF_CALM: tuple[Check, ...] = (
    *OF_WHAT_IS_OVER,
    cut_off,
    session,
    *OF_JOURNAL,
    master_log,
    status,
    report,
    leftovers,
    live_workspaces,
)
"""All checks, where no session is at work."""
