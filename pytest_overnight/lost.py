"""Runs that began and left no record: their worker was killed, or broke off.

What reached the disk still tells of them: the journal when they began, the ledger what
they did, and the live workspace what they had written by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from pytest_overnight import workspace
from pytest_overnight.catalog.plan import Run
from pytest_overnight.recording import Played
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import cancelled
from pytest_overnight.recording import write_output_log
from pytest_overnight.records.events import figure
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import now
from pytest_overnight.records.store import stamp
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.settings import Settings
from pytest_overnight.workspace import Snapshot

DETAIL = "cut off without a record: its worker was lost, or broke off"


def record_lost_runs(
    settings: Settings, sandbox: SandboxReport, runs: Mapping[Run, str]
) -> None:
    """Record as ``cancelled`` each of ``runs`` that began and has no record.

    ``runs``: run → node id. Only for when no worker lives any more, since each writes
    the records of its own runs; what is on disk is never replaced. A run that cannot
    be recorded stays without one, and costs no other.
    """
    store = RunStore(settings.results)
    begun = _begun(store)
    lost = [run for run in runs if run.id in begun and not _has_record(store, run)]
    for run in lost:
        with suppress(OSError, ValueError, BoxError):
            played = _left_of(run, begun[run.id], store)
            recorder = Recorder.of(settings, sandbox)
            record = recorder.record(run, runs[run], played)
            if not _has_record(store, run):
                store.write_run(record)
                write_output_log(store, record)


def _begun(store: RunStore) -> dict[str, str]:
    """Run id → when it began, of those that the journal does not call finished."""
    begun: dict[str, str] = {}
    for event in store.read_journal():
        if event.get("event") == "started":
            begun[str(event.get("run_id"))] = str(event.get("time"))
        elif event.get("event") == "finished":
            begun.pop(str(event.get("run_id")), None)
    return begun


def _has_record(store: RunStore, run: Run) -> bool:
    return (store.runs / f"{run.id}.json").exists()


def _left_of(run: Run, started: str, store: RunStore) -> Played:
    """It lasted at least until its ledger's last event: more, nobody knows."""
    began, until = (
        datetime.fromisoformat(time).timestamp() for time in (started, now())
    )
    times = [figure(event, "time") for event in read_events(store.events_log(run.id))]
    # An agent of the user's own writes what it likes into its ledger.
    ended = min(max([began, *times]), max(began, until))
    played = cancelled(DETAIL)
    played.kept = _snapshot(run, store)
    played.started, played.ended = started, stamp(ended)
    played.duration = ended - began
    result = played.result
    result.started, result.began, result.duration = started, began, played.duration
    return played


def _snapshot(run: Run, store: RunStore) -> Snapshot | None:
    """Of the live workspace; ``None`` where none is left, or it cannot be kept."""
    folder = store.workspaces / run.id
    if not folder.is_dir():
        return None
    with suppress(OSError):
        tree = store.workspaces / f"{run.id}.snapshot"
        return workspace.take_snapshot(folder, store.archive(run.id), tree)
    return None
