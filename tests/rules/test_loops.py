"""When an agent goes in circles, and when it only looks so."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.loops import NUDGE_AT
from pytest_overnight.rules.loops import Repeat
from pytest_overnight.rules.loops import Step
from pytest_overnight.rules.loops import find_repeat
from pytest_overnight.rules.loops import is_looping
from pytest_overnight.rules.loops import step
from pytest_overnight.rules.loops import steps_of
from pytest_overnight.rules.loops import without_noise

SAME = step("run_command", {"command": "pytest"}, "1 failed in 0.12s", True)


def test_the_same_action_and_answer_three_times_is_a_repeat() -> None:
    other = step("list_files", {}, "a.py", True)
    assert find_repeat([SAME, SAME]) is None
    assert find_repeat([other, SAME, SAME, SAME]) == Repeat("L1", 1, 3)


def test_an_error_that_comes_back_is_the_second_rule() -> None:
    error = step("read_file", {"path": "x"}, "x does not exist.", False)
    assert find_repeat([error] * 4) == Repeat("L2", 0, 4)


def test_polling_is_no_loop() -> None:
    polls = [step("run_command", {"command": "wc x"}, f"{n} x", True) for n in range(9)]
    assert not is_looping(polls)


def test_another_action_in_between_ends_the_streak() -> None:
    other = step("list_files", {}, "a.py", True)
    assert not is_looping([SAME, SAME, other, SAME, SAME])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 failed in 0.12s", "1 failed in 4.56s"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("<object at 0x7f12>", "<object at 0x7fab>"),
        ("2026-01-01 10:00:00,123 start", "2026-01-02T11:59:59Z start"),
        ("/tmp/pytest-1/x.py:3", "/tmp/pytest-2/y.py:3"),
        ("exit status 0 after 0.1 s", "exit status 0 after 2.0 s"),
    ],
)
def test_noise_does_not_hide_a_repeat(one: str, other: str) -> None:
    assert without_noise(one) == without_noise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("3 passed", "4 passed"), ("line 3: error", "line 4: error"), ("a", "b")],
)
def test_what_means_something_is_no_noise(one: str, other: str) -> None:
    assert without_noise(one) != without_noise(other)


def test_arguments_are_compared_by_value() -> None:
    one = step("edit_file", {"path": "a", "old_text": "x "}, "", True)
    other = step("edit_file", {"old_text": "x", "path": "a"}, "", True)
    assert one == other


steps = st.sampled_from("abc").map(lambda letter: Step(letter, ""))


@given(st.lists(steps, max_size=12))
def test_a_repeat_is_the_last_group_of_equal_steps(history: list[Step]) -> None:
    groups = [list(group) for _, group in itertools.groupby(history)]
    repeat = find_repeat(history)
    if not groups or len(groups[-1]) < NUDGE_AT:
        assert repeat is None
    else:
        assert repeat is not None
        assert history[repeat.first :] == groups[-1]
        assert repeat.count == len(groups[-1])


def test_steps_come_back_from_a_ledger() -> None:
    action = {
        "event": "action",
        "tool": "run_command",
        "arguments": {"command": "pytest"},
        "observation": "1 failed in 9.99s",
        "ok": True,
    }
    assert steps_of([{"event": "round"}, action]) == [SAME]
