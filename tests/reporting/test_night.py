"""Reading what a night left behind, whole or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.night import ReportError
from pytest_overnight.reporting.night import load_night
from tests.reporting.nights import Folder
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run


def only_problem(night: Night) -> str:
    [problem] = night.problems
    return problem


def test_a_whole_night_is_read_sorted_and_without_problems(folder: Folder) -> None:
    folder.lay(a_run("L6-3", 2), a_run("L3-1", 1), a_run("L6-3", 1), master=a_master())
    night = load_night(folder.path)
    assert night.master is not None
    assert [run.run_id for run in night.runs] == [
        "L3-1-run-0001",
        "L6-3-run-0001",
        "L6-3-run-0002",
    ]
    assert night.problems == ()
    assert night.session_id == "overnight-2025-01-21"


def test_nothing_but_master_log_and_records_is_read(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master())
    for name in ("status.json", "journal.jsonl", "runs/notes.txt", "runs/.x.json.tmp"):
        (folder.path / name).write_text("not JSON at all")
    (folder.path / "runs" / ".L3-1-run-0002.json").write_text("being written")
    assert load_night(folder.path).problems == ()


def test_a_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="No night lies in"):
        load_night(tmp_path / "overnight_result")


def test_a_missing_master_log_is_named_and_the_runs_stand(folder: Folder) -> None:
    folder.lay(a_run())
    night = load_night(folder.path)
    assert night.master is None
    assert len(night.runs) == 1
    assert "master_log.json is missing" in only_problem(night)


def test_a_half_written_master_log_is_named(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master())
    path = folder.path / "master_log.json"
    path.write_text(path.read_text()[:100])
    night = load_night(folder.path)
    assert night.master is None
    assert "master_log.json is not whole JSON" in only_problem(night)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[: len(text) // 2], "not whole JSON"),
        (lambda text: "", "not whole JSON"),
        (lambda text: text.replace("L3-1-run-0001", "L3-1-run-0009"), "another run"),
        (lambda text: text.replace('"rounds": 6', '"rounds": "many"'), "rounds"),
        (
            lambda text: text.replace('"schema_version": 1', '"schema_version": 2'),
            "ano",
        ),
        (lambda text: text.replace('"outcome": "passed"', '"outcome": "won"'), "won"),
        (lambda text: text.replace('"success": true', '"success": null'), "contradict"),
        (
            lambda text: text.replace('"counted": true', '"counted": false'),
            "contradict",
        ),
        (lambda text: text.replace('"duration": 15.0', '"duration": NaN'), "seconds"),
    ],
    ids=[
        "cut off",
        "empty",
        "other run",
        "wrong type",
        "newer version",
        "unknown outcome",
        "success contradicts",
        "counted contradicts",
        "no number",
    ],
)
def test_an_unusable_record_is_left_out_and_named(
    folder: Folder, damage: object, said: str
) -> None:
    folder.lay(a_run("L3-1", 1), a_run("L3-1", 2), master=a_master())
    path = folder.path / "runs" / "L3-1-run-0001.json"
    assert callable(damage)
    path.write_text(damage(path.read_text()))
    night = load_night(folder.path)
    assert [run.run_id for run in night.runs] == ["L3-1-run-0002"]
    assert "runs/L3-1-run-0001.json" in night.problems[0]
    assert said in night.problems[0]
    assert "pytest-overnight doctor says what can be done" in night.problems[0]


def test_a_folder_in_the_place_of_a_record_is_named(folder: Folder) -> None:
    folder.lay(a_run("L3-1", 1), master=a_master())
    (folder.path / "runs" / "L3-1-run-0002.json").mkdir()
    assert "is not a file" in only_problem(load_night(folder.path))


def test_a_record_of_another_session_is_left_out_and_named(folder: Folder) -> None:
    stranger = a_run("L3-1", 2, session_id="overnight-2025-01-20")
    folder.lay(a_run("L3-1", 1), master=a_master()).lay(stranger)
    night = load_night(folder.path)
    assert [run.run_id for run in night.runs] == ["L3-1-run-0001"]
    assert "belongs to session overnight-2025-01-20" in only_problem(night)


def test_without_a_master_log_the_session_with_most_records_is_the_night(
    folder: Folder,
) -> None:
    folder.lay(a_run("L3-1", 1), a_run("L3-1", 2), a_run("L3-1", 3, session_id="old"))
    night = load_night(folder.path)
    assert night.session_id == "overnight-2025-01-21"
    assert len(night.runs) == 2


def test_a_master_log_that_counts_otherwise_is_named(folder: Folder) -> None:
    folder.lay(a_run("L3-1", 1), a_run("L3-1", 2), master=a_master())
    (folder.path / "runs" / "L3-1-run-0002.json").unlink()
    problem = only_problem(load_night(folder.path))
    assert "2 counted runs (records: 1)" in problem
    assert "2 solved runs (records: 1)" in problem


def test_a_scripted_run_makes_the_night_a_scripted_one(folder: Folder) -> None:
    folder.lay(a_run("L3-1", 1), master=a_master())
    assert not load_night(folder.path).scripted
    path = folder.path / "runs" / "L3-1-run-0001.json"
    record = json.loads(path.read_text())
    record["agent"]["scripted"] = True
    path.write_text(json.dumps(record))
    assert load_night(folder.path).scripted
