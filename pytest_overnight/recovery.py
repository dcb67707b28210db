"""Tries that were cut off: a worker was killed, the power went, Ctrl-C was pressed.

What reached the disk still tells of them: the ledger what they did, the snapshot or the
live workspace what they had written by then. One whose ledger says *finished* lacks its
verdict only, and is graded; any other is recorded as ``cancelled``, and played anew.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_overnight import workspace
from pytest_overnight.catalog.plan import Run
from pytest_overnight.recording import Played
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import TryResult
from pytest_overnight.recording import cancelled
from pytest_overnight.recording import write_output_log
from pytest_overnight.records.clock import now
from pytest_overnight.records.clock import stamp
from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts
from pytest_overnight.records.ledger import is_lacking
from pytest_overnight.records.ledger import log_of
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import write_whole
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.settings import Settings
from pytest_overnight.workspace import Snapshot
from pytest_overnight.workspace import WorkspaceError

DETAIL = "cut off without a record: its worker was lost, or broke off"

UNVERIFIABLE = {Stop.SETUP, Stop.LLM_CONFIG, Stop.CANCELLED}
"""Stops after which there is nothing to judge."""

FINISHED = "finished"
"""Event of a ledger: the workspace is safe, and the try over."""


@dataclass(frozen=True, slots=True)
class FinishedTry:
    """A try as its ledger's last event tells of it."""

    number: int
    result: TryResult
    start_digest: str
    archive_sha256: str
    left_out: tuple[str, ...]
    started: str
    """UTC: when its run began."""
    laying: float
    keeping: float
    slot_wait: float
    machine: dict[str, Any] | None = None
    """A ``MachineState`` as JSON."""

    def to_event(self) -> dict[str, Any]:
        """Fields of the event ``finished``, plain JSON."""
        plain = dataclasses.asdict(self)
        del plain["number"]
        return {**plain, "result": {**plain["result"], "stop": str(self.result.stop)}}


def _of_event(event: Event, number: int) -> FinishedTry | None:
    """``None`` where it is not as :meth:`FinishedTry.to_event` writes it."""
    result = event.get("result")
    known = {field.name for field in dataclasses.fields(TryResult)}
    if not isinstance(result, dict) or set(result) != known:
        return None
    if result["stop"] not in set(Stop):
        return None
    return FinishedTry(
        number=number,
        result=TryResult(**{**result, "stop": Stop(result["stop"])}),
        start_digest=text(event, "start_digest"),
        archive_sha256=text(event, "archive_sha256"),
        left_out=tuple(texts(event, "left_out")),
        started=text(event, "started"),
        laying=figure(event, "laying"),
        keeping=figure(event, "keeping"),
        slot_wait=figure(event, "slot_wait"),
        machine=event.get("machine"),
    )


def ungraded(store: RunStore, run_id: str) -> FinishedTry | None:
    """The last try, where it is finished and only its verdict is lacking.

    Not where its snapshot is gone or damaged: nothing is left to be graded.
    """
    number = store.last_try(run_id)
    record = store.read_run(run_id)
    if record and record.number == number and _has_verdict(record):
        return None
    events = read_events(store.events_log(run_id, number)) if number else []
    ends = [event for event in events if event["event"] == FINISHED]
    found = _of_event(ends[-1], number) if ends else None
    if found is None or found.result.stop in UNVERIFIABLE:
        return None
    archive = store.archive(run_id, number)
    return found if workspace.is_whole(archive, found.archive_sha256) else None


def _has_verdict(record: RunRecord) -> bool:
    """Not of one that broke off, or whose judge did, with the work in the snapshot."""
    return record.verdict not in (Verdict.NOT_RUN, Verdict.ERROR)


def has_record_of_last_try(store: RunStore, run_id: str) -> bool:
    """Whether nothing was cut off before it was recorded."""
    record = store.read_run(run_id)
    return bool(record and record.number >= store.last_try(run_id))


