"""Reading what a night left behind, whole or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.night import ReportError
from pytest_overnight.reporting.night import load_night
from pytest_overnight.reporting.pages import write_report
from tests.records.hrm_records import a_task
from tests.records.hrm_records import lay_tasks
from tests.reporting.nights import Folder
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run

OLDER = Path(__file__).parent / "older"
"""A rehearsal of four runs, played and written by the first release of the records."""
NEWER = (
    "was written by a newer version of pytest-overnight (schema_version 2; this one "
    "reads 1): upgrade, then write the report again"
)


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
            lambda text: text.replace('"schema_version": 1', '"schema_version": 0'),
            "schema_version: ",
        ),
        (
            lambda text: text.replace('"schema_version": 1', '"schema_version": "x"'),
            "schema_version: ",
        ),
        (lambda text: text.replace('"outcome": "passed"', '"outcome": "won"'), "won"),
        (lambda text: text.replace('"success": true', '"success": null'), "contradict"),
        (
            lambda text: text.replace('"counted": true', '"counted": false'),
            "contradict",
        ),
        (
            lambda text: text.replace('"duration": 15.0', '"duration": NaN'),
            "duration nan",
        ),
        (lambda text: text.replace('"llm_seconds": 0.0', '"llm_seconds": NaN'), "sec"),
        (lambda text: text.replace("2025-01-21T22:00:15.000Z", "later"), "no moment"),
    ],
    ids=[
        "cut off",
        "empty",
        "other run",
        "wrong type",
        "version zero",
        "version of letters",
        "unknown outcome",
        "success contradicts",
        "counted contradicts",
        "no number",
        "a span that is no number",
        "no moment",
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


def changed(path: Path, **fields: Any) -> None:
    """Give the record in a file other fields."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


# Versions.


def test_a_night_of_the_first_release_is_read_without_a_problem() -> None:
    night = load_night(OLDER)
    assert night.problems == ()
    assert night.master is not None
    assert {run.run_id: run.outcome for run in night.runs} == {
        "L3-1-run-0001": "passed",
        "L3-1-run-0002": "timeout",
        "L3-2-run-0001": "malformed",
        "L3-2-run-0002": "passed",
    }
    # Fields that came later.
    assert all(run.machine is None and not run.fingerprints for run in night.runs)
    assert night.scripted


def test_an_older_master_log_tells_its_stretch_goals_by_name() -> None:
    master = load_night(OLDER).master
    assert master is not None
    assert [(c.name, c.stretch) for c in master.criteria][-2:] == [
        ("Statistical analysis and report", False),
        ("Test runs completed", True),
    ]


def test_a_night_of_the_first_release_gives_a_whole_report(tmp_path: Path) -> None:
    shutil.copytree(OLDER, tmp_path / "night")
    page = write_report(tmp_path / "night").read_text(encoding="utf-8")
    assert "Solved 2 of 4 runs that count" in page
    assert "no model was measured" in page
    assert "[L3-2-run-0001]: runs/L3-2-run-0001.json" in page


def test_newer_records_are_refused_with_the_reason(folder: Folder) -> None:
    folder.lay(a_run("L3-1", 1), a_run("L3-1", 2), a_run("L3-1", 3), master=a_master())
    for number in (1, 2):
        # What a newer version adds or drops must not hide that it is newer.
        path = folder.path / "runs" / f"L3-1-run-000{number}.json"
        changed(path, schema_version=2, attempt={"number": 1}, aura=9)
    lay_tasks(folder.path, a_task("HRM-2"))
    changed(folder.path / "hrm" / "HRM-2.json", schema_version=2, metrics="many")
    night = load_night(folder.path)
    assert [run.attempt for run in night.runs] == [3]
    assert night.hrm == ()
    assert night.problems[0] == (
        f"runs/L3-1-run-0001.json {NEWER}. It is left out, and so is one more like it."
    )
    assert night.problems[1] == f"hrm/HRM-2.json {NEWER}. It is left out."
    assert not any("doctor" in problem for problem in night.problems[:2])


def test_a_newer_master_log_is_refused_and_not_replaced(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master())
    changed(folder.path / "master_log.json", schema_version=2)
    note_session(folder.path)
    night = load_night(folder.path)
    assert night.master is None
    assert len(night.runs) == 1
    assert only_problem(night) == f"master_log.json {NEWER}."


# Folders that hold a part of a night.


