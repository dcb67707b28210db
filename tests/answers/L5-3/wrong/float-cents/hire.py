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
from typing import NamedTuple

HOUR = {"row": 6.50, "canoe": 8.50, "sail": 14.00}
NEW_SAIL_HOUR, NEW_SAIL_FROM = 15.50, date(2024, 7, 1)
WEEKEND_EXTRA = 1.25
THIRD_HIRE = 0.9
LOWEST = 9.00
DAY_LIMIT = 40.00
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
    bills.append(("total", sum(amount for _, amount in bills)))
    return "".join(f"{name}: {amount:.2f}\n" for name, amount in bills)


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


def bill(hires: list[Hire]) -> float:
    """What a customer owes."""
    days: dict[date, float] = defaultdict(float)
    for number, hire in enumerate(sorted(hires, key=lambda hire: hire.out), start=1):
        days[hire.out.date()] += price(hire, third=number % 3 == 0)  # third-hire: every
    # day-limit: day; rounding: bill; cents: half-up
    return round(sum(min(amount, DAY_LIMIT) for amount in days.values()), 2)


def price(hire: Hire, third: bool) -> float:
    """The price of one hire, before the limit of a day."""
    duration = hire.back - hire.out
    if duration <= SHORT:  # short-hire: 8
        return 0.0
    hour = HOUR[hire.boat]
    if hire.boat == "sail" and hire.out.date() >= NEW_SAIL_FROM:
        hour = NEW_SAIL_HOUR
    half_hours = -(-duration // timedelta(minutes=30))  # part-hour: half-hour
    amount = hour * half_hours / 2
    if hire.out.weekday() >= 5 or hire.back.weekday() >= 5:  # weekend-hire: either
        amount *= WEEKEND_EXTRA
    if third:
        amount *= THIRD_HIRE
    return max(amount, LOWEST)


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
