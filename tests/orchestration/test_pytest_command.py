"""The command lines of the pytest processes of a night."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.orchestration.phases import PHASES
from pytest_overnight.orchestration.pytest_command import PytestCommand
from pytest_overnight.orchestration.pytest_command import environment
from pytest_overnight.orchestration.pytest_command import hrm_folder
from pytest_overnight.orchestration.request import parse

L3, L6, HRM, SERIES, REPORT = PHASES
AGENTS = [L3, L6, SERIES]


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is no checkout."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str, decided: tuple[str, ...] = ()) -> PytestCommand:
    return PytestCommand(parse(arguments, "run_overnight.py"), decided)


def value(line: list[str], option: str) -> str:
    """The last one given: it wins in pytest, too."""
    return line[len(line) - line[::-1].index(option)]


def test_a_phase_is_played_with_all_that_the_user_said() -> None:
    line = command("-m", "not L4", "-k", "L3 or L5", "--count", "2", "-n", "3").play(
        [L3], 90.5
    )
    assert value(line, "-m") == "(L3 or L4 or L5) and (not L4)"
    assert value(line, "-k") == "L3 or L5"
    assert value(line, "-n") == "3"
    assert value(line, "--count") == "2"
    assert value(line, "--overnight-budget") == "90.500"


def test_what_was_decided_wins_over_what_was_asked() -> None:
    decided = ("--agent", "rehearsal", "--count", "1")
    line = command("--agent", "auto", decided=decided).play(AGENTS, float("inf"))
    assert (value(line, "--agent"), value(line, "--count")) == ("rehearsal", "1")
    assert value(line, "-m") == "L3 or L4 or L5 or L6 or A"
    assert "--overnight-budget" not in line


def test_no_budget_is_ever_read_as_none() -> None:
    line = command().play([L6], 0.0)
    assert float(value(line, "--overnight-budget")) > 0


def test_one_more_run_is_named_and_counted() -> None:
    line = command("-k", "not L4", "--count", "5").one_run(AGENTS, "A-1b-run-0011", 60)
    assert value(line, "-k") == "(A-1b-run-0011) and (not L4)"
    assert value(line, "--count") == "11"


def test_the_plan_of_a_night_that_goes_on_is_that_nights() -> None:
    assert "--overnight-resume" in command("--resume").plan(AGENTS, Path("p"))
    assert "--overnight-fresh" in command("--fresh").plan(AGENTS, Path("p"))
    fresh = command().plan(AGENTS, Path("p.json"))
    assert value(fresh, "--overnight-plan") == "p.json"
    assert "--overnight-resume" not in fresh


def test_tasks_of_the_model_run_apart_from_xdist(somewhere_else: Path) -> None:
    folder = somewhere_else / "hrm_tasks"
    line = command("-m", "not gpu", "-n", "8").hrm(folder)
    assert value(line, "-n") == "0"
    assert value(line, "-m") == "(hrm) and (not gpu)"
    assert line[-1] == str(folder)


def test_tasks_are_there_once_there_is_a_test(somewhere_else: Path) -> None:
    folder = somewhere_else / "hrm_tasks"
    folder.mkdir()
    (folder / "conftest.py").touch()
    assert hrm_folder() != folder
    (folder / "test_hrm_1.py").touch()
    assert hrm_folder() == folder


def test_in_a_checkout_only_the_runs_file_is_collected(somewhere_else: Path) -> None:
    assert not any("testpaths" in word for word in command().play([L3], 60))
    (somewhere_else / "challenges").mkdir()
    (somewhere_else / "challenges" / "test_challenges.py").touch()
    line = command().play([L3], 60)
    assert value(line, "-o") == "testpaths=challenges/test_challenges.py"


def test_a_child_that_joins_is_told_which_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "mine")
    joins = environment("overnight-2026-11-22", 7)
    assert joins["OVERNIGHT_SESSION"] == "overnight-2026-11-22"
    assert joins["OVERNIGHT_LOCK_FD"] == "7"
    assert joins["PYTHONPATH"].endswith("mine")
    assert "OVERNIGHT_LOCK_FD" not in environment()
