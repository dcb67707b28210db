"""When visits are read: not before they are needed, and no more than needed."""

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


def check_pulls(code: Any, function: str, visits: Any, places: Any, *args: Any) -> None:
    """``places``: how many visits must be read for each result, and the result."""
    stream = code.stream(visits)
    found = code.iterate(code.call(f"visits:{function}", stream, *args))
    for read, result in places:
        assert same(next(found), result)
        assert stream.pulled == read
    assert next(found, None) is None


def test_nothing_is_read_before_it_is_asked_for(code: Any, rng: Random) -> None:
    visits = model.some_visits(rng, 9)
    streams = [code.stream(visits) for _ in range(4)]
    counter = code.counter(100)
    calls = [
        code.call("visits:sessions", streams[0], 3),
        code.call("visits:leaders", streams[1]),
        code.call("visits:merged", streams[2:]),
        code.call("visits:between", code.sequence(visits, counter), 0, 9),
    ]
    assert [stream.pulled for stream in streams] == [0, 0, 0, 0]
    assert counter.by["item"] == 0
    assert len(calls) == 4


def test_sessions_come_as_soon_as_they_are_over(code: Any, rng: Random) -> None:
    for _ in range(8):
        visits = model.some_visits(rng, 40, rng.randint(1, 6))
        pause = rng.randrange(7)
        places = [(n, found) for n, _, found in model.session_places(visits, pause)]
        check_pulls(code, "sessions", visits, places, pause)


def test_leaders_come_as_soon_as_they_lead(code: Any, rng: Random) -> None:
    for _ in range(5):
        visits = model.some_visits(rng, 50, pages=rng.randint(2, 5))
        check_pulls(code, "leaders", visits, model.leader_places(visits))


def test_merged_reads_one_visit_ahead_at_most(code: Any, rng: Random) -> None:
    for size in (1, 3, 7):
        logs = [model.some_visits(rng, 12) for _ in range(size)]
        for number, log in enumerate(logs):  # visitors tell the logs apart
            log[:] = [(time, number, *rest) for time, _, *rest in log]
        streams = [code.stream(log) for log in logs]
        found = code.iterate(code.call("visits:merged", streams))
        yielded = [0] * size
        for visit in model.merged(logs):
            assert same(next(found), visit)
            yielded[visit[1]] += 1
            for stream, number in zip(streams, yielded, strict=True):
                assert stream.pulled <= number + 1


def test_streams_without_an_end_are_all_right(code: Any, rng: Random) -> None:
    def visits() -> Any:
        for number in range(2000):
            yield number, f"visitor {number % 3}", f"/{number.bit_length()}", 1
        pytest.fail("2000 visits were read")

    found = code.iterate(code.call("visits:sessions", code.stream(visits()), 1))
    assert same(next(found), ("visitor 0", 0, 0, 1))
    found = code.iterate(code.call("visits:leaders", code.stream(visits())))
    assert [next(found)[1] for _ in range(4)] == ["/0", "/2", "/3", "/4"]
    logs = [code.stream(visits()), code.stream(visits())]
    found = code.iterate(code.call("visits:merged", logs))
    assert [next(found)[0] for _ in range(6)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("size", [1, 2, 100, 1000])
def test_between_reads_few_visits(code: Any, rng: Random, size: int) -> None:
    for start, length in [(0, 3), (rng.random(), 9), (0.5, size), (0.9, size), (2, 3)]:
        visits = model.some_visits(rng, size, steps=1)
        first, last = visits[0][0], visits[-1][0]
        begin = first + int(start * (last - first))
        counter = code.counter(10 * size + 100)
        log = code.sequence(visits, counter)
        found = code.iterate(code.call("visits:between", log, begin, begin + length))
        allowed = 3 * math.log2(size) + 10
        wanted = model.between(visits, begin, begin + length)
        for number, visit in enumerate(wanted, 1):
            assert same(next(found), visit)
            assert counter.by["item"] <= number + allowed
        assert next(found, None) is None
        assert counter.by["item"] <= len(wanted) + allowed


def test_between_reads_few_visits_of_equal_times(code: Any, rng: Random) -> None:
    times = [3] * 500 + [7] * 3 + [8] * 500
    visits = [(time, "ann", "/", place) for place, time in enumerate(times)]
    for start, end in [(7, 8), (4, 7), (9, 12), (0, 3), (3, 4), (8, 9)]:
        counter = code.counter(5000)
        log = code.sequence(visits, counter)
        found = [*code.iterate(code.call("visits:between", log, start, end))]
        assert same(found, model.between(visits, start, end))
        assert counter.by["item"] <= len(found) + 3 * math.log2(len(visits)) + 10
