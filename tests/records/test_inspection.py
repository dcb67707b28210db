"""What is a disagreement, and what only looks like one."""

from __future__ import annotations

import copy
import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.records.evidence import gather
from pytest_overnight.records.evidence import run_and_try
from pytest_overnight.records.inspection import LACKING
from pytest_overnight.records.inspection import differences
from pytest_overnight.records.inspection import inspect
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.master import report_name
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.session import read_session
from pytest_overnight.records.status import derive_status
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.rules.outcome import Outcome
from tests.support.nights import environment

SESSION = "overnight-2026-01-01"
AGENT = AgentInfo(spec="noop", scripted=True)
PLAN = [f"L3-1-run-{number:04d}" for number in range(1, 5)]


def begin(results: Path, plan: list[str] = PLAN) -> RunStore:
    """A session of one challenge."""
    store = RunStore(results)
    store.create()
    store.journal.note(
        "session",
        session_id=SESSION,
        settings={"seed": 7},
        agent=AGENT.model_dump(mode="json"),
        plan=plan,
        challenges={"L3-1": {"title": "A title", "level": "L3", "digest": "d" * 64}},
    )
    return store


def play(store: RunStore, run_id: str, outcome: Outcome = Outcome.PASSED) -> RunRecord:
    """One try, with all its files, in the order in which a night writes them."""
    number = store.begin_try(run_id)
    live = store.workspace(run_id, number)
    live.mkdir(parents=True)
    former = store.read_run(run_id)
    ledger = Ledger(
        store.events_log(run_id, number), store.ledger_log(run_id, number), lambda: 1.0
    )
    ledger.write("finished", workspace="")
    ledger.close()
    archive = store.archive(run_id, number)
    archive.write_bytes(b"packed")
    tries = former.tries if former else []
    record = RunRecord(
        run_id=run_id,
        test_id="L3-1",
        attempt=1,
        timestamp_start="2026-01-01T20:00:00.000Z",
        timestamp_end="2026-01-01T20:01:00.000Z",
        duration=60.0,
        rounds=0,
        actions=0,
        success=outcome is Outcome.PASSED if outcome.counted else None,
        failure_mode=None if outcome is Outcome.PASSED else str(outcome),
        workspace=f".agent_workspace/{live.name}",
        output_log=f"logs/{store.output_log(run_id, number).name}",
        agent_ledger=f"logs/{store.ledger_log(run_id, number).name}",
        performance=Performance(),
        session_id=SESSION,
        level="L3",
        nodeid=f"x.py::test_challenge[{run_id}]",
        counted=outcome.counted,
        outcome=str(outcome),
        stop="finished",
        verdict="pass",
        tries=[*tries, Try(number=number, stop="finished", started="", duration=60.0)],
        agent=AGENT,
        sandbox=SandboxInfo(level="process", protected=False),
        snapshot=SnapshotInfo(
            path=f"snapshots/{archive.name}",
            sha256=hashlib.sha256(b"packed").hexdigest(),
            files=0,
            bytes=0,
        ),
        digests={"challenge": "d" * 64},
        seed=1,
    )
    store.write_run(record)
    store.output_log(run_id, number).write_text("an answer\n")
    if record.success is False:
        (store.failed / run_id).mkdir()
    live.rmdir()
    return record


def close(store: RunStore) -> None:
    """As a session does that came to its end."""
    store.workspaces.rmdir()
    store.journal.note("closed")
    facts = read_session(store.journal.read())
    assert facts is not None
    records = store.read_runs()
    (store.results / report_name(SESSION)).write_text("# Report\n")
    store.write_master(
        derive_master(facts, records, report_written=True, logged=store.logged(records))
    )
    store.write_status(derive_status(facts, records, updated="now"))


