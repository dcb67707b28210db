"""What the program does is what ASSUMPTIONS.md says, question by question.

Each test makes lists that tell the choice of the document from every other one.
Lines are compared without their order, which is a question of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

import pytest

_model = run_path(str(Path(__file__).with_name("hire_model.py")))
choices_of, bills, lines_of = (_model[n] for n in ("choices_of", "bills", "lines_of"))
text_of, hire, a_day = (_model[n] for n in ("text_of", "hire", "a_day"))
random_list, telling_lists = _model["random_list"], _model["telling_lists"]
BOATS, WORKDAYS, WEEKEND = (_model[n] for n in ("BOATS", "WORKDAYS", "WEEKEND"))

Hire = tuple[str, str, datetime, datetime | None]
Choices = dict[str, str]
Make = Callable[[Random], list[Hire]]

MONDAY = date(2024, 5, 13)


@pytest.fixture
def choices(files: Any) -> Choices:
    found: Choices = choices_of(files.text("ASSUMPTIONS.md"))
    return found


@pytest.fixture
def check(code: Any, choices: Choices) -> Callable[[list[Hire]], None]:
    """The right lines, in any order, or the refusal."""

    def check(hires: list[Hire]) -> None:
        expected = bills(hires, choices)
        if expected is None:
            with code.raises("ValueError"):
                code.call("hire:report", text_of(hires))
        else:
            assert sorted(said(code, hires)) == sorted(lines_of(expected)), hires

    return check


def said(code: Any, hires: list[Hire]) -> list[str]:
    text = code.call("hire:report", text_of(hires))
    assert type(text) is str
    assert text.endswith("\n")
    return text[:-1].split("\n")


def on_days(rng: Random, weekdays: Any, count: int) -> list[date]:
    """Different days: nobody comes near the limit of a day."""
    days: set[date] = set()
    while len(days) < count:
        days.add(a_day(rng, weekdays))
    return rng.sample(sorted(days), count)


def test_a_part_of_an_hour(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        minutes = rng.randrange(11, 26) * 6
        return [hire("Ana", "sail", a_day(rng, WORKDAYS), (9, 20), minutes)]

    for hires in telling_lists(rng, choices, "part-hour", make):
        check(hires)


def test_a_minute_before_and_after_the_hour(check: Any) -> None:
    for minutes in (59, 60, 61, 89, 90, 91, 119, 120, 121, 149, 150, 151):
        check([hire("Ana", "sail", MONDAY, (9, 15), minutes)])


def test_a_hire_at_the_weekend(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        # Over night, the latest possible start; not too long for the limit of a day.
        day, minutes = a_day(rng, [4, 6]), rng.choice([300, 306, 318, 330])
        return [hire("Ana", "row", day, (19, 0), minutes)]

    for hires in telling_lists(rng, choices, "weekend-hire", make):
        check(hires)


def test_the_days_at_the_edges_of_a_weekend(check: Any) -> None:
    for number in range(7):
        for minutes in (299, 300):
            day = MONDAY + timedelta(days=number)
            check([hire("Ana", "row", day, (19, 0), minutes)])


def test_a_third_hire(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        days = on_days(rng, WORKDAYS, rng.randrange(4, 11))
        return [hire("Ana", rng.choice(BOATS), day, (9, 0), 120) for day in days]

    for hires in telling_lists(rng, choices, "third-hire", make):
        check(hires)


def test_hires_of_one_day_are_counted_by_their_time(rng: Any, check: Any) -> None:
    for _ in range(12):
        clocks = [(hour, minute) for hour in (8, 9) for minute in (0, 0, 30)]
        rng.shuffle(clocks)
        # The sums of three hires stay below the limit of a day.
        check(
            [
                hire("Ana", rng.choice(BOATS), MONDAY + timedelta(days=n % 2), clock, m)
                for n, clock in enumerate(clocks)
                for m in [rng.choice([66, 72, 60])]
            ]
        )


def test_the_limit_of_a_day(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        days = on_days(rng, WORKDAYS, 2)
        return [
            hire(rng.choice(["Ana", "Ben"]), "sail", rng.choice(days), (hour, 0), 120)
            for hour in range(8, 8 + rng.randrange(2, 9))
        ]

    for hires in telling_lists(rng, choices, "day-limit", make):
        check(hires)


def test_the_limit_goes_before_the_lowest_price(check: Any) -> None:
    for count in (4, 5, 6):
        check([hire("Ana", "canoe", MONDAY, (8 + n, 0), 40) for n in range(count)])


def test_the_limit_is_about_the_day_on_which_a_boat_goes_out(check: Any) -> None:
    night = hire("Ana", "sail", MONDAY, (18, 0), 1200)
    morning = hire("Ana", "sail", MONDAY + timedelta(days=1), (9, 0), 120)
    check([night, morning])
    check([night, morning, hire("Ana", "sail", MONDAY, (10, 0), 120)])


def test_rounding_of_hires_or_bills(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        days = on_days(rng, WEEKEND, rng.randrange(2, 9))
        return [hire("Ana", "canoe", day, (9, 0), 60) for day in days]

    for hires in telling_lists(rng, choices, "rounding", make):
        check(hires)


def test_fractions_of_a_cent(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        boat, day = rng.choice(["row", "canoe"]), a_day(rng, WEEKEND)
        return [hire("Ana", boat, day, (9, 0), rng.choice([60, 180]))]

    for hires in telling_lists(rng, choices, "cents", make):
        check(hires)


def test_thirds_of_a_cent_add_up_exactly(rng: Any, check: Any) -> None:
    for _ in range(3):
        hires = []
        for name in (f"Customer {number}" for number in range(60)):
            minutes = [rng.randrange(65, 120) for _ in range(5)]
            # A canoe costs 14 1/6 cents a minute, 12 3/4 at a tenth less: together
            # no part of a cent is left over.
            minutes[2] = 4 * rng.randrange(18, 30)
            minutes[3] += (minutes[2] - sum(minutes)) % 6
            days = sorted(on_days(rng, WORKDAYS, 5))
            hires += [
                hire(name, "canoe", day, (9, 0), length)
                for day, length in zip(days, minutes, strict=True)
            ]
        check(hires)


def test_names_that_differ_in_case(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        names = rng.choices(["Ana", "ANA", "ana", "STRASSE", "Straße", "Ben"], k=6)
        days = on_days(rng, WORKDAYS, 6)
        return [
            hire(name, "row", day, (9, 0), 120)
            for name, day in zip(names, days, strict=True)
        ]

    for hires in telling_lists(rng, choices, "same-name", make):
        check(hires)


def test_a_line_that_comes_again(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        days = on_days(rng, WORKDAYS, 3)
        hires = [hire("Ana", "row", day, (9, 0), 120) for day in days]
        return rng.choices(hires, k=rng.randrange(1, 6))

    for hires in telling_lists(rng, choices, "same-line", make):
        check(hires)


def test_lines_that_differ_in_one_field_are_two(check: Any) -> None:
    line = hire("Ana", "row", MONDAY, (9, 0), 90)
    later = (*line[:2], line[2] + timedelta(minutes=1), line[3])
    longer = (*line[:3], line[3] + timedelta(minutes=30))
    for other in (("ANA", *line[1:]), ("Ana", "canoe", *line[2:]), later, longer):
        check([line, other])
        check([other, line])


def test_a_boat_that_never_came_back(rng: Any, choices: Choices, check: Any) -> None:
    def make(rng: Random) -> list[Hire]:
        hires = [
            hire(name, "row", a_day(rng, WORKDAYS), (rng.randrange(14, 19), 0), 120)
            for name in rng.choices(["Ana", "Ben", "Cleo"], k=4)
        ]
        number = rng.randrange(4)
        hires[number] = (*hires[number][:3], None)
        return hires

    for hires in telling_lists(rng, choices, "not-back", make):
        check(hires)


def test_no_boat_came_back(check: Any) -> None:
    for clock in ((9, 0), (16, 59), (18, 44), (18, 45), (18, 50), (19, 0)):
        check([(*hire("Ana", "row", MONDAY, clock, 0)[:3], None)])


def test_a_name_comes_from_a_line_that_counts(check: Any) -> None:
    first = (*hire("ANA", "row", MONDAY, (10, 0), 0)[:3], None)
    check([first, hire("Ana", "row", MONDAY, (9, 0), 120)])


def test_the_contradiction_about_short_hires(
    rng: Any, choices: Choices, check: Any
) -> None:
    def make(rng: Random) -> list[Hire]:
        days = on_days(rng, range(7), 4)
        return [
            hire(rng.choice(["Ana", "Ben"]), rng.choice(BOATS), day, (9, 0), minutes)
            for day in days
            for minutes in [rng.choice([0, rng.randrange(15), 15, 16])]
        ]

    for hires in telling_lists(rng, choices, "short-hire", make, 12):
        check(hires)


def test_fifteen_minutes_are_short_and_sixteen_are_not(check: Any) -> None:
    for minutes in (0, 1, 14, 15, 16):
        check([hire("Ana", "sail", MONDAY, (9, 0), minutes)])


def test_a_short_hire_counts_as_a_hire(check: Any) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(4)]
    for short in range(4):
        lengths = [10 if number == short else 120 for number in range(4)]
        check(
            [
                hire("Ana", "sail", day, (9, 0), minutes)
                for day, minutes in zip(days, lengths, strict=True)
            ]
        )


def test_the_contradiction_about_the_order(
    code: Any, rng: Any, choices: Choices
) -> None:
    def make(rng: Random) -> list[Hire]:
        names = rng.sample(["Ana", "Zoë", "Ben", "ana lee", "Ärne", "Cleo", "X"], 6)
        return [
            hire(name, "row", a_day(rng, WORKDAYS), (9, 0), 120 * rng.randrange(1, 4))
            for name in names
        ]

    for hires in telling_lists(rng, choices, "order", make):
        assert said(code, hires) == lines_of(bills(hires, choices))


def test_all_choices_together(code: Any, rng: Any, choices: Choices) -> None:
    for _ in range(60):
        hires = random_list(rng)
        assert said(code, hires) == lines_of(bills(hires, choices)), hires


def test_all_choices_together_with_missing_times(
    rng: Any, choices: Choices, check: Any
) -> None:
    for _ in range(30):
        check(
            [
                (*line[:3], line[3] if rng.random() < 0.9 else None)
                for line in random_list(rng)
            ]
        )
