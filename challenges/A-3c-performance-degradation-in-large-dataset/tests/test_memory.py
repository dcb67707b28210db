"""What is held: values counted in the child, and memory by the kernel."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "visits_model.py")))

PROBE = f"""{model.COUNTED}

import gc

gc.disable()


def bare(found):
    if type(found) is tuple:
        return tuple(map(_bare, found))
    return _bare(found)


def run(function, rows, kind, rest):
    given = Log(rows) if kind == "log" else None
    if kind == "logs":
        given = list(map(stream, rows))
    elif kind == "stream":
        given = stream(rows)
    found = function(given, *rest)
    if hasattr(found, "__next__"):
        found = list(map(bare, found))
    else:
        found = bare(found)
    return [found, counts["held"]]


LOAD = 1 << 20


def heavy(rows):
    for place, (time, visitor, page, seconds) in enumerate(rows):
        yield time, str(visitor) * LOAD, page, seconds


class HeavyLog(Log):
    def __getitem__(self, place):
        time, visitor, page, seconds = self._rows[place]
        return time, str(visitor) * LOAD, page, seconds


def light(found):
    if type(found) is tuple:
        return tuple(x[0] if type(x) is str else x for x in found)
    return found


def run_heavy(function, rows, kind, rest):
    given = HeavyLog(rows) if kind == "log" else None
    if kind == "logs":
        given = list(map(heavy, rows))
    elif kind == "stream":
        given = heavy(rows)
    found = function(given, *rest)
    if hasattr(found, "__next__"):
        return list(map(light, found))
    return light(found)
"""

KINDS = {"merged": "logs", "between": "log"}


def check_held(code: Any, function: str, rows: Any, width: int, *rest: Any) -> None:
    """``width``: the w of rule 9."""
    kind = KINDS.get(function, "stream")
    called = code.ref(f"visits:{function}")
    found, held = code.define(PROBE).run(called, rows, kind, [*rest])
    assert same(found, getattr(model, function)(rows, *rest))
    assert held <= 10 * width + 50, f"{held} values are held, w is {width}"


def within(visits: Any, pause: int) -> int:
    """The most visits within a pause."""
    times = [time for time, *_ in visits]
    ends = [bisect_right(times, time + pause) for time in times]
    return max(end - times.index(time) for time, end in zip(times, ends, strict=True))


@pytest.mark.parametrize("visitors", [3, 10_000])
def test_sessions_hold_what_is_within_the_pause(
    code: Any, rng: Random, visitors: int
) -> None:
    visits = model.some_visits(rng, 1500, visitors)
    check_held(code, "sessions", visits, within(visits, 6), 6)


def test_sessions_hold_little_of_a_long_session(code: Any) -> None:
    visits = [(place, "ann", "/", 1) for place in range(1500)]
    check_held(code, "sessions", visits, 3, 2)


def test_leaders_hold_the_pages_only(code: Any, rng: Random) -> None:
    visits = model.some_visits(rng, 1500, 10_000, 6, 10_000)
    check_held(code, "leaders", visits, 6)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_merged_holds_little_of_each_log(code: Any, rng: Random, size: int) -> None:
    logs = [model.some_visits(rng, 1200 // size, steps=2) for _ in range(size)]
    check_held(code, "merged", logs, size)


def test_merged_holds_little_of_logs_that_follow_each_other(
    code: Any, rng: Random
) -> None:
    logs = [[(time + 500 * n, n, "/", 1) for time in range(300)] for n in range(5)]
    check_held(code, "merged", rng.sample(logs, 5), 5)


def test_between_holds_one_visit(code: Any, rng: Random) -> None:
    visits = model.some_visits(rng, 1500)
    middle = visits[750][0]
    check_held(code, "between", visits, 1, middle - 400, middle + 400)


@pytest.mark.parametrize("different", [1, 12])
def test_percentile_holds_the_different_seconds(
    code: Any, rng: Random, different: int
) -> None:
    visits = model.some_visits(rng, 1500, 10_000, 10_000, different)
    check_held(code, "percentile", visits, different, 50)


HEAVY = {
    "sessions": [3],
    "leaders": [],
    "merged": [],
    "between": [0, 10_000],
    "percentile": [50],
}


@pytest.mark.parametrize("function", HEAVY)
def test_memory_stays_bounded(code: Any, function: str) -> None:
    # Visitors of a mebibyte each: all of them are more than the memory there is.
    code.limit(memory_mb=200)
    rows: Any = [
        (place, place % 10, f"/{place % 2}", place % 3) for place in range(300)
    ]
    if function == "merged":
        rows = [rows[start::3] for start in range(3)]
    rest, kind = HEAVY[function], KINDS.get(function, "stream")
    found = code.define(PROBE).run_heavy(
        code.ref(f"visits:{function}"), rows, kind, rest
    )
    wanted = getattr(model, function)(rows, *rest)
    if function in ("sessions", "merged", "between"):
        place = 0 if function == "sessions" else 1
        wanted = [(*one[:place], str(one[place]), *one[place + 1 :]) for one in wanted]
    if function in ("leaders", "merged", "between"):  # pages lose all but one sign
        wanted = [tuple(x[0] if type(x) is str else x for x in one) for one in wanted]
    assert same(found, wanted)