def note_session(results: Path) -> None:
    """A journal whose session planned three runs of L3-1."""
    event = {
        "event": "session",
        "time": "2025-01-21T22:00:00.000Z",
        "clock": 100.0,
        "session_id": "overnight-2025-01-21",
        "settings": {"seed": 7},
        "agent": {"spec": "ollama", "model": "gpt-oss:20b"},
        "plan": [f"L3-1-run-000{number}" for number in (1, 2, 3)],
        "challenges": {"L3-1": {"title": "Refactor to Class", "level": "L3"}},
    }
    (results / "journal.jsonl").write_text(json.dumps(event) + "\n")


def test_a_folder_with_nothing_but_a_master_log_is_an_empty_night(
    tmp_path: Path,
) -> None:
    text = a_master({"L3": 3}).model_dump_json()
    (tmp_path / "master_log.json").write_text(text)
    night = load_night(tmp_path)
    assert night.session_id == "overnight-2025-01-21"
    assert night.runs == ()
    assert night.problems == ()


def test_a_folder_with_nothing_but_a_journal_tells_what_was_planned(
    tmp_path: Path,
) -> None:
    note_session(tmp_path)
    night = load_night(tmp_path)
    assert night.master is not None
    assert (night.master.planned, night.master.not_reached) == (3, 3)
    assert night.master.titles == {"L3-1": "Refactor to Class"}
    assert only_problem(night) == (
        "master_log.json is missing: what it must say was derived from the journal "
        "and the records."
    )


def test_a_master_log_that_was_cut_off_is_derived_from_journal_and_records(
    folder: Folder,
) -> None:
    folder.lay(a_run("L3-1", 1), a_run("L3-1", 2, "timeout"))
    stranger = a_run("L3-1", 3, session_id="overnight-2025-01-20")
    folder.lay(stranger)
    note_session(folder.path)
    (folder.path / "master_log.json").write_text('{"session_id": "over')
    lay_tasks(folder.path, a_task())
    night = load_night(folder.path)
    assert night.master is not None
    assert (night.master.tests_run, night.master.tests_passed) == (2, 1)
    assert night.master.hrm_tasks_completed == 1
    assert "master_log.json is not whole JSON" in night.problems[0]
    assert "belongs to session overnight-2025-01-20" in night.problems[1]


@pytest.mark.parametrize(
    "journal",
    ["", "not JSON", '{"event": "session"}\n', '["session"]\n', "\0\0\0\n"],
)
def test_a_journal_that_tells_nothing_leaves_the_records(
    folder: Folder, journal: str
) -> None:
    folder.lay(a_run())
    (folder.path / "journal.jsonl").write_text(journal)
    night = load_night(folder.path)
    assert night.master is None
    assert len(night.runs) == 1
    assert "stands on the run records alone" in only_problem(night)


def test_a_folder_in_which_nothing_can_be_read_is_a_night_of_problems(
    folder: Folder,
) -> None:
    (folder.path / "master_log.json").mkdir()
    (folder.path / "journal.jsonl").mkdir()
    (folder.path / "runs" / "L3-1-run-0001.json").write_bytes(b"\xff\xfe\x00")
    (folder.path / "hrm").mkdir()
    (folder.path / "hrm" / "HRM-1.json").write_text("[" * 100_000)
    night = load_night(folder.path)
    assert (night.master, night.runs, night.hrm) == (None, (), ())
    assert night.session_id is None
    assert [problem.partition(" ")[0] for problem in night.problems] == [
        "master_log.json",
        "runs/L3-1-run-0001.json",
        "hrm/HRM-1.json",
    ]


def test_files_in_the_place_of_folders_hold_no_records(tmp_path: Path) -> None:
    for name in ("runs", "hrm"):
        (tmp_path / name).write_text("no folder")
    (tmp_path / "master_log.json").write_text(a_master().model_dump_json())
    assert load_night(tmp_path).runs == ()


def test_an_empty_folder_of_runs_is_a_night_of_which_nothing_is_known(
    folder: Folder,
) -> None:
    night = load_night(folder.path)
    assert night.session_id is None
    assert "master_log.json is missing" in only_problem(night)


