"""``in_force``: each rule by itself, and seeded random changes and times."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("series_model.py"))))


def test_the_value_of_the_latest_start_is_in_force(code: Any, rng: Random) -> None:
    for kind in model.KINDS.values():
        for _ in range(10):
            starts = rng.sample(range(10, 90), rng.randint(0, 12))
            changes = [(kind(start), rng.randint(0, 999)) for start in starts]
            times = [kind(rng.randint(0, 99)) for _ in range(rng.randint(0, 12))]
            found = code.call("series:in_force", changes, times)
            assert same(found, model.in_force(changes, times))


def test_a_start_belongs_to_its_change(code: Any) -> None:
    changes = [(20, "late"), (10, "early")]
    found = code.call("series:in_force", changes, [9, 10, 11, 19, 20, 21])
    assert found == [None, "early", "early", "early", "late", "late"]


def test_of_equal_starts_the_last_change_counts(code: Any, rng: Random) -> None:
    changes: list[Any] = [(5, "c"), (5.0, "a"), (2, "z"), (5, "b"), (2, "y")]
    found = code.call("series:in_force", changes, [5, 2, 9, 1])
    assert found == ["b", "y", "b", None]
    for _ in range(20):
        numbers = model.few(rng, 20)
        changes = [(model.real(rng, one), rng.randint(0, 9)) for one in numbers]
        times = [model.real(rng, one) for one in model.few(rng, 9)]
        found = code.call("series:in_force", changes, times)
        assert same(found, model.in_force(changes, times))


def test_before_the_first_start_nothing_is_in_force(code: Any) -> None:
    assert same(code.call("series:in_force", [(5, "a")], [4, 6, 3]), [None, "a", None])
    assert same(code.call("series:in_force", [(5, "a"), (7, "b")], [1]), [None])


def test_without_changes_or_times(code: Any) -> None:
    assert same(code.call("series:in_force", [], [4, 3]), [None, None])
    assert same(code.call("series:in_force", [(5, "a")], []), [])
    assert same(code.call("series:in_force", [], []), [])


def test_values_are_only_returned(code: Any, rng: Random) -> None:
    nothing = code.counter(0)
    starts = [rng.randint(1, 4) for _ in range(20)]
    values = [code.key(place, nothing, "") for place in range(20)]
    changes = list(zip(starts, values, strict=True))
    times = [rng.randint(0, 5) for _ in range(20)]
    found = code.call("series:in_force", changes, times)
    expected = model.in_force(changes, times)
    assert [id(one) for one in found] == [id(one) for one in expected]


def test_a_value_may_be_none(code: Any) -> None:
    changes = [(1, "a"), (2, None), (3, 0), (4, []), (4, None)]
    found = code.call("series:in_force", changes, [4, 3, 2, 1])
    assert same(found, [None, 0, None, "a"])


def test_starts_and_times_need_no_hash(code: Any, rng: Random) -> None:
    counter = code.counter(100_000)
    starts, times = model.few(rng, 20), [rng.randint(0, 9) for _ in range(20)]
    changes = [(start, place) for place, start in enumerate(starts)]
    lent = [(code.key(start, counter, "eq lt le"), place) for start, place in changes]
    asked = [code.key(time, counter, "eq lt le") for time in times]
    found = code.call("series:in_force", lent, asked)
    assert same(found, model.in_force(changes, times))
    found = code.call(
        "series:in_force",
        [([start // 3, start % 3], place) for start, place in changes],
        [[time // 3, time % 3] for time in times],
    )
    assert same(found, model.in_force(changes, times))
