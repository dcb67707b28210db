"""The line a run, the estimate, and status.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.breaker import ENDED
from pytest_overnight.breaker import HEALTHY
from pytest_overnight.breaker import WAITING
from pytest_overnight.catalog.plan import make_plan
from pytest_overnight.progress import Progress
from pytest_overnight.progress import run_id_of
from pytest_overnight.records.store import RunStore
from tests.catalog.test_plan import challenge
from tests.test_breaker import runs


def summary(outcome: str, category: str, duration: float) -> dict[str, Any]:
    """What a report carries."""
    return {"outcome": outcome, "category": category, "duration": duration}


def a_night(tmp_path: Path, **more: Any) -> Progress:
    """Two challenges, one of them with three times the limit, ten repetitions."""
    challenges = [challenge("L3-1", 10, 180), challenge("L6-1", 10, 540)]
    plan = make_plan(challenges, None, 0)
    return Progress(plan, RunStore(tmp_path), workers=1, time_scale=1.0, **more)


def test_a_line_fits_eighty_columns_at_its_longest(tmp_path: Path) -> None:
    night = a_night(tmp_path)
    night.started("L3-1-run-0001")
    line = night.finished("L3-1-run-0001", summary("wrong_answer", "missed", 719.4))
    assert line.startswith("[ 1/20] L3-1-run-0001  missed wrong_answer  719 s")
    assert "0/1 solved" in line
    assert len(line) <= 80


def test_the_estimate_knows_that_levels_differ(tmp_path: Path) -> None:
    night = a_night(tmp_path)
    assert night.eta_seconds() is None
    night.finished("L3-1-run-0001", summary("passed", "solved", 63.0))
    # 63 s is what 35 % of 180 s was expected to be: L6-1 is expected at 189 s.
    assert night.eta_seconds() == pytest.approx(9 * 63 + 10 * 189)


def test_status_says_what_runs_and_what_is_done(tmp_path: Path) -> None:
    night = a_night(tmp_path)
    night.started("L3-1-run-0001")
    night.finished("L3-1-run-0001", summary("passed", "solved", 60.0))
    night.started("L6-1-run-0001")
    status = json.loads((tmp_path / "status.json").read_text())
    assert (status["planned"], status["done"], status["solved"]) == (20, 1, 1)
    assert [run["run_id"] for run in status["running"]] == ["L6-1-run-0001"]
    assert status["eta_seconds"] > 0


def test_a_wait_for_the_server_is_told_once_when_it_begins_and_when_it_is_over(
    tmp_path: Path,
) -> None:
    night, store = a_night(tmp_path), RunStore(tmp_path)
    for event in runs("a", "b", "c"):
        store.journal.note(**event)
    assert night.started("L3-1-run-0001") == ""
    began = json.loads(store.status.read_text())["running"]
    store.journal.note(WAITING, reason="Nobody answers.", seconds=900.0)
    line = night.started("L3-1-run-0001")
    assert line == "waiting for the model server, at most 900 s: Nobody answers."
    assert night.started("L6-1-run-0001") == ""
    status = json.loads(store.status.read_text())
    assert status["server_awaited"] == "at most 900 s: Nobody answers."
    assert status["running"][:1] == began
    store.journal.note(HEALTHY)
    assert "goes on" in night.started("L3-1-run-0001")
    assert json.loads(store.status.read_text())["server_awaited"] is None


def test_a_wait_for_memory_is_said_as_what_it_is(tmp_path: Path) -> None:
    night, store = a_night(tmp_path), RunStore(tmp_path)
    store.journal.note(WAITING, kind="memory", reason="Too little.", seconds=900.0)
    line = night.started("L3-1-run-0001")
    assert line == "waiting for memory, at most 900 s: Too little."
    store.journal.note(HEALTHY, kind="memory")
    assert "goes on" in night.started("L3-1-run-0001")


def test_a_wait_that_a_killed_process_left_open_is_over_for_the_next(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path)
    store.journal.note(WAITING, kind="server", reason="Nobody.", seconds=900.0)
    store.journal.note("session")
    night = a_night(tmp_path)
    assert night.started("L3-1-run-0001") == ""
    assert json.loads(store.status.read_text())["server_awaited"] is None


def test_a_night_that_goes_on_counts_what_was_done_before(tmp_path: Path) -> None:
    before = {"L4-1-run-0001": "solved", "L4-1-run-0002": "missed"}
    night = a_night(tmp_path, planned=25, before=before)
    line = night.finished("L3-1-run-0001", summary("passed", "solved", 63.0))
    assert line.startswith("[ 3/25] L3-1-run-0001  solved")
    assert "2/3 solved" in line
    status = json.loads((tmp_path / "status.json").read_text())
    assert (status["planned"], status["done"]) == (25, 3)
    assert (status["solved"], status["missed"], status["void"]) == (2, 1, 0)
    # What is left is what this process plays: 9 of L3-1 and 10 of L6-1.
    assert night.eta_seconds() == pytest.approx(9 * 63 + 10 * 189)


def test_a_run_that_is_played_once_more_runs_once(tmp_path: Path) -> None:
    """Its worker was lost: it is taken up again, by another."""
    night = a_night(tmp_path)
    for _ in range(2):
        night.started("L3-1-run-0001")
    assert [run["run_id"] for run in night.status()["running"]] == ["L3-1-run-0001"]
    night.finished("L3-1-run-0001", summary("passed", "solved", 60.0))
    assert night.status()["running"] == []
    assert night.status()["done"] == 1


def test_a_disk_that_takes_no_status_is_no_fault(tmp_path: Path) -> None:
    night = a_night(tmp_path)
    (tmp_path / "status.json").mkdir()
    night.started("L3-1-run-0001")
    night.finished("L3-1-run-0001", summary("passed", "solved", 60.0))
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_night_that_has_ended_does_not_go_on(tmp_path: Path) -> None:
    night, store = a_night(tmp_path), RunStore(tmp_path)
    for event in runs("a", "b", "c"):
        store.journal.note(**event)
    store.journal.note(WAITING, reason="Nobody answers.", seconds=900.0)
    assert night.started("L3-1-run-0001") != ""
    store.journal.note(ENDED, reason="Nobody answers.")
    assert night.started("L6-1-run-0001") == ""


def test_a_run_is_known_by_its_node_id() -> None:
    node = "challenges/test_challenges.py::test_challenge[L3-1-run-0001]"
    assert run_id_of(node) == "L3-1-run-0001"
    assert run_id_of("tests/test_other.py::test_thing[x]") is None
