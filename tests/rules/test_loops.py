"""The rules together: in which order they speak, and which make a loop of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.loops import LOOPS
from pytest_overnight.rules.loops import History
from pytest_overnight.rules.loops import Round
from pytest_overnight.rules.loops import Step
from pytest_overnight.rules.loops import findings
from pytest_overnight.rules.loops import is_looping

ERROR = Step("frobnicate {}", "no such tool", ok=False)
HUNG = Step("run_command {}", "killed", ok=False, timed_out=True)
BAD = Round("malformed")


def rules_of(history: History) -> list[str]:
    return [f.rule + "!" * f.stop for f in findings(history)]


def test_nothing_holds_on_nothing() -> None:
    assert findings(History([], [])) == []
    assert not is_looping(History([], []))


@pytest.mark.parametrize(
    ("history", "rules"),
    [
        (History([ERROR] * 3, [BAD] * 3), ["L10!", "L2"]),
        (History([ERROR] * 4, [BAD] * 4), ["L10!", "L2!"]),
        (History([HUNG] * 3, [Round()] * 3), ["L11!", "L2"]),
        (History([ERROR] * 10, [Round()] * 10), ["L2!", "L7!"]),
        (History([ERROR] * 6, [Round("talk")]), ["L2!", "L6", "L7"]),
        (
            History([ERROR] * 3, [Round("talk", (0.1,))] * 3),
            ["L9!", "L6!", "L2"],
        ),
        (
            History([Step("a", "", workspace="d")] * 12, [Round()]),
            ["L1!", "L4"],
        ),
    ],
)
def test_what_ends_the_work_comes_first(history: History, rules: list[str]) -> None:
    assert rules_of(history) == rules


def failed(count: int, *, hung: bool = False) -> list[Step]:
    """Ever other calls, ever other errors."""
    return [Step(f"a{n}", f"{n}", ok=False, timed_out=hung) for n in range(count)]


def there_and_back(digests: str) -> list[Step]:
    return [Step(f"a{n}", f"{n}", workspace=d) for n, d in enumerate(digests)]


def reads(count: int, *, answer: str = "{}") -> list[Step]:
    """Ever other calls that change nothing; a ``{}`` in the answer is their number."""
    return [Step(f"a{n}", answer.format(n), workspace="d") for n in range(count)]


A, B, C = Step("a", ""), Step("b", ""), Step("c", "")


@pytest.mark.parametrize(
    ("steps", "looping"),
    [
        ([A] * 2, False),
        ([A] * 3, False),
        ([A] * 4, True),
        ([*[A] * 4, B], False),
        ([ERROR] * 3, False),
        ([ERROR] * 4, True),
        ([A, B] * 3, False),
        ([A, B] * 4, True),
        ([A, B, C] * 3, False),
        ([A, B, C] * 4, True),
        (reads(15, answer="known"), False),
        (reads(16, answer="known"), True),
        (reads(40), False),
        (there_and_back("abababa"), False),
        (there_and_back("ababababa"), True),
        (failed(9), False),
        (failed(10), True),
        (failed(9, hung=True), False),
        ([*failed(9), A, A, A], False),
    ],
)
def test_what_makes_a_loop_of_a_run(steps: list[Step], looping: bool) -> None:
    assert is_looping(History(steps, [])) == looping


def test_rounds_alone_make_no_loop() -> None:
    thrash = Round("silent", (0.1,), truncated=True)
    assert not is_looping(History([], [thrash] * 9))
    assert not is_looping(History([A] * 3, [Round("talk", (0.1,))] * 9))


few = st.builds(
    Step,
    action=st.sampled_from("ab"),
    observation=st.sampled_from(["", "x"]),
    ok=st.booleans(),
    workspace=st.sampled_from(["d", "e", ""]),
)
blocks = st.lists(
    st.tuples(st.lists(few, min_size=1, max_size=3), st.integers(1, 9)),
    max_size=3,
)


@given(blocks)
def test_who_is_looping_could_have_been_told(
    blocks: list[tuple[list[Step], int]],
) -> None:
    steps = [step for block, times in blocks for step in block * times]
    told: set[tuple[str, int]] = set()
    for end in range(1, len(steps) + 1):
        history = History(steps[:end], [])
        loops = [found for found in findings(history) if found.rule in LOOPS]
        stopped = {(found.rule, found.first) for found in loops if found.stop}
        assert is_looping(history) == bool(stopped)
        assert stopped <= told
        told |= {(found.rule, found.first) for found in loops}
