"""One look at the clock a call; time that goes back stands still."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("limiter_model.py"))))

each = pytest.mark.parametrize("strategy", model.STRATEGIES)


@each
def test_the_clock_is_asked_once_a_call(code: Any, strategy: str) -> None:
    clock = code.clock(5)
    limiter = model.open_limiter(code, strategy, 2, 60, clock)
    assert clock.asked == 0
    for number, call in enumerate(["allow", "available", "allow", "allow"], 1):
        getattr(limiter, call)("k")
        assert clock.asked == number


@each
def test_time_that_goes_back_stands_still(code: Any, strategy: str) -> None:
    pair = model.Pair(code, strategy, 10, 60, 605)
    assert pair.allow(10)
    for back in (604, 599, 540, 0, -605):
        assert pair.at(back).available() == 0
        assert not pair.allow()
        assert pair.available("other") == 10
    for forth in (604, 605, 611, 660, 665, 700):
        pair.at(forth).available()


@each
def test_a_request_made_while_time_stands_still(code: Any, strategy: str) -> None:
    """It counts as being at the latest time, not at what the clock says."""
    pair = model.Pair(code, strategy, 10, 60, 630)
    assert pair.allow(2)
    assert pair.at(565).allow(8)
    for now in (600, 626, 636, 659, 660, 670, 689, 690, 720):
        pair.at(now).available()


@each
def test_the_time_is_that_of_the_limiter(code: Any, strategy: str) -> None:
    """What was heard in calls for other keys counts, and what ``available`` heard."""
    for call in ("allow", "available"):
        pair = model.Pair(code, strategy, 10, 60)
        assert pair.allow(10)
        pair.at(45)
        if call == "allow":
            pair.allow(1, "other")
        else:
            pair.available("other")
        pair.at(0).allow(10, "third")
        for now in (0, 44, 60, 90, 104, 105, 130):
            pair.at(now).available()
            pair.available("third")


@each
def test_sessions_with_a_clock_that_jumps(
    code: Any, rng: Random, strategy: str
) -> None:
    pair = model.Pair(code, strategy, rng.randint(2, 9), 12, -30)
    assert model.play(rng, pair, 1, 120, back=True)
