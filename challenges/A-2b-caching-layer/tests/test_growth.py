"""What a call costs, in work and in memory, however much there was before."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("cache_model.py"))))

SIZES = {"work": (60, 480), "memory": (120, 960)}
CALLS = 4
"""For each place of the cache, and some more."""
MOST_RATIO = {"work": 16, "memory": 20}
PLENTY = 10**9

DRIVER = """
count = Count()

def session(make, policy, n):
    now = 0
    cache = make(n, TTL, lambda: Moment(now, count), policy)
    for i in range(4 * n):
        now = i * 30 // n
        cache.get_or_load(Key(i * 7919 % (3 * n + 1), count), str)
        yield
        if i % 8 == 0:
            cache.put(Key(i % n, count), i, 5 + i % 50)
            yield
        if i % 8 == 4:
            cache.get(Key(i % n, count))
            cache.delete(Key(i * 7 % n, count))
            yield
    assert 0 < len(cache) <= n

def work(make, policy, n, most):
    count.operations = 0
    return steps(session(make, policy, n), most) + count.operations

def memory(make, policy, n, most):
    return copied(session(make, policy, n), most)
"""

HEAVY = """
class Key:
    # A megabyte that the system need not provide unless somebody writes to it.
    def __init__(self, number):
        self.number = number
        self.load = bytes(1 << 20)
    def __hash__(self):
        return self.number
    def __eq__(self, other):
        return self.number == other.number

class Value:
    def __init__(self):
        self.load = bytes(1 << 20)

def fail(key):
    raise ValueError

def attempt(call, *arguments):
    try:
        call(*arguments)
    except ValueError:
        pass

def fill(make, policy, what, calls):
    now = 0
    cache = make(4, 10, lambda: now, policy)
    for i in range(calls):
        if what == "new keys are loaded":
            cache.get_or_load(Key(i), lambda key: i)
        elif what == "new values of old keys":
            cache.put(i % 3, Value(), 1000)
        elif what == "old keys that are new objects":
            cache.put(Key(i % 3), i, 1000)
            cache.get(Key(i % 3))
        elif what == "loads that fail":
            attempt(cache.get_or_load, Key(i), fail)
        elif what == "stored and deleted":
            cache.put(Key(i), i, 1000)
            cache.delete(Key(i))
        elif what == "deleted while they load":
            cache.get_or_load(Key(i), cache.delete)
        elif what == "asked for only":
            cache.get(Key(i))
            Key(i) in cache
            cache.delete(Key(i))
        elif what == "expired":
            now += 5
            cache.put(Key(i), i)
"""
WAYS = (
    "new keys are loaded",
    "new values of old keys",
    "old keys that are new objects",
    "loads that fail",
    "stored and deleted",
    "deleted while they load",
    "asked for only",
    "expired",
)


def cache_class(code: Any) -> Any:
    return code.ref("cache:Cache")


def grown(code: Any, name: str, policy: str) -> tuple[int, int]:
    """What the probe counts at both sizes; it ends when that is too much."""
    count = getattr(code.define(model.PROBE + DRIVER), name)
    made, (few, many) = cache_class(code), SIZES[name]
    small = code.call(count, made, policy, few, PLENTY)
    assert type(small) is int
    assert small >= CALLS * few, "an answer that switched the counting off"
    large = code.call(count, made, policy, many, MOST_RATIO[name] * small)
    assert type(large) is int
    return small, large


@pytest.mark.parametrize("policy", model.POLICIES)
def test_the_work_of_a_call_does_not_grow(code: Any, policy: str) -> None:
    small, large = grown(code, "work", policy)
    assert large <= MOST_RATIO["work"] * small, f"{small} and {large} steps"


@pytest.mark.parametrize("policy", model.POLICIES)
def test_a_call_copies_little(code: Any, policy: str) -> None:
    small, large = grown(code, "memory", policy)
    assert large <= MOST_RATIO["memory"] * small, f"{small} and {large} bytes"


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_kept_of_what_is_gone(code: Any, way: str) -> None:
    code.limit(memory_mb=500)
    fill, made = code.define(HEAVY).fill, cache_class(code)
    for policy in model.POLICIES:
        fill(made, policy, way, 800)
