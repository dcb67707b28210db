"""Which former night is compared with, and what is said of those that are not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.reporting import past
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.night import load_night
from pytest_overnight.reporting.past import former_night
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run
from tests.reporting.nights import counted_up

SCRIPT = AgentInfo(spec="rehearsal", scripted=True)


def lay(
    folder: Path, date: str, runs: Sequence[RunRecord] = (), **changes: Any
) -> Path:
    """A session from 22:00 to 23:00 of ``date``, all planned challenges named."""
    session = f"overnight-{date}"
    runs = [run.model_copy(update={"session_id": session}) for run in runs or [a_run()]]
    plain: dict[str, Any] = {
        "session_id": session,
        "start_time": f"{date}T22:00:00.000Z",
        "end_time": f"{date}T23:00:00.000Z",
        "titles": {run.test_id: "A title" for run in runs},
        "agent": runs[0].agent,
    }
    master = counted_up(a_master(**{**plain, **changes}), runs)
    (folder / "runs").mkdir(parents=True)
    (folder / "master_log.json").write_text(master.model_dump_json())
    for run in runs:
        (folder / "runs" / f"{run.run_id}.json").write_text(run.model_dump_json())
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Tonight's, with the challenge L3-1."""
    return lay(tmp_path / "overnight_results", "2025-01-21")


def a_former(results: Path, date: str, *runs: RunRecord, **changes: Any) -> Path:
    return lay(results / "history" / f"overnight-{date}", date, runs, **changes)


def found(results: Path, problems: list[str] | None = None) -> str | None:
    """The session that tonight is compared with."""
    night = former_night(results, load_night(results), problems)
    return night.session_id if night else None


def test_the_newest_is_taken(results: Path) -> None:
    for date in ("2025-01-18", "2025-01-20", "2025-01-19"):
        a_former(results, date)
    problems: list[str] = []
    assert found(results, problems) == "overnight-2025-01-20"
    assert problems == []


def test_where_there_is_no_history_there_is_none(results: Path) -> None:
    assert found(results) is None


def test_a_former_night_is_compared_with_what_came_before_it(results: Path) -> None:
    middle = a_former(results, "2025-01-19")
    a_former(results, "2025-01-18")
    a_former(results, "2025-01-20")
    assert found(middle) == "overnight-2025-01-18"


def test_scripts_with_scripts_and_models_with_models(tmp_path: Path) -> None:
    results = lay(tmp_path / "results", "2025-01-21", [a_run(agent=SCRIPT)])
    a_former(results, "2025-01-20")
    assert found(results) is None
    a_former(results, "2025-01-18", a_run(agent=SCRIPT))
    assert found(results) == "overnight-2025-01-18"


def test_one_without_a_challenge_in_common_is_passed_over(results: Path) -> None:
    a_former(results, "2025-01-19")
    a_former(results, "2025-01-20", a_run("L6-3"))
    assert found(results) == "overnight-2025-01-19"


def test_one_that_was_cut_off_is_passed_over_and_that_is_said(results: Path) -> None:
    a_former(results, "2025-01-19")
    a_former(results, "2025-01-20", end_time=None)
    problems: list[str] = []
    assert found(results, problems) == "overnight-2025-01-19"
    (said,) = problems
    assert "history/overnight-2025-01-20" in said
    assert "cut off" in said


def test_one_in_which_nothing_counts_is_passed_over_and_that_is_said(
    results: Path,
) -> None:
    a_former(results, "2025-01-20", a_run(outcome="infra"))
    problems: list[str] = []
    assert found(results, problems) is None
    assert "no run of it counts" in problems[0]


def test_without_a_master_log_the_journal_tells(results: Path) -> None:
    former = a_former(results, "2025-01-20")
    (former / "master_log.json").unlink()
    session = {
        "session_id": "overnight-2025-01-20",
        "settings": {},
        "agent": {"spec": "ollama"},
        "challenges": {"L3-1": {}},
        "plan": ["L3-1-run-0001"],
    }
    events = [
        {"event": "session", "time": "2025-01-20T22:00:00Z", **session},
        {"event": "closed", "time": "2025-01-21T06:00:00Z"},
    ]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (former / "journal.jsonl").write_text(lines)
    problems: list[str] = []
    assert found(results, problems) == "overnight-2025-01-20"
    assert any("master_log.json is missing" in said for said in problems)


ENDLESS = "[" * 100_000


@pytest.mark.parametrize("text", ["", "{", "[]", '{"start_time": 5}', "null", ENDLESS])
def test_one_that_says_nothing_of_itself_is_passed_over_and_that_is_said(
    results: Path, text: str
) -> None:
    a_former(results, "2025-01-18")
    (a_former(results, "2025-01-20") / "master_log.json").write_text(text)
    problems: list[str] = []
    assert found(results, problems) == "overnight-2025-01-18"
    (said,) = problems
    assert "history/overnight-2025-01-20 is not compared with" in said


def test_what_is_wrong_with_its_records_is_said(results: Path) -> None:
    former = a_former(results, "2025-01-20", a_run(), a_run(attempt=2))
    (former / "runs" / "L3-1-run-0002.json").write_text("{")
    problems: list[str] = []
    assert found(results, problems) == "overnight-2025-01-20"
    assert "history/overnight-2025-01-20: runs/L3-1-run-0002.json" in problems[0]


def test_records_are_loaded_of_one_former_night_alone(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 20):
        a_former(results, f"2025-01-{day:02}")
    night = load_night(results)
    loaded: list[str] = []

    def noted(folder: Path) -> Night:
        loaded.append(folder.name)
        return load_night(folder)

    monkeypatch.setattr(past, "load_night", noted)
    former_night(results, night)
    assert loaded == ["overnight-2025-01-19"]


def test_what_the_store_puts_away_is_found(tmp_path: Path) -> None:
    results = lay(tmp_path / "results", "2025-01-20")
    store = RunStore(results)
    fields = {"settings": {}, "agent": {"spec": "ollama"}, "challenges": {}, "plan": []}
    store.journal.note("session", session_id="overnight-2025-01-20", **fields)
    store.put_away_former()
    lay(results / "tonight", "2025-01-21")
    for path in list((results / "tonight").iterdir()):
        path.rename(results / path.name)
    assert found(results) == "overnight-2025-01-20"
