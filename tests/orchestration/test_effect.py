"""What two nights can tell apart."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.orchestration.effect import detectable_difference

REPETITIONS = st.lists(st.integers(1, 50), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("challenges", "repetitions", "points"),
    [
        (10, 5, 28),
        (20, 5, 20),
        (20, 10, 14),
        (20, 20, 9.9),
        (40, 10, 9.9),
        (50, 20, 6.3),
    ],
)
def test_published_values(challenges: int, repetitions: int, points: float) -> None:
    found = 100 * detectable_difference([repetitions] * challenges)
    assert found == pytest.approx(points, abs=0.5 if points > 10 else 0.05)


@given(REPETITIONS)
def test_more_runs_tell_more(repetitions: list[int]) -> None:
    found = detectable_difference(repetitions)
    assert 0 < found <= 1
    more = [4 * number for number in repetitions]
    if found < 1:
        assert math.isclose(detectable_difference(more), found / 2)
    assert detectable_difference(repetitions[::-1]) == pytest.approx(found)


def test_a_difference_of_this_size_is_noticed_four_times_in_five() -> None:
    draw = random.Random(7)
    repetitions = [10] * 20
    difference = detectable_difference(repetitions)

    def night(p: float) -> float:
        solved = [sum(draw.random() < p for _ in range(n)) / n for n in repetitions]
        return sum(solved) / len(solved)

    error = math.sqrt(2 * sum(0.25 / n for n in repetitions)) / len(repetitions)
    pairs = 2000
    low, high = 0.5 - difference / 2, 0.5 + difference / 2
    seen = sum(abs(night(high) - night(low)) > 1.96 * error for _ in range(pairs))
    assert 0.77 < seen / pairs < 0.85, "p off ½ has a little less noise"