OUTCOMES = [Outcome.PASSED, Outcome.TIMEOUT, Outcome.INFRA, Outcome.CANCELLED]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A session with a run of each sort, one of them played twice."""
    store = begin(tmp_path / "results")
    for run_id, outcome in zip(PLAN, OUTCOMES, strict=True):
        play(store, run_id, outcome)
    play(store, PLAN[2], Outcome.LOOP)
    close(store)
    return store


def found_in(store: RunStore) -> list[str]:
    return [f"{one.where}: {one.what}" for one in inspect(store.results).found]


def test_a_whole_session_agrees(store: RunStore) -> None:
    assert found_in(store) == []
    assert (store.tries / f"{PLAN[2]}-try-1.json").exists()


def test_what_was_not_reached_is_no_disagreement(tmp_path: Path) -> None:
    store = begin(tmp_path / "results")
    play(store, PLAN[0])
    close(store)
    assert found_in(store) == []


def test_a_gap_in_the_numbering_is_named(store: RunStore) -> None:
    path = store.record_file(PLAN[2])
    content = json.loads(path.read_bytes())
    content["tries"][-1]["number"] = 3
    path.write_text(json.dumps(content))
    for kind in (store.output_log, store.ledger_log, store.events_log, store.archive):
        kind(PLAN[2], 2).rename(kind(PLAN[2], 3))
    found = found_in(store)
    assert f"runs/{PLAN[2]}.json: its tries have a gap: there is no try 2" in found


def test_a_try_of_a_run_that_is_done_changes_nothing(store: RunStore) -> None:
    store.events_log(PLAN[0], 2).touch()
    assert found_in(store) == [
        f"{PLAN[0]}: try 2 was cut off: the record of try 1 stands"
    ]


def test_a_record_whose_time_is_none_is_damaged(store: RunStore) -> None:
    path = store.record_file(PLAN[0])
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps({**content, "duration": -1.0}))
    assert f"runs/{PLAN[0]}.json: has a figure that cannot be, duration -1.0" in (
        found_in(store)
    )


@pytest.mark.parametrize(
    "change",
    [{"agent": {}}, {"settings": {"seed": "none"}}, {"settings": {"time_scale": []}}],
)
def test_a_session_line_that_was_changed_is_named(
    store: RunStore, change: dict[str, Any]
) -> None:
    lines = store.journal.path.read_text().splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), **change})
    store.journal.path.write_text("\n".join(lines) + "\n")
    [said] = [line for line in found_in(store) if line.startswith("journal.jsonl: ")]
    assert "its line of the session was changed" in said


@given(cut=st.integers(0, 4000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_journal_cut_off_anywhere_is_looked_at(store: RunStore, cut: int) -> None:
    whole = store.journal.path.read_bytes()
    store.journal.path.write_bytes(whole[:cut])
    try:
        found = inspect(store.results).found
    finally:
        store.journal.path.write_bytes(whole)
    assert (cut >= len(whole)) is (not found)


@given(junk=st.binary(max_size=60), line=st.integers(0, 10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_junk_between_the_lines_is_passed_over(
    store: RunStore, junk: bytes, line: int
) -> None:
    whole = store.journal.path.read_bytes()
    lines = whole.split(b"\n")
    lines.insert(min(line, len(lines) - 1), junk)
    store.journal.path.write_bytes(b"\n".join(lines))
    try:
        assert inspect(store.results).disagreements == []
    finally:
        store.journal.path.write_bytes(whole)


def test_names_of_files_tell_run_and_try() -> None:
    assert run_and_try("L3-1-run-0001") == ("L3-1-run-0001", 1)
    assert run_and_try("A-1b-run-12345-try-12") == ("A-1b-run-12345", 12)
    for name in ("server-gw0-try", "L3-1-run-1", "L3-1-run-0001-try-", "notes"):
        assert run_and_try(name) is None


@pytest.mark.parametrize("run_id", ["/etc/x", "../x-run-0001", "x\0-run-0001", ""])
def test_a_journal_that_names_no_run_leads_nowhere(
    store: RunStore, run_id: str
) -> None:
    for event in ("started", "finished"):
        store.journal.note(event, run_id=run_id, clock=0.0)
    assert found_in(store) == []


def test_status_counts_each_run_once(store: RunStore) -> None:
    status = json.loads(store.status.read_bytes())
    counts = {name: status[name] for name in ("planned", "done")}
    assert counts == {"planned": 4, "done": 4}
    assert [status[name] for name in ("solved", "missed", "void")] == [1, 2, 1]
    assert status["eta_seconds"] == 0


# Two JSON values -----------------------------------------------------------------

leaves = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
)


def mended(found: Any, wanted: Any) -> Any:
    """``found`` with each named difference set right."""
    found = copy.deepcopy(found)
    for name, _, value in differences(found, wanted):
        if not name:
            return value
        *way, last = name.split(".")
        place = found
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if value is LACKING:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return found


@given(found=values, wanted=values)
def test_the_differences_are_all_and_nothing_else(found: Any, wanted: Any) -> None:
    assert json.dumps(mended(found, wanted), sort_keys=True) == json.dumps(
        wanted, sort_keys=True
    )
    assert not list(differences(wanted, copy.deepcopy(wanted)))


# A session at work ----------------------------------------------------------------

WRITER = """\
import sys, pathlib
from pytest_overnight.records.store import SessionLock
from pytest_overnight.rules.outcome import Outcome
from tests.records.test_inspection import begin, play
results = pathlib.Path(sys.argv[1])
lock = SessionLock(results)
store = begin(results, [f"L3-1-run-{number:04d}" for number in range(10_000)])
print("begun", flush=True)
for number in range(10_000):
    if len(sys.argv) > 2:
        store.begin_try("L3-1-run-0000")
        sys.stdin.read()
    void = play(store, f"L3-1-run-{number:04d}", Outcome.INFRA)
    play(store, f"L3-1-run-{number:04d}", Outcome.LOOP)
