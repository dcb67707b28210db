"""The results folder: one writer, whole files, nothing of a former night lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import StoreError
from pytest_overnight.records.store import write_whole


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
        (store.runs / "L3-1-run-0001.json").write_text("{}")
        store.master_log.write_text('{"session_id": "overnight-2026-01-02"}')
        assert store.put_away_former() is not None
    history = sorted((store.results / "history").iterdir())
    names = [folder.name for folder in history]
    assert names == ["overnight-2026-01-02", "overnight-2026-01-02-2"]
    assert all((folder / "runs" / "L3-1-run-0001.json").exists() for folder in history)


def test_a_folder_without_a_session_is_left_alone(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.create()
    (tmp_path / "notes.txt").write_text("mine")
    assert store.put_away_former() is None
    assert (tmp_path / "notes.txt").exists()


def test_a_hostile_session_id_does_not_leave_the_folder(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "results")
    store.create()
    store.master_log.write_text('{"session_id": "../../../elsewhere"}')
    place = store.put_away_former()
    assert place == tmp_path / "results" / "history" / "elsewhere"


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


def test_the_journal_keeps_every_line_of_many_writers(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from pytest_overnight.records.store import RunStore\n"
        "store = RunStore(pathlib.Path(sys.argv[1]))\n"
        "for number in range(200): store.note('started', run_id=str(number) * 40)\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    writers = [subprocess.Popen(argv) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 600
