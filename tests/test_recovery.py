"""Tries that were cut off: recorded as such and played anew, or graded if finished."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.arena import Arena
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.plan import Run
from pytest_overnight.recording import Recorder
from pytest_overnight.recording import TryResult
from pytest_overnight.recording import cancelled
from pytest_overnight.records.events import Event
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.recovery import FINISHED
from pytest_overnight.recovery import FinishedTry
from pytest_overnight.recovery import has_record_of_last_try
from pytest_overnight.recovery import record_lost_runs
from pytest_overnight.recovery import ungraded
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.settings import Settings
from pytest_overnight.workspace import take_snapshot
from tests.support.suites import write_challenge
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
        self.store.journal.note("session")
        self.runs = [
            Run(load_suite(suite)[0], number, 70 + number) for number in (1, 2)
        ]

    def close(self) -> dict[str, RunRecord]:
        """Run id → record, once the lost runs are recorded."""
        runs = {run: f"nodeid[{run.id}]" for run in self.runs}
        record_lost_runs(self.settings, SANDBOX, runs)
        return {record.run_id: record for record in self.store.read_runs()}

    def ledger(self, run: Run, number: int = 1) -> Ledger:
        """As a try of the run writes it."""
        return Ledger(
            self.store.events_log(run.id, number), self.store.ledger_log(run.id, number)
        )


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A new one."""
    return Session(tmp_path)


def test_a_run_that_began_and_broke_off_is_cancelled(session: Session) -> None:
    run, other = session.runs
    session.store.begin_try(run.id)
    ledger = session.ledger(run)
    ledger.write("round", number=1, seconds=0.0, input_tokens=10, output_tokens=3)
    ledger.write("action", tool="read_file", arguments={}, ok=True, seconds=0.0)
    ledger.close()
    folder = session.store.workspace(run.id)
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
    began, *_, finished = session.store.journal.read()[1:]
    assert record.timestamp_start == began["time"] <= record.timestamp_end
    assert finished["event"] == "finished"
    assert record.snapshot is not None
    assert list(record.snapshot.manifest) == ["answer.py"]
    assert set(record.digests) == {"challenge", "settings", "workspace_end"}
    for path in (record.output_log, record.agent_ledger, record.snapshot.path):
        assert (session.store.results / path).is_file()


def test_a_run_that_left_nothing_but_its_start_is_recorded(session: Session) -> None:
    run = session.runs[0]
    session.store.begin_try(run.id)
    record = session.close()[run.id]
    assert (record.outcome, record.duration, record.snapshot) == ("cancelled", 0, None)


def test_a_try_whose_line_in_the_journal_is_lacking_is_recorded_all_the_same(
    session: Session,
) -> None:
    """Its first file is there: the process was killed right after it."""
    run = session.runs[0]
    session.store.events_log(run.id).touch()
    record = session.close()[run.id]
    assert (record.outcome, record.number) == ("cancelled", 1)
    assert record.timestamp_start <= record.timestamp_end


def test_runs_that_are_recorded_or_never_began_are_left_alone(session: Session) -> None:
    first = session.runs[0]
    session.store.begin_try(first.id)
    recorder = Recorder.of(session.settings, SANDBOX)
    session.store.write_run(recorder.record(first, "nodeid", cancelled("so")))
    assert [record.detail for record in session.close().values()] == ["so"]


def test_a_record_on_disk_is_never_replaced(session: Session) -> None:
    """Its worker died, or was slow, between the record and the journal's line."""
    run = session.runs[0]
    session.store.begin_try(run.id)
    recorder = Recorder.of(session.settings, SANDBOX)
    record = recorder.record(run, "nodeid", cancelled("the night was interrupted"))
    own = session.store.record_file(run.id)
    own.write_text(json.dumps(record.model_dump(mode="json")))
    former = own.read_bytes()
    assert session.close()[run.id].detail == "the night was interrupted"
    assert own.read_bytes() == former


def test_a_second_try_that_broke_off_leaves_both_their_records(
    session: Session,
) -> None:
    run = session.runs[0]
    for number in (1, 2):
        assert session.store.begin_try(run.id) == number
        ledger = session.ledger(run, number)
        for _ in range(number):
            ledger.write("round", seconds=0.0, input_tokens=10, output_tokens=3)
        ledger.close()
        record = session.close()[run.id]
        assert (record.number, record.rounds) == (number, number)
    assert [one.number for one in record.tries] == [1, 2]
    former = session.store.former_record(run.id, 1).read_bytes()
    assert RunRecord.model_validate_json(former).rounds == 1
    assert record.agent_ledger == f"logs/{run.id}-try-2-ledger.log"
    assert [one.agent_ledger for one in record.tries] == [
        f"logs/{run.id}-ledger.log",
        f"logs/{run.id}-try-2-ledger.log",
    ]