def record_lost_runs(
    settings: Settings, sandbox: SandboxReport, runs: Mapping[Run, str]
) -> None:
    """Record as ``cancelled`` each of ``runs`` whose last try was cut off.

    ``runs``: run → node id. Only for when no worker lives any more, since each writes
    the records of its own runs. A finished try waits to be graded; a run that cannot
    be recorded stays without a record, and costs no other.
    """
    store = RunStore(settings.results)
    recorder = None
    for run, nodeid in runs.items():
        number = store.last_try(run.id)
        if not number or has_record_of_last_try(store, run.id):
            continue
        with suppress(OSError, ValueError, BoxError):
            if ungraded(store, run.id):
                continue
            recorder = recorder or Recorder.of(settings, sandbox)
            record_lost(recorder, run, nodeid, number)


def complete_records(store: RunStore) -> None:
    """What goes with a record, where its writer or the disk died before: lines, views.

    The journal's line, each hidden test's answer, the ledger for people, the unpacked
    workspace of a missed run. Only for when nobody plays. Raises :class:`OSError` where
    the journal cannot be written.
    """
    noted = {
        (event.get("run_id"), event.get("try")): event.get("outcome")
        for event in store.journal.read()
        if event["event"] == "finished"
    }
    for record in store.read_runs():
        # A run whose verdict was lacking finished twice, and differently.
        if noted.get((record.run_id, record.number)) != record.outcome:
            store.note_finished(record)
        with suppress(OSError, WorkspaceError):
            _complete_views(store, record)


def _complete_views(store: RunStore, record: RunRecord) -> None:
    if is_lacking(store.output_log(record.run_id, record.number)):
        write_output_log(store, record)
    for number in {one.number for one in record.tries}:
        log = store.ledger_log(record.run_id, number)
        if is_lacking(log):
            events = read_events(store.events_log(record.run_id, number))
            write_whole(log, log_of(events).encode())
    view = store.failed / record.run_id
    if record.success is False and record.snapshot and not view.exists():
        unpacked = view.with_name(f".{view.name}.{os.getpid()}.tmp")
        archive = store.archive(record.run_id, record.number)
        workspace.restore(archive, record.snapshot.sha256, unpacked)
        unpacked.rename(view)


def record_lost(recorder: Recorder, run: Run, nodeid: str, number: int) -> RunRecord:
    """Record try ``number`` of a run as ``cancelled``, with what is left of it."""
    store = recorder.store
    record = recorder.record(run, nodeid, _left_of(run, number, store), number)
    store.write_run(record)
    with suppress(OSError):
        write_output_log(store, record)
    return record


def _left_of(run: Run, number: int, store: RunStore) -> Played:
    """It lasted at least until its ledger's last event: more, nobody knows."""
    started = _began(run, number, store)
    began, until = (
        datetime.fromisoformat(time).timestamp() for time in (started, now())
    )
    events = read_events(store.events_log(run.id, number))
    # An agent of the user's own writes what it likes into its ledger.
    last = max([began, *(figure(event, "time") for event in events)])
    ended = min(last, max(began, until))
    played = cancelled(DETAIL)
    played.kept = _snapshot(run, number, store)
    played.started, played.ended = started, stamp(ended)
    played.duration = ended - began
    result = played.result
    result.started, result.began, result.duration = started, began, played.duration
    return played


def _began(run: Run, number: int, store: RunStore) -> str:
    """By the journal; its first file is as old, where the line did not get there."""
    for event in reversed(store.journal.read()):
        names = (event["event"], event.get("run_id"), event.get("try"))
        if names == ("started", run.id, number):
            return text(event, "time")
    return stamp(store.events_log(run.id, number).stat().st_mtime)


def _snapshot(run: Run, number: int, store: RunStore) -> Snapshot | None:
    """Of the live workspace; ``None`` where none is left, or it cannot be kept."""
    folder = store.workspace(run.id, number)
    if not folder.is_dir():
        return None
    with suppress(OSError):
        tree = folder.with_name(f"{folder.name}.snapshot")
        return workspace.take_snapshot(folder, store.archive(run.id, number), tree)
    return None
