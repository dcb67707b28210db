"""What a rehearsal plays, and that none of its plans leaves an outcome out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents import rehearsal
from pytest_overnight.agents.rehearsal import MISBEHAVIOURS
from pytest_overnight.agents.rehearsal import Script
from pytest_overnight.agents.rehearsal import find
from pytest_overnight.agents.rehearsal import script_for
from pytest_overnight.agents.scripted import HICCUPS
from pytest_overnight.agents.scripted import FlakyModel
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.catalog.plan import Run
from pytest_overnight.catalog.plan import draw_seed
from pytest_overnight.catalog.plan import make_plan
from pytest_overnight.models.base import Model
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import Turn
from pytest_overnight.rules.outcome import Outcome
from tests.support.suites import write_challenge


@pytest.fixture(scope="module")
def challenge(tmp_path_factory: pytest.TempPathFactory) -> Challenge:
    """One with a reference answer and a wrong one."""
    return load_challenge(write_challenge(tmp_path_factory.mktemp("suite"), "L3-1"))


@given(seed=st.integers(0, 2**32), first=st.integers(0, 1000))
def test_any_42_runs_in_a_row_hold_all_outcomes(
    challenge: Challenge, seed: int, first: int
) -> None:
    runs = [
        Run(challenge, number, draw_seed(seed, "L3-1", number), number)
        for number in range(first, first + 42)
    ]
    scripts = [script_for("rehearsal", run, seed) for run in runs]
    names = [script.name for script in scripts if script]
    assert {script.name for script in MISBEHAVIOURS} < set(names)
    assert {script.intended for script in scripts if script} == set(Outcome)
    # A third each, but for what the ends of the stretch cut off.
    assert 13 <= names.count("solution") <= 15
    assert 13 <= names.count("wrong/text") <= 15


def test_each_hand_of_three_holds_one_of_each(challenge: Challenge) -> None:
    plan = make_plan([challenge], 30, 7)
    names = [find_name(script_for("rehearsal", run, 7)) for run in plan]
    hands = [names[i : i + 3] for i in range(0, 30, 3)]
    assert all({"solution", "wrong/text"} < set(hand) for hand in hands)
    assert len({tuple(map(kind, hand)) for hand in hands}) > 1, "always in one order"


def find_name(script: Script | None) -> str:
    assert script is not None
    return script.name


def kind(name: str) -> str:
    return name if name in ("solution", "wrong/text") else "misbehaviour"


def test_every_script_is_found_by_its_name(challenge: Challenge) -> None:
    plan = make_plan([challenge], 42, 1)
    for run in plan:
        script = script_for("rehearsal", run, 1)
        assert script is not None
        assert find(challenge, script.name).intended is script.intended


def test_only_scripted_agents_have_scripts(challenge: Challenge) -> None:
    run = Run(challenge, 1, 1)
    assert find_name(script_for("oracle", run, 0)) == "solution"
    assert find_name(script_for("noop", run, 0)) == "noop"
    assert script_for("ollama", run, 0) is None


def test_a_challenge_without_wrong_answers_is_solved_instead(tmp_path: Path) -> None:
    folder = write_challenge(tmp_path, "L3-1")
    (folder / "wrong/text/answer.py").unlink()
    (folder / "wrong/text").rmdir()
    plan = make_plan([load_challenge(folder)], 30, 7)
    names = [find_name(script_for("rehearsal", run, 7)) for run in plan]
    assert names.count("solution") == 20


def played(model: Model, calls: int) -> list[Turn | str]:
    """What ``calls`` calls brought: a turn, or a fault's reason."""
    brought: list[Turn | str] = []
    for _ in range(calls):
        try:
            turn = model.chat([], [], time.monotonic() + 60)
        except ModelFault as fault:
            brought.append(fault.reason if fault.kind == "infra" else fault.kind)
        else:
            brought.append(turn)
    return brought


@given(seed=st.integers(0, 2**63 - 1), rate=st.floats(0.01, 1.0))
def test_hiccups_hold_no_call_up_for_long_and_change_no_turn(
    seed: int, rate: float
) -> None:
    brought = played(rehearsal.model_for(rehearsal.NOOP, rate, seed), 60)
    streak = 0
    for one in brought:
        streak = streak + 1 if isinstance(one, str) else 0
        assert streak <= FlakyModel.MOST_IN_A_ROW
    turns = [one for one in brought if isinstance(one, Turn)]
    assert turns == played(rehearsal.model_for(rehearsal.NOOP, 0.0, seed), len(turns))
    assert brought == played(rehearsal.model_for(rehearsal.NOOP, rate, seed), 60)


def test_hiccups_are_of_many_kinds_and_as_many_as_asked_for() -> None:
    brought = played(rehearsal.model_for(rehearsal.NOOP, 0.1, 1), 2000)
    reasons = [one for one in brought if isinstance(one, str)]
    assert 140 < len(reasons) < 260
    assert set(reasons) == set(HICCUPS)