"""


def writer(results: Path, *words: str) -> subprocess.Popen[str]:
    """A night that plays runs as fast as it can; it has begun when this returns."""
    results.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(results), *words],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Path]:
    """The results folder of one that is at work, and is killed at the end."""
    process = writer(tmp_path / "results")
    yield tmp_path / "results"
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_what_a_session_is_about_to_write_is_no_disagreement(night: Path) -> None:
    most = 0
    for _ in range(30):
        look = inspect(night, sleep=lambda _: None)
        assert look.seen.at_work.startswith("process ")
        assert look.disagreements == []
        most = max(most, len(look.seen.records))
    assert most > 0


def test_a_damage_beside_a_session_at_work_is_named(night: Path) -> None:
    while not (night / "runs" / f"{PLAN[0]}.json").exists():
        pass
    while not (night / "runs" / f"{PLAN[2]}.json").exists():
        pass
    (night / "runs" / f"{PLAN[0]}.json").write_text("{}")
    (night / "runs" / ".x.json.1.tmp").write_text("{}")
    look = inspect(night, sleep=lambda _: None)
    assert [one.where for one in look.disagreements] == [f"runs/{PLAN[0]}.json"]


def test_a_run_under_way_is_told_apart(tmp_path: Path) -> None:
    results = tmp_path / "results"
    process = writer(results, "hang")
    while not (results / "logs" / "L3-1-run-0000-events.jsonl").exists():
        pass
    look = inspect(results)
    while look.seen.busy != {"L3-1-run-0000"}:
        look = inspect(results)
    assert look.found == ()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    [one] = [one for one in inspect(results).found if one.harmless]
    assert one.what == "try 1 was cut off: a resumed night plays it"


def test_a_look_takes_no_lock_and_makes_no_file(store: RunStore) -> None:
    (store.results / ".session.lock").unlink(missing_ok=True)
    assert gather(store.results).at_work == ""
    assert not (store.results / ".session.lock").exists()
    lock = SessionLock(store.results)
    assert gather(store.results).at_work.startswith("process ")
    assert gather(store.results, mine=True).at_work == ""
    lock.release()
    assert gather(store.results).at_work == ""
