"""What the functions give: nothing of it may change."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "visits_model.py")))

LOGS = """\
class Log:
    def __init__(self, visits):
        self.visits = visits

    def __len__(self):
        return len(self.visits)

    def __getitem__(self, place):
        if not 0 <= place < len(self.visits):
            raise IndexError(place)
        return self.visits[place]

    def grow(self, visits):
        self.visits = self.visits + visits


def between_one_after_the_other(between, rows, start, end):
    return [list(between(Log(visits), start, end)) for visits in rows]


def percentile_one_after_the_other(percentile, rows, percent):
    return [percentile(visits, percent) for visits in rows]


def every_second(results):
    return [list(results)[::2], list(results)]
"""


def results(code: Any, function: str, *args: Any) -> list[Any]:
    """All that a generator yields."""
    return list(code.iterate(code.call(f"visits:{function}", *args), batch=1000))


def test_sessions_are_those_of_the_given_function(code: Any, rng: Random) -> None:
    for _ in range(25):
        visits = model.some_visits(rng, rng.randrange(40), rng.randint(1, 6))
        pause = rng.randrange(9)
        found = results(code, "sessions", code.stream(visits), pause)
        assert same(found, model.sessions(visits, pause))


def test_a_visit_just_within_the_pause_belongs_to_the_session(code: Any) -> None:
    visits = [(0, "ann", "/", 1), (5, "ann", "/", 1), (10, "bob", "/", 1)]
    visits += [(11, "ann", "/", 1)]
    found = results(code, "sessions", visits, 5)
    assert same(found, [("ann", 0, 5, 2), ("bob", 10, 10, 1), ("ann", 11, 11, 1)])


def test_sessions_come_in_the_order_of_their_last_visits(code: Any) -> None:
    visits = [(time, name, "/", 1) for time, name in enumerate("abcabdcc")]
    found = results(code, "sessions", visits, 5)
    assert [visitor for visitor, *_ in found] == ["a", "b", "d", "c"]
    found = results(code, "sessions", [*visits, (99, "z", "/", 1)], 5)
    assert [visitor for visitor, *_ in found] == ["a", "b", "d", "c", "z"]


def test_visits_at_the_same_time_keep_their_order(code: Any) -> None:
    visits = [(3, name, "/", 1) for name in "cabac"] + [(4, "d", "/", 1)]
    found = results(code, "sessions", visits, 0)
    assert [visitor for visitor, *_ in found] == ["b", "a", "c", "d"]


def test_leaders_are_those_of_the_given_function(code: Any, rng: Random) -> None:
    for _ in range(25):
        visits = model.some_visits(rng, rng.randrange(60), pages=rng.randint(1, 6))
        found = results(code, "leaders", code.stream(visits))
        assert same(found, model.leaders(visits))


def test_a_page_with_as_many_visits_does_not_lead(code: Any) -> None:
    visits = [(time, "ann", page, 1) for time, page in enumerate("abbaaccccab")]
    found = results(code, "leaders", visits)
    assert same(found, [(0, "a"), (2, "b"), (4, "a"), (8, "c")])


def test_merged_logs_are_in_order_of_time(code: Any, rng: Random) -> None:
    for _ in range(15):
        sizes = [rng.randrange(9) for _ in range(rng.randrange(7))]
        logs = [model.some_visits(rng, size, 99, 99) for size in sizes]
        given = [code.stream(log) if rng.random() < 0.5 else log for log in logs]
        assert same(results(code, "merged", given), model.merged(logs))


def test_of_visits_at_one_time_the_earlier_logs_come_first(code: Any) -> None:
    logs = [[(5, name, "/", 1), (5, name, "/", 0)] for name in "dbca"]
    found = results(code, "merged", logs)
    assert [visitor for _, visitor, _, _ in found] == list("ddbbccaa")


def test_between_gives_what_the_given_function_gives(code: Any, rng: Random) -> None:
    probe = code.define(LOGS)
    for _ in range(15):
        visits = model.some_visits(rng, rng.randrange(20), steps=2)
        log = probe.Log(visits)
        for _ in range(4):
            start, end = rng.randrange(-22, 45), rng.randrange(-22, 45)
            found = results(code, "between", log, start, end)
            assert same(found, model.between(visits, start, end))


def test_the_start_is_in_between_and_the_end_is_not(code: Any) -> None:
    visits = [
        (time, "ann", "/", place) for place, time in enumerate([1, 2, 2, 3, 3, 4])
    ]
    log = code.define(LOGS).Log(visits)
    for start, end, found in [
        (2, 3, [1, 2]),
        (0, 2, [0]),
        (3, 9, [3, 4, 5]),
        (3, 3, []),
    ]:
        visits_found = results(code, "between", log, start, end)
        assert [seconds for _, _, _, seconds in visits_found] == found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 33])
def test_percentiles_are_exact(code: Any, rng: Random, size: int) -> None:
    visits = model.some_visits(rng, size, seconds=rng.choice([3, 30]))
    for percent in [1, 2, 49, 50, 51, 90, 99, 100, *rng.sample(range(1, 101), 15)]:
        found = code.call("visits:percentile", code.stream(visits), percent)
        assert same(found, model.percentile(visits, percent)), percent


def test_floats_are_added_as_in_the_given_function(code: Any, rng: Random) -> None:
    for _ in range(5):
        visits = [
            (time / 10, *others)
            for time, *others in model.some_visits(rng, 200, steps=2)
        ]
        found = results(code, "sessions", visits, 0.3)
        assert same(found, model.sessions(visits, 0.3))


def test_a_hundredth_of_a_visit_too_few_is_too_few(code: Any, rng: Random) -> None:
    for size in rng.sample([n for n in range(11, 200) if n % 2 and n % 5], 12):
        percent = pow(size, -1, 100)  # percent * size is 1 above a whole hundred
        visits = [(place, "ann", "/", place) for place in range(size)]
        found = code.call("visits:percentile", visits, percent)
        assert same(found, model.percentile(visits, percent)), (size, percent)


def test_no_visits_have_no_results(code: Any) -> None:
    log = code.define(LOGS).Log([])
    assert results(code, "sessions", [], 5) == []
    assert results(code, "leaders", []) == []
    assert results(code, "merged", []) == []
    assert results(code, "merged", [[], []]) == []
    assert results(code, "between", log, 1, 5) == []
    assert code.call("visits:percentile", [], 50) is None


def test_percentiles_of_many_visits_are_exact(code: Any, rng: Random) -> None:
    # Seconds rise with the visits: a part of them is not like the whole.
    numbers = sorted(rng.randrange(20_000) for _ in range(20_000))
    rare = rng.sample(numbers, 2000)
    visits = [(place, "ann", "/", one) for place, one in enumerate([*numbers, *rare])]
    given = code.make(visits)
    for percent in (5, 50, 97):
        found = code.call("visits:percentile", given, percent)
        assert same(found, model.percentile(visits, percent))


def test_equal_visitors_pages_and_seconds_are_the_same(code: Any, rng: Random) -> None:
    counter = code.counter(10_000)
    visits = model.some_visits(rng, 60, 5, 3, 9)

    def lent() -> Any:
        for time, visitor, page, seconds in visits:
            names = [code.key(name, counter, "hash eq") for name in (visitor, page)]
            yield time, *names, code.key(seconds, counter, "hash eq lt le")

    found = results(code, "sessions", code.stream(lent()), 4)
    plain = [(visitor.value, *times) for visitor, *times in found]
    assert same(plain, model.sessions(visits, 4))
    found = results(code, "leaders", code.stream(lent()))
    plain = [(time, page.value) for time, page in found]
    assert same(plain, model.leaders(visits))
    percent = rng.randint(1, 100)
    found = code.call("visits:percentile", code.stream(lent()), percent)
    assert same(found.value, model.percentile(visits, percent))


def test_a_log_that_has_grown_is_another_one(code: Any, rng: Random) -> None:
    visits = model.some_visits(rng, 30)
    log = code.define(LOGS).Log(visits)
    start, end = visits[-1][0], visits[-1][0] + 50
    for _ in range(4):
        found = results(code, "between", log, start, end)
        assert same(found, model.between(visits, start, end))
        last = visits[-1][0]
        more = [(last + time, *rest) for time, *rest in model.some_visits(rng, 9)]
        more = [(max(time, last), *rest) for time, *rest in more]
        log.grow(more)
        visits = [*visits, *more]


def test_a_new_log_is_not_taken_for_one_that_is_gone(code: Any, rng: Random) -> None:
    probe = code.define(LOGS)
    rows = [model.some_visits(rng, 12) for _ in range(40)]
    found = probe.between_one_after_the_other(code.ref("visits:between"), rows, 0, 9)
    assert same(found, [model.between(visits, 0, 9) for visits in rows])
    function = code.ref("visits:percentile")
    found = probe.percentile_one_after_the_other(function, rows, 50)
    assert same(found, [model.percentile(visits, 50) for visits in rows])


def test_a_list_that_has_grown_is_another_one(code: Any, rng: Random) -> None:
    visits = model.some_visits(rng, 30)
    given = code.make(visits)
    for _ in range(3):
        for function, pause in (("sessions", [3]), ("leaders", [])):
            found = results(code, function, given, *pause)
            assert same(found, getattr(model, function)(visits, *pause))
        found = code.call("visits:percentile", given, 50)
        assert same(found, model.percentile(visits, 50))
        for _ in range(20):
            visit = (visits[-1][0], "visitor 0", "/0", 9)
            visits.append(visit)
            given.append(visit)


def test_calls_may_run_side_by_side(code: Any, rng: Random) -> None:
    log = code.define(LOGS)
    rows = [model.some_visits(rng, 30) for _ in range(3)]
    running, expected = [], []
    for visits in rows:
        running.append(code.call("visits:sessions", visits, 2))
        expected.append(model.sessions(visits, 2))
        running.append(code.call("visits:leaders", visits))
        expected.append(model.leaders(visits))
        running.append(code.call("visits:merged", [visits, rows[0]]))
        expected.append(model.merged([visits, rows[0]]))
        running.append(code.call("visits:between", log.Log(visits), 0, 20))
        expected.append(model.between(visits, 0, 20))
    found: list[list[Any]] = [[] for _ in running]
    left = [*zip(map(code.iterate, running), found, strict=True)]
    while left:
        one, seen = rng.choice(left)
        try:
            seen.append(next(one))
        except StopIteration:
            left = [other for other in left if other[0] is not one]
    assert same(found, expected)


def test_parameters_keep_their_names(code: Any) -> None:
    visits = [(1, "ann", "/", 7)]
    log = code.define(LOGS).Log(visits)
    assert code.call("visits:percentile", visits=visits, percent=50) == 7
    for function, arguments in {
        "sessions": {"visits": visits, "pause": 5},
        "leaders": {"visits": visits},
        "merged": {"logs": [visits]},
        "between": {"log": log, "start": 0, "end": 2},
    }.items():
        found = code.call(f"visits:{function}", **arguments)
        assert len(list(code.iterate(found))) == 1
