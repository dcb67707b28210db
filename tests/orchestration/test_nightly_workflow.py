"""The CI's nightly job: that what it starts is there, and has its time."""

from __future__ import annotations

import re

import pytest

from pytest_overnight.orchestration.request import parse
from tests.support.nights import CHECKOUT

JOB = (CHECKOUT / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8")


def options(rehearsal: bool) -> list[str]:
    """What the job gives the program."""
    found = re.search(r"run_overnight\.py (.+)\n +\$\{\{ (.+) \}\}", JOB)
    assert found
    agents = re.findall(r"'(.+?)'", found[2])
    assert found[2] == f"inputs.rehearsal && '{agents[0]}' || '{agents[1]}'"
    return [*found[1].split(), *agents[0 if rehearsal else 1].split()]


@pytest.mark.parametrize("rehearsal", [True, False])
def test_a_rehearsal_is_held_only_when_asked_for(rehearsal: bool) -> None:
    rest = parse(options(rehearsal), "run_overnight.py").rest
    assert rest[:2] == ("--agent", "rehearsal" if rehearsal else "ollama")


def test_the_job_outlives_its_budget_and_the_last_run() -> None:
    budget = parse(options(False), "run_overnight.py").budget
    limit = re.search(r"timeout-minutes: (\d+)", JOB)
    assert budget
    assert limit
    # 12 minutes of work, 15 of faults that are not the agent's, 1 on top; the verdict.
    assert int(limit[1]) >= budget / 60 + 28 + 20


def test_results_are_kept_also_of_a_night_that_failed() -> None:
    _, kept = JOB.split("name: Keep the results")
    assert "if: always()" in kept
    assert "!overnight_results/.agent_workspace" in kept