@pytest.mark.parametrize("time", [1e14, -1e14, "noon"])
def test_a_run_lasted_no_longer_than_until_now_whatever_its_ledger_says(
    session: Session, time: object
) -> None:
    run = session.runs[0]
    session.store.begin_try(run.id)
    ledger = session.ledger(run)
    ledger.write("noise", time=time)
    ledger.close()
    record = session.close()[run.id]
    last = session.store.journal.read()[-1]["time"]
    assert record.timestamp_start <= record.timestamp_end <= last
    assert 0 <= record.duration == record.tries[0].duration


def test_a_run_that_cannot_be_recorded_costs_no_other(session: Session) -> None:
    first, second = session.runs
    session.store.events_log(first.id).mkdir()
    session.store.begin_try(second.id)
    assert list(session.close()) == [second.id]


# -- a finished try ------------------------------------------------------------------


def finish(session: Session, run: Run, stop: Stop = Stop.FINISHED) -> FinishedTry:
    """Play a try up to where its ledger says that it is over."""
    number = session.store.begin_try(run.id)
    folder = session.store.workspace(run.id, number)
    folder.mkdir(parents=True)
    (folder / "answer.py").write_text("x = 1\n")
    archive = session.store.archive(run.id, number)
    kept = take_snapshot(folder, archive, folder.with_suffix(".snapshot"))
    finished = FinishedTry(
        number,
        TryResult(stop, "done", 1.5, started="2026-01-01T22:00:00.000Z", duration=2.0),
        start_digest="d",
        archive_sha256=kept.archive_sha256,
        left_out=("a: link",),
        started="2026-01-01T22:00:00.000Z",
        laying=0.1,
        keeping=0.2,
        slot_wait=0.3,
        machine={"free_disk_bytes": 1, "available_memory_bytes": 2, "load": 0.5},
    )
    ledger = session.ledger(run, number)
    ledger.write(FINISHED, workspace=kept.digest, **finished.to_event())
    ledger.close()
    return finished


def test_a_ledger_gives_back_what_was_written_into_it(session: Session) -> None:
    finished = finish(session, session.runs[0])
    assert ungraded(session.store, session.runs[0].id) == finished


def test_a_finished_try_waits_to_be_graded(session: Session) -> None:
    finish(session, session.runs[0])
    assert session.close() == {}
    assert not has_record_of_last_try(session.store, session.runs[0].id)


@pytest.mark.parametrize("stop", [Stop.SETUP, Stop.LLM_CONFIG, Stop.CANCELLED])
def test_one_that_has_nothing_to_be_judged_does_not(
    session: Session, stop: Stop
) -> None:
    finish(session, session.runs[0], stop)
    assert ungraded(session.store, session.runs[0].id) is None
    assert [record.outcome for record in session.close().values()] == ["cancelled"]


def test_only_the_last_try_can_be_graded(session: Session) -> None:
    run = session.runs[0]
    finish(session, run)
    session.store.begin_try(run.id)
    assert ungraded(session.store, run.id) is None


@pytest.mark.parametrize("damage", ["gone", "cut", "another"])
def test_a_try_whose_snapshot_is_damaged_is_played_anew(
    session: Session, damage: str
) -> None:
    run = session.runs[0]
    finish(session, run)
    archive = session.store.archive(run.id)
    whole = archive.read_bytes()
    archive.unlink()
    if damage != "gone":
        archive.write_bytes(whole[:-9] if damage == "cut" else b"another")
    assert ungraded(session.store, run.id) is None
    assert session.close()[run.id].outcome == "cancelled"
    assert session.store.begin_try(run.id) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"result": None},
        {"result": {}},
        {"result": {"stop": "finished"}},
        {"result": {"stop": "nonsense"}},
    ],
)
def test_an_event_that_the_harness_did_not_write_is_none(
    session: Session, changes: dict[str, object]
) -> None:
    """A user's own agent writes what it likes into its ledger."""
    run = session.runs[0]
    plain = finish(session, run).to_event()
    events = session.store.events_log(run.id)
    events.write_bytes(b"")
    ledger = session.ledger(run)
    ledger.write(FINISHED, **{**plain, **changes})
    ledger.close()
    assert ungraded(session.store, run.id) is None
    assert session.close()[run.id].outcome == "cancelled"


# -- played by a whole arena ---------------------------------------------------------

WAITS = """\
import pathlib, time

here = pathlib.Path({here!r})
assert not (here / "breaks").exists()

def test_the_answer(code):
    (here / "judging").touch()
    while not (here / "go").exists():
        time.sleep(0.01)
    assert code.call("answer:answer") == 42
"""