@pytest.mark.parametrize("name", ["gone", "n" * 300], ids=["gone", "too long a name"])
def test_where_no_night_was_begun_there_is_no_report(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError):
        load_night(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no night")
    with pytest.raises(ReportError, match="No night lies in"):
        load_night(tmp_path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"planned": -1}, "count below zero"),
        ({"tests_passed": -1}, "count below zero"),
        ({"total_duration": float("nan")}, "no number of seconds"),
        ({"total_duration": -5.0}, "no number of seconds"),
    ],
)
def test_a_master_log_with_figures_that_cannot_be_is_named(
    folder: Folder, fields: dict[str, Any], said: str
) -> None:
    folder.lay(a_run(), master=a_master())
    changed(folder.path / "master_log.json", **fields)
    night = load_night(folder.path)
    assert night.master is None
    assert said in only_problem(night)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_field_there_is_a_night(
    folder: Folder, data: st.DataObject
) -> None:
    """Any one field of any kind of record is replaced by any JSON."""
    folder.lay(a_run("L3-1", 1), a_run("L3-1", 2), master=a_master({"L3": 2}))
    lay_tasks(folder.path, a_task())
    files = ("master_log.json", "runs/L3-1-run-0001.json", "hrm/HRM-1.json")
    path = folder.path / data.draw(st.sampled_from(files))
    field = data.draw(st.sampled_from(sorted(json.loads(path.read_text()))))
    changed(path, **{field: data.draw(ANYTHING)})
    night = load_night(folder.path)
    known = len(night.runs) + len(night.hrm) + (night.master is not None)
    assert night.problems or known == 4


# HRM-JEPA tasks.


def test_the_records_of_hrm_tasks_are_read_by_task(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master())
    lay_tasks(folder.path, a_task("HRM-4"), a_task("HRM-2"))
    (folder.path / "hrm" / "results").mkdir()
    (folder.path / "hrm" / ".HRM-1.json.12.tmp").write_text("being written")
    night = load_night(folder.path)
    assert [task.task_id for task in night.hrm] == ["HRM-2", "HRM-4"]
    assert night.problems == ()


def test_a_night_of_hrm_tasks_alone_has_their_session(tmp_path: Path) -> None:
    lay_tasks(tmp_path, a_task())
    night = load_night(tmp_path)
    assert night.session_id == "overnight-2025-01-21"
    assert len(night.hrm) == 1


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:80], "is not whole JSON"),
        (lambda text: text.replace('"HRM-2"', '"HRM-3"'), "of another task, HRM-3"),
        (lambda text: text.replace('"full"', '"brief"'), "form of its kind (profile: "),
        (lambda text: text.replace("300.0", "NaN"), "form of its kind (duration: "),
        (lambda text: text.replace('"threads": 2', '"threads": 0'), "threads: "),
        (lambda text: text.replace('n": 1,', 'n": -1,'), "schema_version: "),
    ],
)
def test_an_unusable_record_of_a_task_is_left_out_and_named(
    folder: Folder, damage: object, said: str
) -> None:
    folder.lay(a_run(), master=a_master())
    lay_tasks(folder.path, a_task("HRM-1"), a_task("HRM-2"))
    path = folder.path / "hrm" / "HRM-2.json"
    assert callable(damage)
    path.write_text(damage(path.read_text()))
    night = load_night(folder.path)
    assert [task.task_id for task in night.hrm] == ["HRM-1"]
    problem = only_problem(night)
    assert problem.startswith("hrm/HRM-2.json ")
    assert said in problem
    assert problem.endswith("Run that task again to have it written anew.")


def test_a_task_of_another_session_is_left_out_and_named(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master())
    lay_tasks(folder.path, a_task("HRM-1", session_id="overnight-2025-01-20"))
    night = load_night(folder.path)
    assert night.hrm == ()
    assert "belongs to session overnight-2025-01-20" in only_problem(night)


def test_figures_that_are_not_there_or_lie_elsewhere_are_named(folder: Folder) -> None:
    folder.lay(a_run(), master=a_master())
    names = [f"hrm/results/HRM-3/{name}.png" for name in ("pca", "gone", "link")]
    lay_tasks(folder.path, a_task("HRM-3", figures=names))
    place = folder.path / "hrm" / "results" / "HRM-3"
    place.mkdir(parents=True)
    (place / "pca.png").write_bytes(b"PNG")
    outside = folder.path.parent / "outside.png"
    outside.write_bytes(b"PNG")
    (place / "link.png").symlink_to(outside)
    night = load_night(folder.path)
    assert night.hrm[0].figures == names[:1]
    assert only_problem(night) == (
        f"hrm/HRM-3.json names figures that are not there: {names[1]}, {names[2]}."
    )
