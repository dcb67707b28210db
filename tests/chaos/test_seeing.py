"""What the nights of kills are looked at with: it sees what it is there for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SnapshotInfo
from pytest_overnight.records.record import Try
from pytest_overnight.records.store import RunStore
from tests.chaos.instants import CALLS
from tests.chaos.instants import INSTANTS
from tests.chaos.instants import find
from tests.chaos.memory import Findings
from tests.chaos.memory import Memory
from tests.chaos.memory import digest
from tests.chaos.process import adopting
from tests.chaos.process import await_the_end
from tests.reporting.nights import a_run

RUN = "L3-1-run-0001"
VOID = "L3-1-run-0002"


def played(store: RunStore, attempt: int, number: int, outcome: str) -> RunRecord:
    """A run with one more try, on disk."""
    run_id = f"L3-1-run-{attempt:04d}"
    assert store.begin_try(run_id) == number
    store.events_log(run_id, number).write_text('{"event": "started"}\n')
    archive = store.archive(run_id, number)
    archive.write_bytes(b"packed")
    former = store.read_run(run_id)
    tries = [*(former.tries if former else []), a_try(number, outcome)]
    info = SnapshotInfo(
        path=archive.relative_to(store.results).as_posix(),
        sha256=digest(archive),
        files=0,
        bytes=0,
        manifest={},
    )
    record = a_run(attempt=attempt, outcome=outcome, tries=tries, snapshot=info)
    store.write_run(record)
    return record


def a_try(number: int, outcome: str) -> Try:
    """One of a run's tries."""
    started = "2025-01-21T22:00:00.000Z"
    return Try(
        number=number, stop="finished", started=started, duration=1.0, outcome=outcome
    )


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Of a night with a run that counts, and one that was void at first."""
    store = RunStore(tmp_path)
    store.create()
    played(store, 1, 1, "passed")
    played(store, 2, 1, "cancelled")
    played(store, 2, 2, "wrong_answer")
    return store


def seen(store: RunStore, change: Callable[[RunStore], object]) -> Findings:
    """What a second look finds, after ``change``."""
    findings = Findings()
    memory = Memory(store.results, findings)
    memory.look()
    assert not findings, str(findings)
    change(store)
    memory.look()
    return findings


def test_a_night_that_goes_on_is_as_it_must_be(store: RunStore) -> None:
    def go_on(store: RunStore) -> None:
        played(store, 3, 1, "harness")
        played(store, 3, 2, "passed")
        with store.events_log(RUN).open("a") as ledger:
            ledger.write('{"event": "stopped"}\n')

    assert not seen(store, go_on)


def note_again(store: RunStore) -> None:
    """As if the run had been played once more."""
    store.journal.note("started", run_id=RUN, **{"try": 2})


def play_again(store: RunStore) -> None:
    """As if a record that counts had made room for another."""
    done = store.read_run(RUN)
    assert done is not None
    store.former_record(RUN, 1).write_text(done.model_dump_json())
    changed = done.model_copy(update={"tries": [*done.tries, a_try(2, "passed")]})
    store.record_file(RUN).write_text(changed.model_dump_json())


LOSSES: dict[str, tuple[str, Callable[[RunStore], object]]] = {
    "a record is gone": ("lost", lambda s: s.record_file(RUN).unlink()),
    "a record was changed": (
        "lost",
        lambda s: s.record_file(RUN).write_text(s.record_file(RUN).read_text() + " "),
    ),
    "a record of a former try is gone": (
        "lost",
        lambda s: s.former_record(VOID, 1).unlink(),
    ),
    "a ledger is gone": ("lost", lambda s: s.events_log(VOID, 1).unlink()),
    "a ledger began anew": (
        "lost",
        lambda s: s.events_log(RUN).write_text('{"event": "box"}\n' * 9),
    ),
    "the journal is shorter": ("lost", lambda s: s.journal.path.write_text("")),
    "a snapshot is another": ("lost", lambda s: s.archive(RUN).write_bytes(b"new")),
    "a record is half": (
        "unreadable",
        lambda s: s.record_file(RUN).write_text(s.record_file(RUN).read_text()[:99]),
    ),
    "the master log is half": (
        "unreadable",
        lambda s: s.master_log.write_text(json.dumps({"a": 1})[:-1]),
    ),
    "a run that counts was started": ("twice", note_again),
    "a run that counts was recorded again": ("twice", play_again),
}


@pytest.mark.parametrize("what", LOSSES)
def test_a_second_look_sees_that(what: str, store: RunStore) -> None:
    name, change = LOSSES[what]
    assert getattr(seen(store, change), name)


def test_an_orphan_is_seen_and_ended() -> None:
    with adopting():
        subprocess.run(["sh", "-c", "setsid sleep 600 & :"], check=True)
        [orphan] = await_the_end(0.0)
        assert "sleep 600" in orphan
        assert await_the_end(10.0) == []


@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_an_instant_lies_around_is_there(name: str) -> None:
    owner, attribute = find(CALLS[name][1])
    assert callable(getattr(owner, attribute))


def test_each_instant_has_a_victim() -> None:
    assert len(INSTANTS) > 100
    assert all(victim for victim, _ in INSTANTS.values())
