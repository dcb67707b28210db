"""The results folder: one writer, whole files, nothing of a former night lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_overnight.records.store import JOURNAL
from pytest_overnight.records.store import LOCK_VARIABLE
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import StoreError
from pytest_overnight.records.store import holder_of
from pytest_overnight.records.store import is_member
from pytest_overnight.records.store import stem
from pytest_overnight.records.store import write_whole
from tests.support.sessions import a_record
from tests.support.sessions import begin

RUN = "L3-1-run-0001"


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """An empty results folder."""
    store = RunStore(tmp_path / "results")
    store.create()
    return store


def test_a_second_session_is_refused_naming_the_first(tmp_path: Path) -> None:
    lock = SessionLock(tmp_path)
    code = (
        "import sys, pathlib\n"
        "from pytest_overnight.records.store import SessionLock\n"
        "SessionLock(pathlib.Path(sys.argv[1]))\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    second = subprocess.run(argv, capture_output=True, text=True, check=False)
    holder = json.loads((tmp_path / ".session.lock").read_text())
    assert f"process {holder['pid']}, started {holder['started']}" in second.stderr
    lock.release()
    assert subprocess.run(argv, check=False).returncode == 0


def test_a_former_session_is_put_away_whole(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "results")
    for _ in range(2):
        store.create()
        begin(store, "overnight-2026-01-02")
        store.write_run(a_record(RUN))
        store.put_away_former()
    history = sorted((store.results / "history").iterdir())
    names = [folder.name for folder in history]
    assert names == ["overnight-2026-01-02", "overnight-2026-01-02-2"]
    assert all((folder / "runs" / "L3-1-run-0001.json").exists() for folder in history)


def test_a_folder_without_a_session_is_left_alone(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.create()
    (tmp_path / "notes.txt").write_text("mine")
    store.put_away_former()
    assert not (tmp_path / "history").exists()
    assert (tmp_path / "notes.txt").exists()


def test_a_hostile_session_id_does_not_leave_the_folder(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "results")
    store.create()
    begin(store, "../../../elsewhere")
    store.put_away_former()
    assert (tmp_path / "results" / "history" / "elsewhere" / JOURNAL).is_file()


def test_results_that_cannot_be_written_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="--overnight-results"):
        RunStore(tmp_path / "results").create()


def test_a_whole_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_whole(file, b"one")
    write_whole(file, b"two")
    assert file.read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


# -- tries ---------------------------------------------------------------------------


def test_the_first_try_bears_the_runs_own_name() -> None:
    assert stem(RUN, 1) == RUN
    assert stem(RUN, 3) == f"{RUN}-try-3"


def test_tries_are_numbered_by_the_files_that_are_there(store: RunStore) -> None:
    assert store.last_try(RUN) == 0
    assert [store.begin_try(RUN) for _ in range(3)] == [1, 2, 3]
    assert RunStore(store.results).last_try(RUN) == 3
    noted = [(e["event"], e["run_id"], e["try"]) for e in store.journal.read()]
    assert noted == [("started", RUN, number) for number in (1, 2, 3)]


def test_no_two_tries_share_a_file(store: RunStore) -> None:
    kinds = (store.output_log, store.ledger_log, store.events_log)
    kinds += (store.archive, store.workspace)
    paths = [kind(RUN, number) for kind in kinds for number in (1, 2, 3)]
    assert len(set(paths)) == len(paths)


def test_the_record_of_a_void_try_is_kept_beside_that_of_the_next(
    store: RunStore,
) -> None:
    store.write_run(a_record(RUN, "infra"))
    store.write_run(a_record(RUN, "cancelled", number=2))
    store.write_run(a_record(RUN, "passed", number=3))
    record = store.read_run(RUN)
    assert record
    assert (record.number, record.outcome) == (3, "passed")
    former = [json.loads(store.former_record(RUN, n).read_text()) for n in (1, 2)]
    assert [record["outcome"] for record in former] == ["infra", "cancelled"]
    assert [record.run_id for record in store.read_runs()] == [RUN]


def test_a_try_that_is_graded_again_leaves_no_second_record(store: RunStore) -> None:
    store.write_run(a_record(RUN, "harness"))
    store.write_run(a_record(RUN, "passed"))
    assert [record.outcome for record in store.read_runs()] == ["passed"]
    assert list(store.tries.iterdir()) == []


@pytest.mark.parametrize("outcome", ["passed", "wrong_answer", "infra"])
def test_nothing_replaces_a_record_that_is_done(store: RunStore, outcome: str) -> None:
    store.write_run(a_record(RUN))
    former = store.record_file(RUN).read_bytes()
    with pytest.raises(StoreError, match="this run is done"):
        store.write_run(a_record(RUN, outcome, number=2))
    assert store.record_file(RUN).read_bytes() == former
    assert list(store.tries.iterdir()) == []


def test_a_record_that_cannot_be_read_is_left_out(store: RunStore) -> None:
    store.write_run(a_record(RUN))
    store.record_file("L3-1-run-0002").write_bytes(b'{"run_id": "L3-1-')
    assert store.read_run("L3-1-run-0002") is None
    assert [record.run_id for record in store.read_runs()] == [RUN]


# -- a session is put away -----------------------------------------------------------


@pytest.mark.parametrize("moved", [[], ["journal.jsonl"], ["runs", "journal.jsonl"]])
def test_a_move_that_was_cut_off_is_finished_by_the_next_process(
    store: RunStore, moved: list[str]
) -> None:
    begin(store)
    store.write_run(a_record(RUN))
    place = store.results / "history" / "the-former"
    place.mkdir(parents=True)
    (store.results / ".moving_to_history").write_text(place.name)
    for name in moved:
        (store.results / name).rename(place / name)
    following = RunStore(store.results)
    following.create()
    following.finish_putting_away()
    former = RunStore(place)
    assert [record.run_id for record in former.read_runs()] == [RUN]
    assert former.journal.read()[0]["event"] == "session"
    assert following.read_runs() == following.journal.read() == []
    assert not (store.results / ".moving_to_history").exists()


def test_a_second_look_finds_nothing_to_move(store: RunStore) -> None:
    begin(store)
    store.finish_putting_away()
    assert store.journal.read()


# -- the lock ------------------------------------------------------------------------

JOINS = """\
import pathlib, sys
from pytest_overnight.records.store import is_member
print(is_member(pathlib.Path(sys.argv[1])))
"""


def test_a_lock_names_its_holder_until_it_is_given_back(tmp_path: Path) -> None:
    assert holder_of(tmp_path) == ""
    lock = SessionLock(tmp_path)
    assert f"process {os.getpid()}, started" in holder_of(tmp_path)
    lock.release()
    assert holder_of(tmp_path) == ""


def test_who_was_handed_the_lock_is_a_member_and_nobody_else(tmp_path: Path) -> None:
    assert not is_member(tmp_path)
    lock = SessionLock(tmp_path)
    try:
        argv = [sys.executable, "-c", JOINS, str(tmp_path)]
        handed = {**os.environ, LOCK_VARIABLE: str(lock.descriptor)}
        for passed, told in (([lock.descriptor], "True"), ([], "False")):
            child = subprocess.run(
                argv,
                env=handed,
                pass_fds=passed,
                capture_output=True,
                text=True,
                check=True,
            )
            assert child.stdout.strip() == told
    finally:
        lock.release()


def test_a_killed_holder_keeps_the_lock_for_those_it_handed_it_to(
    tmp_path: Path,
) -> None:
    code = (
        "import os, subprocess, sys, pathlib\n"
        "from pytest_overnight.records.store import SessionLock\n"
        "lock = SessionLock(pathlib.Path(sys.argv[1]))\n"
        "os.set_inheritable(lock.descriptor, True)\n"
        "kept = [lock.descriptor]\n"
        "quiet = subprocess.DEVNULL\n"
        "argv = ['sleep', '600']\n"
        "child = subprocess.Popen(argv, pass_fds=kept, stdout=quiet)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    holder = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    child = int(holder.stdout)
    try:
        assert holder_of(tmp_path)
    finally:
        os.kill(child, 9)
    SessionLock(tmp_path).release()  # waits for those whom the holder left behind
