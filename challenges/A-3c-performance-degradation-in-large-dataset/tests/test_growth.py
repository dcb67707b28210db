"""How the work grows: operations counted here, steps counted in the child.

Operations are counted on values that can do nothing without asking this process. Steps,
on built-in values, show what these do not: walks through the answer's own lists and
numbers.
"""

from __future__ import annotations

import math
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "visits_model.py")))

SMALL, LARGE = 32, 256


def bare(x: Any) -> Any:
    """The same data with the judge's objects replaced by their values."""
    if type(x) in (list, tuple):
        return type(x)(bare(one) for one in x)
    return getattr(x, "value", x)


class Lent:
    """Values whose operations are counted."""

    def __init__(self, code: Any, budget: int) -> None:
        self.code, self.counter = code, code.counter(budget)

    def visits(self, rows: Any) -> Any:
        """A stream of visits, each made when it is read."""
        return self.code.stream(map(self.visit, rows))

    def visit(self, row: Any) -> Any:
        time, visitor, page, seconds = row
        key, count = self.code.key, self.counter
        names = [key(name, count, "hash eq") for name in (visitor, page)]
        return (
            self.code.number(time, count),
            *names,
            key(seconds, count, "hash eq lt le"),
        )


def operations(code: Any, function: str, rows: Any, rest: Any, budget: int) -> int:
    """How many operations one call takes; it must be right."""
    lent = Lent(code, budget)
    many = function == "merged"
    given = [lent.visits(log) for log in rows] if many else lent.visits(rows)
    found = code.call(f"visits:{function}", given, *rest)
    if function != "percentile":
        found = [*code.iterate(found, batch=100)]
    assert same(bare(found), getattr(model, function)(rows, *rest))
    total: int = lent.counter.total
    return total


def check_operations(code: Any, function: str, rows: Any, *rest: Any) -> None:
    """``rows``: a smaller and a larger input."""
    small, large = rows
    few = operations(code, function, small, rest, 1_000_000)
    budget = max(24 * few, int(6 * LARGE * math.log2(LARGE)))
    operations(code, function, large, rest, budget)


def times(rng: Random, kind: str, size: int) -> list[int]:
    """When visits come."""
    if kind == "at once":
        return [5] * size
    return sorted(rng.randrange(size) for _ in range(size))


SESSIONS = {
    "few visitors": ("spread", 3, 20),
    "many visitors": ("spread", 0, 20),
    "long pause": ("spread", 0, 100_000),
    "at once": ("at once", 0, 0),
}


@pytest.mark.parametrize("case", SESSIONS)
def test_operations_of_sessions_grow_with_the_visits(
    code: Any, rng: Random, case: str
) -> None:
    kind, visitors, pause = SESSIONS[case]
    rows = [
        [
            (time, rng.randrange(visitors) if visitors else place, "/", 1)
            for place, time in enumerate(times(rng, kind, size))
        ]
        for size in (SMALL, LARGE)
    ]
    check_operations(code, "sessions", rows, pause)


def test_operations_of_sessions_grow_with_the_visits_that_come_back(
    code: Any, rng: Random
) -> None:
    rows = []
    for size in (SMALL, LARGE):
        visitors = [*range(size // 4), *rng.choices(range(size // 4), k=3 * size // 4)]
        rng.shuffle(visitors)
        rows.append([(place, one, "/", 1) for place, one in enumerate(visitors)])
    check_operations(code, "sessions", rows, 40)


PAGES = {"few": lambda size: 3, "many": lambda size: size // 4, "new": lambda size: 0}


@pytest.mark.parametrize("kind", PAGES)
def test_operations_of_leaders_grow_with_the_visits(
    code: Any, rng: Random, kind: str
) -> None:
    rows = []
    for size in (SMALL, LARGE):
        pages = PAGES[kind](size)
        names = [rng.randrange(pages) if pages else place for place in range(size)]
        rows.append([(place, "ann", page, 1) for place, page in enumerate(names)])
    check_operations(code, "leaders", rows)


def test_operations_of_leaders_grow_little_when_pages_take_turns(code: Any) -> None:
    # Each round another page leads, and all pages come near the lead.
    rows = []
    for size in (SMALL, LARGE):
        pages = size // 8
        order = [
            page for turn in range(8) for page in range(pages)[:: 1 - turn % 2 * 2]
        ]
        rows.append([(place, "ann", page, 1) for place, page in enumerate(order)])
    check_operations(code, "leaders", rows)


@pytest.mark.parametrize("share", [1, 2])
def test_operations_of_merged_grow_little_faster_than_the_logs(
    code: Any, rng: Random, share: int
) -> None:
    rows = [
        [model.some_visits(rng, share) for _ in range(size // share)]
        for size in (SMALL, LARGE)
    ]
    check_operations(code, "merged", rows)


def test_operations_of_merged_grow_with_the_visits(code: Any, rng: Random) -> None:
    rows = [
        [model.some_visits(rng, size // 4) for _ in range(4)] for size in (SMALL, LARGE)
    ]
    check_operations(code, "merged", rows)


@pytest.mark.parametrize("kind", ["few", "many"])
def test_operations_of_percentile_grow_little_faster_than_the_visits(
    code: Any, rng: Random, kind: str
) -> None:
    rows = []
    for size in (SMALL, LARGE):
        numbers = [rng.randrange(5 if kind == "few" else size) for _ in range(size)]
        rows.append([(place, "ann", "/", one) for place, one in enumerate(numbers)])
    check_operations(code, "percentile", rows, rng.randint(1, 100))


STEPS = """
import builtins
import sys

seen = 0

def trace(frame, event, argument):
    global seen
    if frame.f_globals is globals():
        return None
    seen += event == "line"
    return trace

def counting(function):
    def counted(*given, **named):
        global seen
        if len(given) == 1 or function is sum:
            items = [*given[0]]
            seen += len(items)
            given = (items, *given[1:])
        return function(*given, **named)
    return counted

for function in (min, max, sorted, sum):
    setattr(builtins, function.__name__, counting(function))

def run(function, *args):
    sys.settrace(trace)
    try:
        found = list(function(*args))
    finally:
        sys.settrace(None)
    return found, seen
"""
"""Counts lines of all code but its own, and items that four built-ins look at."""


def plain(rng: Random, function: str, size: int) -> list[Any]:
    """Arguments of built-in values, with much that differs."""
    if function == "merged":
        # Many logs of few visits.
        return [[model.some_visits(rng, 8) for _ in range(size // 16)]]
    pause = [size] if function == "sessions" else []
    visits = model.some_visits(rng, size, size, size, size)
    return [visits, *pause]


def steps(code: Any, function: str, arguments: list[Any]) -> int:
    """Steps of one call, which must be right; arguments are there before."""
    given = [code.make(arguments[0]), *arguments[1:]]
    found, taken = code.define(STEPS).run(code.ref(f"visits:{function}"), *given)
    assert same(found, getattr(model, function)(*arguments))
    assert type(taken) is int
    return taken


@pytest.mark.parametrize("function", ["sessions", "leaders", "merged"])
def test_steps_grow_little_faster_than_the_visits(
    code: Any, rng: Random, function: str
) -> None:
    few, many = (steps(code, function, plain(rng, function, n)) for n in (300, 2400))
    assert few > 0, "not a single line was seen"
    assert many <= 24 * few
