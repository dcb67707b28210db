"""Runs whose worker was lost: what is on disk becomes their record, and only then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.plan import Run
from pytest_overnight.lost import record_lost_runs
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import cancelled
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.settings import Settings
from tests.support.suites import write_suite

SANDBOX = SandboxReport("process", protected=False, checks=())


class Session:
    """One that is over, with two planned runs."""

    def __init__(self, folder: Path) -> None:
        """Lay a suite of one challenge and an empty results folder."""
        suite = write_suite(folder / "suite", ["L3-9"])
        self.settings = Settings(
            results=folder / "results", suite=suite, session_id="overnight-2026-01-01"
        )
        self.store = RunStore(self.settings.results)
        self.store.create()
        self.store.note("session")
        self.runs = [
            Run(load_suite(suite)[0], number, 70 + number) for number in (1, 2)
        ]

    def close(self) -> dict[str, RunRecord]:
        """Run id → record, once the lost runs are recorded."""
        runs = {run: f"nodeid[{run.id}]" for run in self.runs}
        record_lost_runs(self.settings, SANDBOX, runs)
        return {record.run_id: record for record in self.store.read_runs()}

    def ledger(self, run: Run) -> Ledger:
        """As the run's try writes it."""
        return Ledger(self.store.events_log(run.id), self.store.ledger_log(run.id))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A new one."""
    return Session(tmp_path)


def test_a_run_that_began_and_broke_off_is_cancelled(session: Session) -> None:
    run, other = session.runs
    session.store.note("started", run_id=run.id)
    ledger = session.ledger(run)
    ledger.write("round", number=1, seconds=0.0, input_tokens=10, output_tokens=3)
    ledger.write("action", tool="read_file", arguments={}, ok=True, seconds=0.0)
    ledger.close()
    folder = session.store.workspaces / run.id
    folder.mkdir(parents=True)
    (folder / "answer.py").write_text("x = 1\n")

    (record,) = session.close().values()
    assert record.run_id != other.id
    assert (record.outcome, record.stop, record.verdict) == (
        *("cancelled", "cancelled", "not_run"),
    )
    assert (record.success, record.counted) == (None, False)
    assert "its worker was lost" in record.detail
    assert (record.nodeid, record.seed) == (f"nodeid[{run.id}]", 71)
    assert (record.rounds, record.actions) == (1, 1)
    began, *_, finished = session.store.read_journal()[1:]
    assert record.timestamp_start == began["time"] <= record.timestamp_end
    assert finished["event"] == "finished"
    assert record.snapshot is not None
    assert list(record.snapshot.manifest) == ["answer.py"]
    assert set(record.digests) == {"challenge", "settings", "workspace_end"}
    for path in (record.output_log, record.agent_ledger, record.snapshot.path):
        assert (session.store.results / path).is_file()


def test_a_run_that_left_nothing_but_its_start_is_recorded(session: Session) -> None:
    run = session.runs[0]
    session.store.note("started", run_id=run.id)
    record = session.close()[run.id]
    assert (record.outcome, record.duration, record.snapshot) == ("cancelled", 0, None)


def test_runs_that_are_finished_or_never_began_are_left_alone(
    session: Session,
) -> None:
    first = session.runs[0].id
    session.store.note("started", run_id=first)
    session.store.note("finished", run_id=first, outcome="passed", stop="finished")
    assert session.close() == {}


def test_a_record_on_disk_is_never_replaced(session: Session) -> None:
    """Its worker died, or was slow, between the record and the journal's line."""
    run = session.runs[0]
    session.store.note("started", run_id=run.id)
    recorder = Recorder.of(session.settings, SANDBOX)
    record = recorder.record(run, "nodeid", cancelled("the night was interrupted"))
    own = session.store.runs / f"{run.id}.json"
    own.write_text(json.dumps(record.model_dump(mode="json")))
    former = own.read_bytes()
    assert session.close()[run.id].detail == "the night was interrupted"
    assert own.read_bytes() == former


@pytest.mark.parametrize("time", [1e14, -1e14, "noon"])
def test_a_run_lasted_no_longer_than_until_now_whatever_its_ledger_says(
    session: Session, time: object
) -> None:
    run = session.runs[0]
    session.store.note("started", run_id=run.id)
    ledger = session.ledger(run)
    ledger.write("noise", time=time)
    ledger.close()
    record = session.close()[run.id]
    last = session.store.read_journal()[-1]["time"]
    assert record.timestamp_start <= record.timestamp_end <= last
    assert 0 <= record.duration == record.tries[0].duration


def test_a_run_that_cannot_be_recorded_costs_no_other(session: Session) -> None:
    first, second = session.runs
    for run in session.runs:
        session.store.note("started", run_id=run.id)
    session.store.events_log(first.id).mkdir()
    assert list(session.close()) == [second.id]
