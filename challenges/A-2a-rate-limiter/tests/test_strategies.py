"""The four strategies, exactly, at their edges and in random sessions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("limiter_model.py"))))

each = pytest.mark.parametrize("strategy", model.STRATEGIES)


@each
def test_a_new_key_has_the_whole_limit(code: Any, rng: Random, strategy: str) -> None:
    pair = model.Pair(code, strategy, rng.randint(2, 9), 60, rng.randint(-999, 999))
    limit = pair.model.limit
    assert pair.available() == limit
    assert [pair.allow() for _ in range(limit + 2)] == [True] * limit + [False] * 2
    assert pair.available() == 0


@each
def test_a_limit_of_one(code: Any, strategy: str) -> None:
    pair = model.Pair(code, strategy, 1, 1)
    for now in (0, 0, 1, 1, 2, 3, 3, 5, 5):
        pair.at(now).allow()


@each
def test_a_cost_that_is_just_available(code: Any, strategy: str) -> None:
    pair = model.Pair(code, strategy, 10, 60)
    assert not pair.allow(11)
    assert pair.allow(4)
    assert not pair.allow(7)
    assert pair.allow(6)
    assert not pair.allow()


@each
def test_the_cost_is_one_unless_given(code: Any, strategy: str) -> None:
    clock = code.clock()
    limiter = model.open_limiter(code, strategy, 3, 60, clock)
    assert same([limiter.allow("k"), limiter.available("k")], [True, 2])
    assert same([limiter.allow("k", cost=2), limiter.available("k")], [True, 0])


@each
def test_a_refused_request_does_not_count(code: Any, strategy: str) -> None:
    pair = model.Pair(code, strategy, 10, 60)
    pair.allow(8)
    for now in (0, 30, 59, 60, 61, 90, 119, 120):
        for _ in range(3):
            pair.at(now).allow(11)
            pair.available()
        pair.allow(3)


@each
def test_keys_do_not_affect_one_another(code: Any, strategy: str) -> None:
    keys = ["a", "", 7, None, ("a", 1), frozenset({2}), -7, "\U0001f600"]
    pair = model.Pair(code, strategy, len(keys), 60)
    for number, key in enumerate(keys, 1):
        assert pair.allow(number, key)
    for now in (0, 45, 60, 100):
        for key in keys:
            pair.at(now).available(key)


@each
def test_limiters_do_not_affect_one_another(code: Any, strategy: str) -> None:
    one, other = (model.Pair(code, strategy, 3, 60) for _ in "ab")
    assert one.allow(3)
    assert other.available() == 3


@each
def test_whole_numbers_are_exact(code: Any, rng: Random, strategy: str) -> None:
    for limit, window in ((rng.randint(2, 9), rng.randint(2, 12)), (7, 60)):
        pair = model.Pair(code, strategy, limit, window, rng.randint(-100, 100))
        assert model.play(rng, pair, 1, 90)


@each
def test_fractions_are_exact(code: Any, rng: Random, strategy: str) -> None:
    unit = Fraction(1, rng.choice([3, 7, 11]))
    window = unit * rng.randint(2, 40)
    pair = model.Pair(code, strategy, rng.randint(2, 9), window, unit * 100)
    assert model.play(rng, pair, unit, 90)


@each
def test_numbers_of_any_size_are_exact(code: Any, rng: Random, strategy: str) -> None:
    window = rng.randrange(10**20, 10**21)
    limit = rng.randrange(10**30, 10**31)
    pair = model.Pair(code, strategy, limit, window, -(10**22))
    assert model.play(rng, pair, 1, 60)
    pair = model.Pair(code, strategy, 10, 60, 10**40)
    assert model.play(rng, pair, 1, 20)


@each
def test_floats_may_be_given(code: Any, rng: Random, strategy: str) -> None:
    pair = model.Pair(code, strategy, 8, 4.0, rng.randrange(100) / 4)
    assert model.play(rng, pair, 0.25, 60)


def test_fixed_windows_are_multiples_of_the_window(code: Any) -> None:
    pair = model.Pair(code, "fixed_window", 3, 60, -61)
    found = []
    for now in (-61, -60, -1, 0, 59, Fraction(179, 3), 60, 119, 120, 600, 659):
        found.append([pair.at(now).allow() for _ in range(4)].count(True))
    assert found == [3, 3, 0, 3, 0, 0, 3, 0, 3, 3, 0]


def test_a_fixed_window_lets_two_limits_through_at_its_edge(code: Any) -> None:
    pair = model.Pair(code, "fixed_window", 5, 60, 59)
    assert pair.allow(5)
    assert pair.at(60).allow(5)


def test_the_log_counts_up_to_exactly_one_window(code: Any) -> None:
    pair = model.Pair(code, "sliding_log", 10, 60, 30)
    assert pair.allow(4)
    assert pair.at(50).allow(6)
    assert pair.at(Fraction(899, 10)).available() == 0
    assert pair.at(90).available() == 4
    assert pair.at(Fraction(1099, 10)).allow(5) is False
    assert pair.at(110).allow(10)


def test_the_log_has_no_burst_in_any_window(code: Any, rng: Random) -> None:
    pair = model.Pair(code, "sliding_log", 5, 60, 59)
    seen: list[int] = []
    for now in sorted(rng.choices(range(600), k=60)):
        seen += [now] if pair.at(now).allow() else []
    for begin in seen:
        assert sum(begin <= time < begin + 60 for time in seen) <= 5


def test_the_counter_has_no_burst_at_the_edge(code: Any) -> None:
    pair = model.Pair(code, "sliding_counter", 10, 60, 59)
    assert pair.allow(10)
    assert not pair.at(60).allow()
    assert not pair.at(65).allow()
    assert pair.at(66).allow()
    assert not pair.allow()
    assert pair.at(90).available() == 4


def test_the_counter_forgets_the_window_before_the_last(code: Any) -> None:
    pair = model.Pair(code, "sliding_counter", 10, 60)
    assert pair.allow(10)
    assert pair.at(119).available() == 9
    assert pair.at(120).available() == 10
    assert pair.allow(8)
    assert pair.at(240).available() == 10


def test_a_bucket_fills_up_steadily(code: Any) -> None:
    pair = model.Pair(code, "token_bucket", 10, 60, 7)
    assert pair.allow(10)
    seen = [pair.at(now).available() for now in range(7, 69)]
    assert seen == [second // 6 for second in range(61)] + [10]


def test_looking_at_a_bucket_does_not_change_it(code: Any) -> None:
    pair = model.Pair(code, "token_bucket", 3, 7)
    assert pair.allow(3)
    for now in range(30):
        pair.at(Fraction(now, 4)).available()
        pair.allow(3)


def test_a_bucket_never_holds_more_than_the_limit(code: Any) -> None:
    pair = model.Pair(code, "token_bucket", 10, 60)
    assert pair.allow(1)
    assert pair.at(10**6).available() == 10
    assert pair.allow(10)
    assert pair.at(10**6 + 5).available() == 0


BAD = [
    ("other", 1, 1),
    ("", 1, 1),
    ("FixedWindow", 1, 1),
    *((name, 0, 1) for name in model.STRATEGIES),
    *((name, -1, 1) for name in model.STRATEGIES),
    *((name, 1, 0) for name in model.STRATEGIES),
    *((name, 1, Fraction(-1, 2)) for name in model.STRATEGIES),
]


def test_bad_arguments_are_value_errors(code: Any) -> None:
    for arguments in BAD:
        with code.raises("ValueError"):
            model.open_limiter(code, *arguments, code.clock())


@each
def test_a_bad_cost_is_a_value_error(code: Any, strategy: str) -> None:
    pair = model.Pair(code, strategy, 2, Fraction(1, 2))
    for cost in (0, -1):
        with code.raises("ValueError"):
            pair.limiter.allow("k", cost)
    assert pair.available() == 2