class Stage:
    """A session whose judge waits for a sign, or breaks."""

    def __init__(self, folder: Path) -> None:
        """Lay a suite of one challenge and an empty results folder."""
        self.folder = folder
        suite = write_suite(folder / "suite", [])
        write_challenge(suite, "L3-9", tests=WAITS.format(here=str(folder)))
        self.settings = Settings(
            results=folder / "results",
            suite=suite,
            session_id="overnight-2026-01-01",
            agent="oracle",
        )
        self.store = RunStore(self.settings.results)
        self.store.create()
        self.store.workspaces.mkdir(mode=0o711)
        self.challenges = load_suite(suite)
        self.run = Run(self.challenges[0], 1, 7)

    def sign(self, name: str) -> None:
        """Let the judge see it."""
        (self.folder / name).touch()

    def play(self) -> RunRecord:
        """As the next process of the session does it."""
        arena = Arena(self.settings, self.challenges, SANDBOX, "main")
        try:
            return arena.play(self.run, nodeid="nodeid")
        finally:
            arena.close()

    def interrupt_the_judge(self) -> None:
        """Ctrl-C, once the hidden tests are at work."""

        def wait() -> None:
            while not (self.folder / "judging").exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=wait, daemon=True).start()

    def events(self) -> list[Event]:
        """What the journal says of tries."""
        names = ("started", "regraded", "finished")
        return [e for e in self.store.journal.read() if e["event"] in names]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A new one."""
    return Stage(tmp_path)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Whoever runs these tests may have another handler."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def seen(record: RunRecord) -> dict[str, object]:
    """Of a record, what must not depend on how often a session was cut off."""
    names = "outcome stop verdict rounds actions tags checks digests number snapshot"
    return {name: getattr(record, name) for name in names.split()}


def test_a_finished_try_is_graded_and_not_played_again(stage: Stage) -> None:
    stage.sign("go")
    undisturbed = stage.play()
    assert (undisturbed.outcome, undisturbed.number) == ("passed", 1)
    events = read_events(stage.store.events_log(stage.run.id))
    stage.store.record_file(stage.run.id).unlink()  # killed before it was written

    record = stage.play()
    assert seen(record) == seen(undisturbed)
    assert stage.store.last_try(stage.run.id) == 1
    assert read_events(stage.store.events_log(stage.run.id)) == events
    assert record.timestamp_start == undisturbed.timestamp_start
    assert record.machine == undisturbed.machine
    spans, before = record.performance.spans, undisturbed.performance.spans
    assert {**spans, "check": 0} == {**before, "check": 0}
    assert record.duration >= sum(spans.values()) - 0.01
    names = [event["event"] for event in stage.events()]
    assert names == ["started", "finished", "regraded", "finished"]
    assert list(stage.store.workspaces.iterdir()) == []


def test_a_ctrl_c_while_the_judge_is_at_work_costs_no_work(
    stage: Stage, ctrl_c: None
) -> None:
    stage.interrupt_the_judge()
    with pytest.raises(KeyboardInterrupt):
        stage.play()
    record = stage.store.read_run(stage.run.id)
    assert record is not None
    assert (record.outcome, record.verdict) == ("cancelled", "not_run")
    assert list(stage.store.workspaces.iterdir()) == []

    stage.sign("go")
    record = stage.play()
    assert (record.outcome, record.number, len(record.tries)) == ("passed", 1, 1)
    assert stage.store.last_try(stage.run.id) == 1
    assert [event["event"] for event in stage.events()].count("started") == 1


def test_a_judge_that_broke_is_asked_again_and_the_agent_is_not(stage: Stage) -> None:
    stage.sign("breaks")
    broken = stage.play()
    assert (broken.outcome, broken.verdict) == ("harness", "error")
    (stage.folder / "breaks").unlink()
    stage.sign("go")
    record = stage.play()
    assert (record.outcome, record.number) == ("passed", 1)
    assert stage.store.last_try(stage.run.id) == 1
    assert stage.play() == record


def test_a_damaged_snapshot_costs_a_new_try_and_no_record(stage: Stage) -> None:
    stage.sign("go")
    first = stage.play()
    stage.store.record_file(stage.run.id).unlink()
    stage.store.archive(stage.run.id).write_bytes(b"damaged")
    record = stage.play()
    assert (record.outcome, record.number) == ("passed", 2)
    assert [one.outcome for one in record.tries] == ["cancelled", "passed"]
    assert seen(record) != seen(first)
    former = stage.store.former_record(stage.run.id, 1).read_bytes()
    assert RunRecord.model_validate_json(former).outcome == "cancelled"


def test_a_run_that_is_done_is_not_played_again(stage: Stage) -> None:
    stage.sign("go")
    record = stage.play()
    before = stage.store.record_file(stage.run.id).read_bytes()
    assert stage.play() == record
    assert stage.store.record_file(stage.run.id).read_bytes() == before
    assert stage.store.last_try(stage.run.id) == 1


def test_tries_of_other_settings_are_told_apart(stage: Stage) -> None:
    """A record says under which settings and for which challenge it was made."""
    stage.sign("go")
    record = stage.play()
    assert record.digests["settings"] == stage.settings.digest
    assert record.digests["challenge"] == stage.run.challenge.digest
    other = dataclasses.replace(stage.settings, num_ctx=1024)
    assert other.digest != record.digests["settings"]
