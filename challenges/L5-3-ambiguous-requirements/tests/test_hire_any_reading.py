"""What the mail says plainly: the same under every choice, so no choice is read."""

from __future__ import annotations

import re
from datetime import date
from datetime import timedelta
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from pytest_overnight.grading import CodeError

_model = run_path(str(Path(__file__).with_name("hire_model.py")))
text_of, hire, a_day = (_model[n] for n in ("text_of", "hire", "a_day"))
random_list, BOATS = _model["random_list"], _model["BOATS"]

HEADING = "customer,boat,out,back\n"
MONDAY = date(2024, 5, 13)
SATURDAY, SUNDAY = date(2024, 5, 18), date(2024, 5, 19)
PRICES = {"row": 650, "canoe": 850, "sail": 1400}
LINE = re.compile(r"(.*): ((0|[1-9][0-9]*)\.[0-9]{2})")


def report(code: Any, text: str) -> list[str]:
    """The lines of the bills, sorted, and at the end the total."""
    found = code.call("hire:report", text)
    assert type(found) is str
    *lines, end = found.split("\n")
    assert end == ""
    return [*sorted(lines[:-1]), lines[-1]]


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def single(code: Any, boat: str, day: date, minutes: int) -> str:
    """The bill of somebody with one hire."""
    lines = report(code, text_of([hire("Ana", boat, day, (9, 30), minutes)]))
    assert len(lines) == 2
    assert lines[1] == lines[0].replace("Ana", "total")
    return lines[0].removeprefix("Ana: ")


def test_whole_hours_on_workdays(code: Any, rng: Any) -> None:
    for _ in range(20):
        boat, day = rng.choice(BOATS), a_day(rng, range(5))
        hours = rng.choice({"row": [2, 3, 4, 6], "canoe": [2, 4], "sail": [1, 2]}[boat])
        dear = 150 if boat == "sail" and day >= date(2024, 7, 1) else 0
        cents = hours * (PRICES[boat] + dear)
        assert single(code, boat, day, 60 * hours) == euros(cents)


def test_the_sailing_boat_costs_more_from_the_first_of_july(code: Any) -> None:
    assert single(code, "sail", date(2024, 6, 30), 120) == "35.00"
    assert single(code, "sail", date(2024, 7, 1), 120) == "31.00"
    assert single(code, "sail", date(2024, 12, 2), 60) == "15.50"
    assert single(code, "sail", date(2025, 1, 6), 60) == "15.50"
    assert single(code, "sail", date(2023, 12, 4), 60) == "14.00"
    assert single(code, "canoe", date(2024, 7, 1), 120) == "17.00"
    assert single(code, "row", date(2024, 7, 1), 120) == "13.00"


def test_a_hire_within_the_weekend_costs_a_quarter_more(code: Any) -> None:
    for day in (SATURDAY, SUNDAY):
        assert single(code, "row", day, 120) == "16.25"
        assert single(code, "canoe", day, 120) == "21.25"
        assert single(code, "sail", day, 60) == "17.50"
    for day in (SATURDAY - timedelta(days=1), SUNDAY + timedelta(days=1)):
        assert single(code, "row", day, 120) == "13.00"


def test_a_hire_costs_at_least_the_lowest_price(code: Any) -> None:
    for boat in ("row", "canoe"):
        for minutes in (16, 20, 30, 60):
            assert single(code, boat, MONDAY, minutes) == "9.00"
    assert single(code, "row", MONDAY, 120) == "13.00"


def test_the_lowest_price_comes_after_the_weekend(code: Any) -> None:
    assert single(code, "row", SATURDAY, 60) == "9.00"
    assert single(code, "row", SATURDAY, 16) == "9.00"


def test_the_lowest_price_comes_after_the_third_hire(code: Any) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(3)]
    hires = [hire("Ana", "row", day, (9, 0), 60) for day in days]
    assert report(code, text_of(hires)) == ["Ana: 27.00", "total: 27.00"]


def test_one_hire_costs_at_most_the_limit_of_a_day(code: Any) -> None:
    for boat, hours in (("row", 7), ("canoe", 5), ("sail", 3), ("sail", 60)):
        assert single(code, boat, MONDAY, 60 * hours) == "40.00"
    assert single(code, "row", MONDAY, 360) == "39.00"
    assert single(code, "row", SATURDAY, 300) == "40.00"


def test_the_limit_comes_after_the_third_hire(code: Any) -> None:
    days = [MONDAY + timedelta(days=number) for number in range(3)]
    hires = [hire("Ana", "sail", day, (9, 0), 180) for day in days]
    assert report(code, text_of(hires)) == ["Ana: 117.80", "total: 117.80"]


