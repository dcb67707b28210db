"""Tests of the rate limiter, on a clock that is moved by hand."""

from fractions import Fraction

import pytest
from rate_limiter import RateLimiter

STRATEGIES = ["fixed_window", "sliding_log", "sliding_counter", "token_bucket"]


class Clock:
    def __init__(self, now=0):
        self.now = now

    def __call__(self):
        return self.now


def limiter(strategy, limit=10, window=60, now=0):
    clock = Clock(now)
    return RateLimiter(strategy, limit, window, clock), clock


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_more_than_the_limit(strategy):
    made, _ = limiter(strategy, 3)
    assert [made.allow("k") for _ in range(5)] == [True] * 3 + [False] * 2
    assert made.available("k") == 0
    assert made.available("other") == 3


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_costs(strategy):
    made, _ = limiter(strategy)
    assert not made.allow("k", 11)
    assert made.allow("k", 4)
    assert not made.allow("k", 7)
    assert made.available("k") == 6
    assert made.allow("k", 6)
    with pytest.raises(ValueError):
        made.allow("k", 0)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_was_refused_does_not_count(strategy):
    made, clock = limiter(strategy)
    assert made.allow("k", 8)
    for _ in range(5):
        assert not made.allow("k", 3)
    assert made.allow("k", 2)
    clock.now = 60
    for _ in range(5):
        made.allow("k", 11)
    clock.now = 180
    assert made.available("k") == 10


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_clock_that_goes_back_stands_still(strategy):
    made, clock = limiter(strategy, now=600)
    assert made.allow("k", 10)
    clock.now = 0
    assert made.available("k") == 0
    assert made.available("other") == 10
    clock.now = 599
    assert not made.allow("k")
    clock.now = 720
    assert made.allow("k", 10)


def test_fixed_windows_begin_at_multiples():
    made, clock = limiter("fixed_window", now=59)
    assert made.allow("k", 10)
    clock.now = Fraction(5999, 100)
    assert not made.allow("k")
    clock.now = 60
    assert made.allow("k", 10)
    clock.now = 119
    assert not made.allow("k")
    clock.now = 120
    assert made.allow("k", 10)


def test_the_log_forgets_what_is_a_window_old():
    made, clock = limiter("sliding_log", now=30)
    assert made.allow("k", 4)
    clock.now = 50
    assert made.allow("k", 6)
    clock.now = 89
    assert made.available("k") == 0
    clock.now = 90
    assert made.available("k") == 4
    clock.now = 110
    assert made.available("k") == 10


def test_the_counter_weighs_the_window_before():
    made, clock = limiter("sliding_counter", now=59)
    assert made.allow("k", 10)
    for now, free in ((60, 0), (65, 0), (66, 1), (90, 5), (119, 9), (120, 10)):
        clock.now = now
        assert made.available("k") == free
    assert made.allow("k", 10)
    clock.now = 240
    assert made.available("k") == 10


def test_the_bucket_fills_up_steadily_to_the_brim():
    made, clock = limiter("token_bucket", now=7)
    assert made.allow("k", 10)
    for now, free in ((12, 0), (13, 1), (18, 1), (19, 2), (66, 9), (67, 10), (999, 10)):
        clock.now = now
        assert made.available("k") == free
    assert not made.allow("k", 11)


def test_bad_arguments():
    for arguments in (("other", 1, 1), ("sliding_log", 0, 1), ("token_bucket", 1, 0)):
        with pytest.raises(ValueError):
            RateLimiter(*arguments, Clock())
