"""The bills of a boat hire, from the list that its till writes.

What the brief leaves open is decided in ASSUMPTIONS.md.
"""

import csv
import sys
from collections import defaultdict
from datetime import date
from datetime import datetime
from datetime import timedelta
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import NamedTuple

# All amounts are in cents.
PRICES = {"row": 650, "canoe": 850, "sail": 1400}
SAIL_FROM_JULY = 1550
JULY = date(2024, 7, 1)
LOWEST = 900
LIMIT_OF_A_DAY = 4000

FREE_UP_TO = timedelta(minutes=15)
CLOSING_HOUR = 19
MINUTE = timedelta(minutes=1)


class Hire(NamedTuple):
    """One line of the list that counts."""

    customer: str
    boat: str
    out: datetime
    back: datetime


def report(text: str) -> str:
    """One line for each customer, the biggest bill first, and the total.

    Raises ValueError for a line that makes no sense.
    """
    names: dict[str, str] = {}
    hires: dict[str, list[Hire]] = defaultdict(list)
    for hire in read(text):
        key = hire.customer.casefold()
        names.setdefault(key, hire.customer)
        hires[key].append(hire)
    bills = [(names[key], bill(of_customer)) for key, of_customer in hires.items()]
    bills.sort(key=lambda row: (-row[1], row[0]))
    bills.append(("total", sum(amount for _, amount in bills)))
    return "".join(f"{name}: {a // 100}.{a % 100:02d}\n" for name, a in bills)


def read(text: str) -> list[Hire]:
    """The hires of a list; a line that comes twice is one hire."""
    rows = [[field.strip() for field in row] for row in csv.reader(StringIO(text))]
    lines = dict.fromkeys(tuple(row) for row in rows[1:] if row)
    return [parse(line) for line in lines]


def parse(line: tuple[str, ...]) -> Hire:
    """Without ``back`` the boat came back at closing time of the same day."""
    customer, boat, out_text, back_text = line  # ValueError unless they are four
    out = datetime.strptime(out_text, "%Y-%m-%d %H:%M")
    back = out.replace(hour=CLOSING_HOUR, minute=0)
    if back_text:
        back = datetime.strptime(back_text, "%Y-%m-%d %H:%M")
        if back < out:
            raise ValueError(f"back before it went out: {out}")
    if not customer:
        raise ValueError(f"no customer: {out}")
    if boat not in PRICES:
        raise ValueError(f"unknown boat: {boat}")
    return Hire(customer, boat, out, back)


def bill(hires: list[Hire]) -> int:
    """What one customer owes, less than a cent dropped."""
    days: dict[date, Fraction] = defaultdict(Fraction)
    ordered = sorted(hires, key=lambda hire: hire.out)
    for number, hire in enumerate(ordered, start=1):
        days[hire.out.date()] += price(hire, number)
    return round(sum(min(amount, LIMIT_OF_A_DAY) for amount in days.values()))


def price(hire: Hire, number: int) -> Fraction | int:
    """By the minute; ``number`` counts the hires of the customer."""
    time = hire.back - hire.out
    if time <= FREE_UP_TO:
        return 0
    amount = price_of_an_hour(hire) * Fraction(time // MINUTE, 60)
    if hire.out.isoweekday() >= 6:
        amount *= Fraction(5, 4)
    if number % 3 == 0:
        amount *= Fraction(9, 10)
    return max(amount, LOWEST)


def price_of_an_hour(hire: Hire) -> int:
    if hire.boat == "sail" and hire.out.date() >= JULY:
        return SAIL_FROM_JULY
    return PRICES[hire.boat]


def main(arguments: list[str]) -> int:
    """Print the report of a list; returns the exit status."""
    [name] = arguments
    try:
        text = report(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"hire: {error}", file=sys.stderr)
        return 2
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
