"""The plan instead of the night: for people, and as JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.settings import Settings
from tests.support.suites import write_suite


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with three challenges and an ordinary test."""
    write_suite(pytester.path / "suite", ["L3-1", "L3-2", "L6-3"])
    pytester.makeini("[pytest]\novernight_suite = suite\n")
    pytester.makepyfile(
        **{
            "challenges/test_challenges": """
                from pytest_overnight.suite import test_challenge
            """,
            "tests/test_ordinary": "def test_thing(): raise RuntimeError",
        }
    )
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """What a command line does."""
    words = ("-p", "pytest_overnight.plugin", "-p", "no:cacheprovider", *arguments)
    return project.runpytest_inprocess(*words)


def planned(project: pytest.Pytester, *arguments: str) -> dict[str, Any]:
    """What it writes."""
    result = run(project, "--overnight-plan=plan.json", *arguments)
    assert result.ret == pytest.ExitCode.OK
    return dict(json.loads((project.path / "plan.json").read_text()))


def test_the_plan_is_written_and_nothing_started(project: pytest.Pytester) -> None:
    plan = planned(project, "-m", "overnight", "--count=2", "--agent=oracle")
    assert list(plan) == ["settings", "runs", "expected_hours", "worst_hours"]
    assert [one["run_id"] for one in plan["runs"]] == [
        f"{challenge}-run-000{number}"
        for number in (1, 2)
        for challenge in ("L3-1", "L3-2", "L6-3")
    ]
    assert plan["runs"][2] == {
        "run_id": "L6-3-run-0001",
        "challenge": "L6-3",
        "level": "L6",
        "title": "Answer L6-3",
        "timeout_seconds": 60.0,
        "verify_seconds": 30.0,
    }
    assert 0 < plan["expected_hours"] < plan["worst_hours"]
    assert sorted(path.name for path in project.path.iterdir()) == [
        *("challenges", "plan.json", "suite", "tests", "tox.ini"),
    ]


def test_its_settings_are_those_of_the_night(project: pytest.Pytester) -> None:
    words = ["--agent=noop", "--overnight-seed=5", "--overnight-budget=8h"]
    found = Settings.from_json(planned(project, "-m", "L3", *words)["settings"])
    assert (found.agent, found.seed, found.budget) == ("noop", 5, 28800)
    assert found.suite == project.path / "suite"


def test_it_holds_what_the_command_line_selects(project: pytest.Pytester) -> None:
    plan = planned(project, "-k", "L3 and not L3-2", "--count=1")
    assert [one["run_id"] for one in plan["runs"]] == ["L3-1-run-0001"]


def test_a_rehearsal_is_planned_in_its_own_time(project: pytest.Pytester) -> None:
    slow, quick = (
        planned(project, "-m", "overnight", f"--agent={agent}")["worst_hours"]
        for agent in ("oracle", "rehearsal")
    )
    assert quick < slow / 2


def test_auto_is_not_decided_by_a_plan(project: pytest.Pytester) -> None:
    plan = planned(project, "-m", "overnight", "--agent=auto")
    assert plan["settings"]["agent"] == "auto"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_workers_are_not_started_for_it(project: pytest.Pytester, workers: str) -> None:
    result = run(
        project, "-m", "overnight", "-n", workers, "--overnight-plan=plan.json"
    )
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("created: *")
    assert (project.path / "plan.json").is_file()


def test_a_plan_that_cannot_be_written_says_so(project: pytest.Pytester) -> None:
    result = run(project, "-m", "overnight", "--overnight-plan=nowhere/plan.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = " ".join([*result.outlines, *result.errlines])
    assert "--overnight-plan" in said
    assert "nowhere/plan.json: No such file or directory" in said
    assert "Traceback" not in said
    assert not Path(project.path / "overnight_results").exists()
