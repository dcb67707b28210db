"""``find_gaps`` and ``Gap``, against a model that looks at every single minute."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from pytest_overnight.grading import same

MONDAY = date(2024, 3, 4)
OLD_NAMES = "Entry LogError format_minutes format_time main parse_log select totals"

Times = tuple[date, int, int]
"""Day, start and end of an entry or a gap."""


def on_monday(*times: tuple[int, int]) -> list[Times]:
    return [(MONDAY, start, end) for start, end in times]


def gaps_of(entries: Iterable[Times], minimum: int) -> list[Times]:
    """The model: runs of minutes between the first and the last that are covered."""
    covered: dict[date, set[int]] = {}
    for day, start, end in entries:
        covered.setdefault(day, set()).update(range(start, end))
    gaps = []
    for day in sorted(covered):
        minutes = sorted(covered[day])
        for before, after in pairwise(minutes):
            if after - before - 1 >= minimum:
                gaps.append((day, before + 1, after))
    return gaps


def make_entries(code: Any, entries: Iterable[Times]) -> list[Any]:
    return [code.new("worklog:Entry", *entry, "atlas") for entry in entries]


def times_of(code: Any, items: Any) -> list[Times]:
    assert type(items) is list, "find_gaps must return a list"
    names = ("day", "start", "end")
    return [tuple(code.attr(item, name) for name in names) for item in items]


def find(code: Any, entries: Iterable[Times], **options: int) -> list[Times]:
    made = make_entries(code, entries)
    return times_of(code, code.call("worklog:find_gaps", made, **options))


def random_entries(rng: random.Random) -> list[Times]:
    """Up to ten entries on up to three days, often touching, nested or equal."""
    grid = rng.choice((1, 5, 30))
    span = rng.choice((90, 400, 1440)) // grid
    entries = []
    for _ in range(rng.randrange(11)):
        day = MONDAY + timedelta(days=rng.randrange(3))
        start, end = sorted(rng.sample(range(span + 1), 2))
        end = min(end, start + rng.choice((1, 3, 10, span)))
        entries.append((day, start * grid, end * grid))
    return entries


def test_new_names_are_exported(code: Any) -> None:
    names = list(code.value("worklog:__all__"))
    assert {"Gap", "find_gaps", *OLD_NAMES.split()} <= set(names)
    assert len(set(names)) == len(names)
    assert code.call("worklog:find_gaps", []) == []
    gap = code.new("worklog:Gap", MONDAY, 600, 630)
    assert code.attr(gap, "minutes") == 30


def test_gaps_agree_with_the_model_on_random_logs(code: Any, rng: Any) -> None:
    for _ in range(120):
        entries = random_entries(rng)
        lengths = [end - start for _, start, end in gaps_of(entries, 1)]
        minimum = rng.choice([1, 15, 40, *lengths, *(size + 1 for size in lengths)])
        found = find(code, entries, minimum=minimum)
        assert same(found, gaps_of(entries, minimum)), (entries, minimum)


def test_the_default_minimum_is_fifteen(code: Any) -> None:
    entries = on_monday((0, 10), (25, 30), (44, 50), (66, 70))
    assert find(code, entries) == on_monday((10, 25), (50, 66))


def test_a_gap_of_exactly_the_minimum_is_kept(code: Any) -> None:
    entries = on_monday((540, 600), (640, 660), (699, 720))
    assert find(code, entries, minimum=40) == on_monday((600, 640))
    assert find(code, entries, minimum=41) == []
    assert find(code, on_monday((5, 6), (7, 8)), minimum=1) == on_monday((6, 7))


def test_days_are_looked_at_one_by_one(code: Any) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(3)]
    apart = [(days[0], 540, 600), (days[1], 660, 720), (days[2], 800, 1440)]
    assert find(code, apart, minimum=1) == []
    more = [(days[2], 0, 700), (days[0], 1439, 1440), (days[1], 0, 1)]
    expected = [(days[0], 600, 1439), (days[1], 1, 660), (days[2], 700, 800)]
    assert find(code, apart + more, minimum=1) == expected


def test_a_long_entry_covers_the_shorter_ones_inside_it(code: Any) -> None:
    entries = on_monday((540, 720), (560, 570), (600, 610), (740, 800))
    assert find(code, entries) == on_monday((720, 740))


def test_entries_that_touch_or_are_equal_leave_no_gap(code: Any) -> None:
    entries = on_monday((540, 600), (600, 660), (540, 600), (660, 661))
    assert find(code, entries, minimum=1) == []
    assert find(code, entries[:1]) == []


def test_the_order_of_the_entries_does_not_matter(code: Any, rng: Any) -> None:
    days = (MONDAY, date(2023, 12, 31), date(2024, 3, 5))
    entries = [(day, hour * 60, hour * 60 + 30) for day in days for hour in (8, 9, 11)]
    expected = gaps_of(entries, 15)
    assert len(expected) == 6
    for _ in range(6):
        rng.shuffle(entries)
        assert find(code, entries) == expected


def test_the_argument_is_not_changed(code: Any) -> None:
    entries = on_monday((900, 930), (540, 600), (700, 710))
    made = code.make(make_entries(code, entries))
    gaps = code.call("worklog:find_gaps", made)
    assert times_of(code, gaps) == on_monday((600, 700), (710, 900))
    assert len(made) == 3
    assert [code.attr(made[index], "start") for index in range(3)] == [900, 540, 700]


def test_entries_may_be_readable_only_once(code: Any) -> None:
    made = make_entries(code, on_monday((900, 930), (540, 600)))
    gaps = code.call("worklog:find_gaps", code.stream(made))
    assert times_of(code, gaps) == on_monday((600, 900))


def test_no_entries_no_gaps(code: Any) -> None:
    assert code.call("worklog:find_gaps", []) == []
    assert code.call("worklog:find_gaps", ()) == []
    assert code.call("worklog:find_gaps", code.stream([])) == []


@pytest.mark.parametrize("minimum", [0, -1, -15])
def test_a_minimum_below_one_is_refused(code: Any, minimum: int) -> None:
    made = make_entries(code, on_monday((540, 600), (700, 710)))
    for entries in (made, []):
        with code.raises("ValueError"):
            code.call("worklog:find_gaps", entries, minimum=minimum)


def test_minimum_is_given_by_name_only(code: Any) -> None:
    with code.raises("TypeError"):
        code.call("worklog:find_gaps", [], 15)


def test_a_gap_is_a_frozen_dataclass(code: Any) -> None:
    gap = code.new("worklog:Gap", day=MONDAY, start=600, end=615)
    numbers = [code.attr(gap, name) for name in ("start", "end", "minutes")]
    assert numbers == [600, 615, 15]
    assert list(code.attr(gap, "__dataclass_fields__")) == ["day", "start", "end"]
    with code.raises("AttributeError"):
        code.set_attr(gap, "start", 0)
    holder = code.make([gap])
    assert code.new("worklog:Gap", MONDAY, 600, 615) in holder
    assert code.new("worklog:Gap", MONDAY, 600, 616) not in holder
