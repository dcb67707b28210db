"""Bills for North Shore Boats: python hire.py FILE

What the mail leaves open is decided in ASSUMPTIONS.md; the comments here name the ids of that table.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple

# All amounts are in cents; Fractions, so that nothing is lost before the one rounding.
HOUR = {"row": 650, "canoe": 850, "sail": 1400}
NEW_SAIL_HOUR, NEW_SAIL_FROM = 1550, date(2024, 7, 1)
WEEKEND_EXTRA = Fraction(5, 4)
THIRD_HIRE = Fraction(9, 10)
LOWEST = 900
DAY_LIMIT = 4000
SHORT = timedelta(minutes=15)
CLOSING = time(19, 0)
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")


class Hire(NamedTuple):
    """A line that counts as a hire."""

    name: str
    boat: str
    out: datetime
    back: datetime


def report(text: str) -> str:
    """The report for the text of a list; ValueError if the list is not right."""
    by_customer: dict[str, list[Hire]] = defaultdict(list)
    for hire in read(text):
        by_customer[hire.name.casefold()].append(hire)  # same-name: ignore-case
    bills = [(hires[0].name, bill(hires)) for hires in by_customer.values()]
    bills.sort(key=lambda entry: (-entry[1], entry[0]))  # order: 15
    bills.append(("total", sum(cents for _, cents in bills)))
    return "".join(f"{name}: {cents // 100}.{cents % 100:02}\n" for name, cents in bills)


def read(text: str) -> Iterator[Hire]:
    """The hires in the order of their lines."""
    rows = csv.reader(io.StringIO(text, newline=""))
    seen = set()
    heading = True
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(f"line {rows.line_num}: {error}") from None
        fields = tuple(field.strip() for field in row)
        if fields in ((), ("",)):
            continue
        if heading:
            heading = False
            continue
        try:
            hire = parse(fields)
        except ValueError as error:
            raise ValueError(f"line {rows.line_num}: {error}") from None
        if fields not in seen:  # same-line: once
            seen.add(fields)
            yield hire


def parse(fields: tuple[str, ...]) -> Hire:
    """The hire of a line."""
    if len(fields) != 4:
        raise ValueError(f"{len(fields)} fields instead of 4")
    name, boat, out_text, back_text = fields
    if not name:
        raise ValueError("no customer")
    if boat not in HOUR:
        raise ValueError(f"unknown boat {boat!r}")
    out = moment(out_text)
    if back_text:
        back = moment(back_text)
    else:
        back = datetime.combine(out.date(), CLOSING)  # not-back: closing
    if back < out:
        raise ValueError(f"back at {back:%H:%M}, before it went out at {out:%H:%M}")
    return Hire(name, boat, out, back)


def moment(text: str) -> datetime:
    """A time such as 2024-06-27 10:05."""
    if not TIME.fullmatch(text):
        raise ValueError(f"not a time: {text!r}")
    return datetime.fromisoformat(text)


def bill(hires: list[Hire]) -> int:
    """What a customer owes, in cents."""
    days: dict[date, Fraction] = defaultdict(Fraction)
    for number, hire in enumerate(sorted(hires, key=lambda hire: hire.out), start=1):
        days[hire.out.date()] += price(hire, third=number % 3 == 0)  # third-hire: every
    # day-limit: day; rounding: bill; cents: half-even, as round() does with a Fraction
    return round(sum(min(amount, Fraction(DAY_LIMIT)) for amount in days.values()))


def price(hire: Hire, third: bool) -> Fraction:
    """The price of one hire, before the limit of a day."""
    duration = hire.back - hire.out
    if duration <= SHORT:  # short-hire: 8
        return Fraction(0)
    hour = HOUR[hire.boat]
    if hire.boat == "sail" and hire.out.date() >= NEW_SAIL_FROM:
        hour = NEW_SAIL_HOUR
    half_hours = -(-duration // timedelta(minutes=30))  # part-hour: half-hour
    amount = Fraction(hour * half_hours, 2)
    if hire.out.weekday() >= 5 or hire.back.weekday() >= 5:  # weekend-hire: either
        amount *= WEEKEND_EXTRA
    if third:
        amount *= THIRD_HIRE
    return max(amount, Fraction(LOWEST))


def main(arguments: list[str]) -> int:
    """Print the report for a file; the exit status."""
    try:
        if len(arguments) != 1:
            raise ValueError("usage: python hire.py FILE")
        with open(arguments[0], encoding="utf-8", newline="") as file:
            output = report(file.read()).encode("utf-8")
    except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        print("hire:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