def test_the_third_hire_is_a_tenth_cheaper(code: Any, rng: Any) -> None:
    for _ in range(20):
        hires, cents = [], 0
        for number in range(3):
            boat = rng.choice(BOATS)
            price = 2 * PRICES[boat]
            cents += price if number < 2 else price * 9 // 10
            day = MONDAY + timedelta(days=number)
            hires.append(hire("Ana", boat, day, (9, 0), 120))
        rng.shuffle(hires)
        hires.insert(rng.randrange(4), hire("Ben", "row", MONDAY, (8, 0), 120))
        lines = [f"Ana: {euros(cents)}", "Ben: 13.00", f"total: {euros(cents + 1300)}"]
        assert report(code, text_of(hires)) == lines


def test_hires_of_the_same_minute_are_counted_by_their_lines(code: Any) -> None:
    first = hire("Ana", "row", MONDAY, (9, 0), 120)
    tuesday = MONDAY + timedelta(days=1)
    row, canoe = (hire("Ana", b, tuesday, (9, 0), 120) for b in ("row", "canoe"))
    assert report(code, text_of([canoe, row, first]))[-1] == "total: 41.70"
    assert report(code, text_of([row, first, canoe]))[-1] == "total: 41.30"


def test_the_total_is_the_sum_of_the_bills(code: Any, rng: Any) -> None:
    for _ in range(20):
        cents = []
        for line in report(code, text_of(random_list(rng))):
            found = LINE.fullmatch(line)
            assert found, line
            cents.append(int(found[2].replace(".", "")))
        assert cents[-1] == sum(cents[:-1])


def test_large_amounts_have_no_separators(code: Any) -> None:
    days = [MONDAY + timedelta(weeks=number) for number in range(40)]
    hires = [hire("Ana", "sail", day, (9, 0), 300) for day in days]
    assert report(code, text_of(hires)) == ["Ana: 1600.00", "total: 1600.00"]


def test_a_list_without_hires(code: Any) -> None:
    for text in (HEADING, HEADING.strip(), HEADING + "\n\n"):
        assert code.call("hire:report", text) == "total: 0.00\n"


def test_empty_lines_and_white_space_mean_nothing(code: Any) -> None:
    text = (
        HEADING + "\n  Ana Costa , row,2024-05-13 09:00\t, 2024-05-13 11:00 \n\n"
        "Ana Costa,row ,  2024-05-15 09:00,2024-05-15 11:00"
    )
    assert report(code, text) == ["Ana Costa: 26.00", "total: 26.00"]


def test_names_are_any_text(code: Any) -> None:
    names = ["Holm, Kari", 'Bo "Sail" Ek', "Łukasz Żak", "小川", "total", "A: 1.00"]
    hires = [hire(name, "row", MONDAY, (9, 0), 120) for name in names]
    expected = sorted(f"{name}: 13.00" for name in names)
    assert report(code, text_of(hires)) == [*expected, "total: 78.00"]


BAD_LINES = {
    "three fields": "Ana,row,2024-05-13 09:00",
    "five fields": "Ana,row,2024-05-13 09:00,2024-05-13 11:00,",
    "no customer": " ,row,2024-05-13 09:00,2024-05-13 11:00",
    "unknown boat": "Ana,kayak,2024-05-13 09:00,2024-05-13 11:00",
    "no boat": "Ana,,2024-05-13 09:00,2024-05-13 11:00",
    "out is no time": "Ana,row,this morning,2024-05-13 11:00",
    "out is empty": "Ana,row,,2024-05-13 11:00",
    "no such day": "Ana,row,2024-06-31 09:00,2024-07-01 11:00",
    "back is no time": "Ana,row,2024-05-13 09:00,never",
    "back before out": "Ana,row,2024-05-13 09:00,2024-05-13 08:59",
}


@pytest.mark.parametrize("kind", list(BAD_LINES))
def test_a_line_without_sense_is_refused(code: Any, kind: str) -> None:
    good = text_of([hire("Ben", "row", MONDAY, (9, 0), 120)])
    bad = BAD_LINES[kind] + "\n"
    for text in (HEADING + bad, good + bad, HEADING + bad + good[len(HEADING) :]):
        with code.raises("ValueError"):
            code.call("hire:report", text)
    assert report(code, good) == ["Ben: 13.00", "total: 13.00"]


def test_a_missing_return_is_no_crash(code: Any) -> None:
    good = hire("Ben", "row", MONDAY, (9, 0), 120)
    text = text_of([good, ("Ana", "row", good[2], None)])
    try:
        right = "Ben: 13.00" in report(code, text)
    except CodeError as error:
        right = error.is_a("ValueError")
    assert right
