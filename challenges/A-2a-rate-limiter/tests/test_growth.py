"""What a call costs, in work and in memory, however much there was before."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("limiter_model.py"))))

SIZES = {"work": (40, 320), "memory": (60, 480)}
CALLS = 8
"""For each of n, and some more."""
MOST_RATIO = {"work": 16, "memory": 20}
PLENTY = 10**9

DRIVER = """
count = Count()

def session(make, strategy, n):
    now = 0
    limiter = make(strategy, n, WINDOW, lambda: Moment(now, count))
    for now, key in requests(n):
        limiter.allow(key)
        if key != "regular":
            limiter.available(key)
        yield

def work(make, strategy, n, most):
    count.operations = 0
    return steps(session(make, strategy, n), most) + count.operations

def memory(make, strategy, n, most):
    return copied(session(make, strategy, n), most)
"""

HEAVY = """
class Key:
    # A megabyte that the system need not provide unless somebody writes to it.
    def __init__(self):
        self.load = bytes(1 << 20)

def ever_new_keys(make, strategy, calls):
    now = 0
    limiter = make(strategy, 3, 60, lambda: now)
    for i in range(calls):
        now += 47
        if i % 2:
            limiter.available(Key())
        else:
            limiter.allow(Key(), 1 + i % 5)

def ever_new_requests(make, calls):
    now = 0
    limiter = make("sliding_log", 1 << 8_000_000, 60, lambda: now)
    for i in range(calls):
        now += 120
        assert limiter.allow("k", (1 << 8_000_000) - i)
"""


def limiter_class(code: Any) -> Any:
    return code.ref("rate_limiter:RateLimiter")


def grown(code: Any, name: str, strategy: str) -> tuple[int, int]:
    """What the probe counts at both sizes; it ends when that is too much."""
    count = getattr(code.define(model.PROBE + DRIVER), name)
    made, (few, many) = limiter_class(code), SIZES[name]
    small = code.call(count, made, strategy, few, PLENTY)
    assert type(small) is int
    assert small >= CALLS * few, "an answer that switched the counting off"
    large = code.call(count, made, strategy, many, MOST_RATIO[name] * small)
    assert type(large) is int
    return small, large


@pytest.mark.parametrize("strategy", model.STRATEGIES)
def test_the_work_of_a_call_does_not_grow(code: Any, strategy: str) -> None:
    small, large = grown(code, "work", strategy)
    assert large <= MOST_RATIO["work"] * small, f"{small} and {large} steps"


@pytest.mark.parametrize("strategy", model.STRATEGIES)
def test_a_call_copies_little(code: Any, strategy: str) -> None:
    small, large = grown(code, "memory", strategy)
    assert large <= MOST_RATIO["memory"] * small, f"{small} and {large} bytes"


@pytest.mark.parametrize("strategy", model.STRATEGIES)
def test_the_work_does_not_grow_with_the_cost(code: Any, strategy: str) -> None:
    code.limit(memory_mb=500)
    pair = model.Pair(code, strategy, 10**12, 60)
    for now, cost in ((0, 10**11), (0, 9 * 10**11), (0, 1), (30, 10**12), (90, 10**11)):
        pair.at(now).allow(cost)
    pair.at(10**15).allow(10**12)


@pytest.mark.parametrize("strategy", model.STRATEGIES)
def test_idle_keys_are_not_kept(code: Any, strategy: str) -> None:
    code.limit(memory_mb=500)
    code.define(HEAVY).ever_new_keys(limiter_class(code), strategy, 1000)


def test_requests_that_no_longer_count_are_not_kept(code: Any) -> None:
    code.limit(memory_mb=250)
    code.define(HEAVY).ever_new_requests(limiter_class(code), 300)
