"""``Opening``, and the two places that rely on it: due days and offers."""

from __future__ import annotations

from datetime import date
from datetime import timedelta
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

_model = run_path(str(Path(__file__).with_name("shed_model.py")))
shed = SimpleNamespace(**_model)

ONE_DAY = timedelta(days=1)
SATURDAY = date(2024, 3, 9)


def chain(code: Any, weeks: int) -> Any:
    """Closures from Monday to Saturday: only together with Sundays no day is left."""
    opening = code.new("toolshed:Opening")
    for week in reversed(range(weeks)):
        monday = SATURDAY + timedelta(days=2 + 7 * week)
        opening.close(monday, monday + timedelta(days=5))
    return opening


def monday_after(weeks: int) -> date:
    return SATURDAY + timedelta(days=2 + 7 * weeks)


def test_open_days_of_random_calendars(code: Any, rng: Random) -> None:
    for _ in range(8):
        opening, calendar = shed.random_calendar(code, rng)
        days = [shed.START + timedelta(days=n) for n in range(60)]
        found = [opening.is_open(day) for day in days]
        assert found == [calendar.is_open(day) for day in days]


def test_next_open_day_of_random_calendars(code: Any, rng: Random) -> None:
    for _ in range(20):
        opening, calendar = shed.random_calendar(code, rng)
        days = [shed.random_day(rng, 60) for _ in range(20)]
        found = [opening.next_open(day) for day in days]
        assert found == [calendar.next_open(day) for day in days]


def test_sunday_is_the_only_rest_day_at_first(code: Any) -> None:
    opening = code.new("toolshed:Opening")
    week = [SATURDAY + timedelta(days=n) for n in range(7)]
    assert [opening.is_open(day) for day in week] == [True, False, *[True] * 5]
    never = code.new("toolshed:Opening", rest_days=())
    assert [never.next_open(day) for day in week] == week


def test_rest_days_and_closures_may_follow_each_other(code: Any) -> None:
    for weeks in (1, 2, 5):
        opening = chain(code, weeks)
        for day in (SATURDAY + ONE_DAY, SATURDAY + 2 * ONE_DAY):
            assert opening.next_open(day) == monday_after(weeks)
        assert opening.next_open(SATURDAY) == SATURDAY


def test_due_days_of_random_calendars(code: Any, rng: Random) -> None:
    for _ in range(12):
        opening, calendar = shed.random_calendar(code, rng)
        for _ in range(5):
            row = ("saw", "Ana", shed.random_day(rng), rng.randint(1, 15), 500)
            found = code.call("toolshed:due", shed.loan(code, row), opening)
            assert found == calendar.due(row)


def test_a_due_day_is_after_rest_days_and_closures(code: Any) -> None:
    for weeks in (1, 2, 5):
        row: shed.Row = ("saw", "Ana", SATURDAY - ONE_DAY, 2, 500)
        found = code.call("toolshed:due", shed.loan(code, row), chain(code, weeks))
        assert found == monday_after(weeks)


def test_offers_of_random_calendars(code: Any, rng: Random) -> None:
    for _ in range(12):
        opening, calendar = shed.random_calendar(code, rng)
        waiting = code.new("toolshed:WaitingList")
        for _ in range(5):
            today = shed.random_day(rng)
            waiting.join("saw", "Ana")
            found = waiting.offer("saw", today, opening)
            until = calendar.next_open(today + timedelta(days=3))
            assert shed.fields(code, found) == ("saw", "Ana", until)


def test_an_offer_ends_after_rest_days_and_closures(code: Any) -> None:
    for weeks in (1, 2, 5):
        waiting = code.new("toolshed:WaitingList")
        waiting.join("saw", "Ana")
        found = waiting.offer("saw", SATURDAY - 2 * ONE_DAY, chain(code, weeks))
        assert shed.fields(code, found) == ("saw", "Ana", monday_after(weeks))


def test_a_closure_counts_from_when_it_was_added(code: Any, rng: Random) -> None:
    for _ in range(6):
        opening = code.new("toolshed:Opening")
        calendar = shed.Calendar(frozenset({6}), set())
        days = [shed.START + timedelta(days=n) for n in range(60)]
        for _ in range(5):
            found = [opening.next_open(day) for day in days]
            assert found == [calendar.next_open(day) for day in days]
            closure = shed.random_closure(rng)
            opening.close(*closure)
            calendar.close(*closure)


def test_a_closure_counts_for_a_loan_that_was_asked_about_before(code: Any) -> None:
    opening = code.new("toolshed:Opening")
    one = shed.loan(code, ("saw", "Ana", SATURDAY, 8, 500))
    assert code.call("toolshed:due", one, opening) == date(2024, 3, 18)
    opening.close(date(2024, 3, 18), date(2024, 3, 19))
    assert code.call("toolshed:due", one, opening) == date(2024, 3, 20)


def test_openings_are_apart(code: Any) -> None:
    one, other = code.new("toolshed:Opening"), code.new("toolshed:Opening")
    one.close(SATURDAY, SATURDAY)
    assert one.next_open(SATURDAY) == SATURDAY + 2 * ONE_DAY
    assert other.next_open(SATURDAY) == SATURDAY


def test_a_closure_may_last_one_day_but_not_less(code: Any, rng: Random) -> None:
    opening = code.new("toolshed:Opening", [])
    opening.close(SATURDAY, SATURDAY)
    with code.raises("ValueError"):
        opening.close(SATURDAY, SATURDAY - ONE_DAY)
    with code.raises("ValueError"):
        opening.close(SATURDAY, SATURDAY - timedelta(days=rng.randint(2, 50)))
    around = [SATURDAY - ONE_DAY, SATURDAY, SATURDAY + ONE_DAY]
    assert [opening.is_open(day) for day in around] == [True, False, True]


@pytest.mark.parametrize("waits", [0, 1])
def test_an_offer_takes_one_member_out(code: Any, waits: int) -> None:
    waiting, opening = code.new("toolshed:WaitingList"), code.new("toolshed:Opening")
    for member in ("Jan", "Ana")[: 2 * waits]:
        waiting.join("saw", member)
    waiting.join("drill", "Eva")
    found = waiting.offer("saw", SATURDAY, opening)
    if waits:
        expected = ("saw", "Jan", SATURDAY + timedelta(days=3))
        assert shed.fields(code, found) == expected
        assert waiting.queue("saw") == ["Ana"]
    else:
        assert found is None
    assert waiting.queue("drill") == ["Eva"]
