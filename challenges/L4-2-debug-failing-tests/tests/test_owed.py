"""Late loans, fees and bills, against the model."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

_model = run_path(str(Path(__file__).with_name("shed_model.py")))
shed = SimpleNamespace(**_model)


def test_fees_of_the_first_weeks(code: Any) -> None:
    fees = [code.call("toolshed:fee", days, 100_000) for days in range(40)]
    assert fees == [shed.owed(days, 100_000) for days in range(40)]


def test_no_fee_is_more_than_the_deposit(code: Any, rng: Random) -> None:
    for _ in range(150):
        days, deposit = rng.randrange(60), rng.randrange(3000)
        found = code.call("toolshed:fee", days, deposit)
        assert found == shed.owed(days, deposit), (days, deposit)


def test_a_fee_may_be_as_much_as_the_deposit(code: Any) -> None:
    for days in (1, 6, 7, 8, 9, 30):
        full = shed.owed(days, 100_000)
        for deposit in (full - 1, full, full + 1):
            expected = min(full, deposit)
            assert code.call("toolshed:fee", days, deposit) == expected
    assert code.call("toolshed:fee", 9, 0) == 0


def test_amounts_have_two_digits_after_the_point(code: Any, rng: Random) -> None:
    some = [rng.randrange(10**9) for _ in range(20)]
    for cents in (0, 1, 9, 10, 99, 100, 101, 109, 110, 100_000, *some):
        assert code.call("toolshed:money", cents) == shed.money(cents)


def test_days_late_count_every_day(code: Any, rng: Random) -> None:
    for _ in range(6):
        opening, calendar = shed.random_calendar(code, rng)
        for row in shed.random_rows(rng, 4):
            one, due = shed.loan(code, row), calendar.due(row)
            some = [rng.randint(-9, 40) for _ in range(4)]
            for days in (-1, 0, 1, 2, 7, *some):
                today = due + timedelta(days=days)
                found = code.call("toolshed:days_late", one, today, opening)
                assert found == max(0, days)


def test_overdue_loans_are_in_order_of_their_due_days(code: Any, rng: Random) -> None:
    for _ in range(6):
        opening, calendar = shed.random_calendar(code, rng)
        rows = shed.random_rows(rng, 30)
        today = shed.random_day(rng, 60)
        given = code.stream(shed.loans(code, rows))
        found = code.call("toolshed:overdue", given, today, opening)
        assert shed.all_fields(code, found) == calendar.overdue(rows, today)


def test_each_member_has_one_bill(code: Any, rng: Random) -> None:
    for count in (2, 5, 12, 30, 30, 30):
        opening, calendar = shed.random_calendar(code, rng)
        rows = shed.random_rows(rng, count)
        today = shed.random_day(rng, 40) + timedelta(days=25)
        given = code.stream(shed.loans(code, rows))
        found = code.call("toolshed:bills", given, today, opening)
        assert shed.all_fields(code, found) == calendar.bills(rows, today)


def test_a_bill_names_its_tools_in_order_of_due_days(code: Any, rng: Random) -> None:
    opening = code.new("toolshed:Opening", [])
    calendar = shed.Calendar(frozenset(), set())
    tools = ["saw", "drill", "saw", "axe", "saw"]
    rows = [
        (tool, member, shed.START, days, 500)
        for days, tool in enumerate(tools, start=1)
        for member in ("Jan", "Ana")
    ]
    today = shed.START + timedelta(days=10)
    for _ in range(3):
        rng.shuffle(rows)
        found = code.call("toolshed:bills", shed.loans(code, rows), today, opening)
        bills = shed.all_fields(code, found)
        assert bills == calendar.bills(rows, today)
        assert [bill[1] for bill in bills] == [tuple(tools)] * 2


def test_equal_bills_are_in_order_of_names(code: Any, rng: Random) -> None:
    members = ["Zoë", "Ana", "ana", "Jan", "Äla", "", "Ana "]
    rng.shuffle(members)
    rows = [
        (tool, member, shed.START, days, 20)
        for tool, days in (("saw", 9), ("drill", 4))
        for member in members
    ]
    opening = code.new("toolshed:Opening", [])
    today = shed.START + timedelta(days=30)
    found = code.call("toolshed:bills", shed.loans(code, rows), today, opening)
    expected = [(member, ("drill", "saw"), 40) for member in sorted(members)]
    assert shed.all_fields(code, found) == expected


def test_a_bill_may_be_of_nothing(code: Any) -> None:
    opening = code.new("toolshed:Opening", [])
    calendar = shed.Calendar(frozenset(), set())
    rows = [("saw", "Jan", shed.START, 1, 0), ("drill", "Ana", shed.START, 5, 300)]
    for days, bills in ((1, 0), (2, 1), (5, 1), (6, 2)):
        today = shed.START + timedelta(days=days)
        found = code.call("toolshed:bills", shed.loans(code, rows), today, opening)
        assert len(calendar.bills(rows, today)) == bills
        assert shed.all_fields(code, found) == calendar.bills(rows, today)


def test_nothing_lent_nothing_owed(code: Any) -> None:
    opening = code.new("toolshed:Opening")
    assert code.call("toolshed:overdue", [], shed.START, opening) == []
    assert code.call("toolshed:bills", [], shed.START, opening) == []


RECORDS = {
    "Loan": {
        "tool": "saw",
        "member": "Ana",
        "taken": shed.START,
        "days": 7,
        "deposit": 5,
    },
    "Offer": {"tool": "saw", "member": "Ana", "until": shed.START},
    "Bill": {"member": "Ana", "tools": ("saw", "axe"), "cents": 5},
}


@pytest.mark.parametrize("name", list(RECORDS))
def test_loans_offers_and_bills_are_frozen_dataclasses(code: Any, name: str) -> None:
    values = RECORDS[name]
    one = code.new(f"toolshed:{name}", **values)
    assert code.plain(one) == values
    with code.raises("AttributeError"):
        code.set_attr(one, "member", "Jan")
    holder = code.make([one])
    assert code.new(f"toolshed:{name}", *values.values()) in holder
    other = values | {"member": "Jan"}
    assert code.new(f"toolshed:{name}", **other) not in holder
