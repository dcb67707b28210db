"""What a report must say under any choice, and what ASSUMPTIONS.md may say.

The model never leaves this process. Amounts are exact numbers of cents.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from datetime import date
from datetime import datetime
from datetime import timedelta
from fractions import Fraction
from io import StringIO
from itertools import islice
from math import floor
from random import Random

QUESTIONS: dict[str, tuple[str, ...]] = {
    "part-hour": ("started", "half-hour", "minute"),
    "weekend-hire": ("out", "back", "either"),
    "third-hire": ("once", "every", "onward"),
    "day-limit": ("hire", "day"),
    "rounding": ("hire", "bill"),
    "cents": ("half-up", "half-even", "down"),
    "same-name": ("exact", "ignore-case"),
    "same-line": ("once", "each"),
    "not-back": ("skip", "closing", "refuse"),
    "short-hire": ("8", "14"),
    "order": ("9", "15"),
}
CONTRADICTIONS = ("short-hire", "order")
HEADING = ["id", "choice", "why"]

Choices = dict[str, str]

Hire = tuple[str, str, datetime, datetime | None]
"""Customer, boat, out, back."""

Bills = list[tuple[str, int]]
"""Customer and cents, in the order of the report."""


# -- the document -----------------------------------------------------------------


def table(document: str) -> list[list[str]]:
    """The cells of its rows; what is no such table fails the test."""
    lines = [line.strip() for line in document[:100_000].splitlines()]
    heads = [n for n, line in enumerate(lines) if cells(line) == HEADING]
    assert len(heads) == 1, f"{len(heads)} tables | id | choice | why |, not one"
    rule, *rest = lines[heads[0] + 1 :] or [""]
    parts = cells(rule)
    assert len(parts) == 3, "a row of dashes comes below the heading"
    assert all(re.fullmatch(":?-+:?", part) for part in parts)
    rows = []
    for line in rest:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return rows


def cells(line: str) -> list[str]:
    if not (line.startswith("|") and line.endswith("|") and len(line) > 1):
        return []
    return [cell.strip() for cell in line[1:-1].split("|")]


def bare(cell: str) -> str:
    """A name, plain or in backquotes."""
    quoted = re.fullmatch("`([^`]*)`", cell)
    return quoted[1] if quoted else cell


def choices_of(document: str) -> Choices:
    """What was chosen; every test of a choice needs all of them."""
    found = {bare(row[0]): bare(row[1]) for row in table(document) if len(row) == 3}
    for question, allowed in QUESTIONS.items():
        choice = found.get(question)
        assert choice in allowed, f"ASSUMPTIONS.md says {choice!r} for {question}"
    return {question: found[question] for question in QUESTIONS}


# -- the bills --------------------------------------------------------------------

PRICES = {"row": 650, "canoe": 850, "sail": 1400}
BOATS = [*PRICES]
WORKDAYS, WEEKEND = range(5), (5, 6)
LOWEST, LIMIT = Fraction(900), Fraction(4000)


def bills(hires: Iterable[Hire], choices: Choices) -> Bills | None:
    """The bills in order; None where the list is refused."""
    counted = countable(hires, choices)
    if counted is None:
        return None
    groups: dict[str, list[tuple[str, str, datetime, datetime]]] = {}
    for hire in counted:
        folded = choices["same-name"] == "ignore-case"
        groups.setdefault(hire[0].casefold() if folded else hire[0], []).append(hire)
    found = [(group[0][0], owed(group, choices)) for group in groups.values()]
    found.sort()
    if choices["order"] == "15":
        found.sort(key=lambda bill: bill[1], reverse=True)
    return found


def countable(
    hires: Iterable[Hire], choices: Choices
) -> list[tuple[str, str, datetime, datetime]] | None:
    counted = []
    seen: set[Hire] = set()
    for hire in hires:
        if choices["same-line"] == "once" and hire in seen:
            continue
        seen.add(hire)
        customer, boat, out, back = hire
        if back is None:
            if choices["not-back"] == "refuse":
                return None
            if choices["not-back"] == "skip":
                continue
            back = datetime(out.year, out.month, out.day, 19)
        counted.append((customer, boat, out, back))
    return counted


def owed(group: list[tuple[str, str, datetime, datetime]], choices: Choices) -> int:
    """One customer's bill; the lines in the order of the list."""
    days: dict[date, Fraction] = {}
    for index, (_, boat, out, back) in enumerate(sorted(group, key=lambda h: h[2])):
        minutes = int((back - out).total_seconds()) // 60
        amount = price(boat, out, choices["part-hour"], minutes)
        if at_weekend(out, back, choices["weekend-hire"]):
            amount = amount * 125 / 100
        if is_third(index + 1, choices["third-hire"]):
            amount = amount * 90 / 100
        amount = max(amount, LOWEST)
        if minutes <= 15 and choices["short-hire"] == "8":
            amount = Fraction(0)
        if choices["rounding"] == "hire":
            amount = Fraction(rounded(amount, choices["cents"]))
        if choices["day-limit"] == "hire":
            amount = min(amount, LIMIT)
        days[out.date()] = days.get(out.date(), Fraction(0)) + amount
    if choices["day-limit"] == "day":
        days = {day: min(amount, LIMIT) for day, amount in days.items()}
    return rounded(sum(days.values(), Fraction(0)), choices["cents"])


def price(boat: str, out: datetime, part_hour: str, minutes: int) -> Fraction:
    dear = boat == "sail" and (out.year, out.month) >= (2024, 7)
    of_hour = 1550 if dear else PRICES[boat]
    unit = {"started": 60, "half-hour": 30, "minute": 1}[part_hour]
    return of_hour * Fraction(-(-minutes // unit) * unit, 60)


def at_weekend(out: datetime, back: datetime, which: str) -> bool:
    days = {"out": [out], "back": [back], "either": [out, back]}[which]
    return any(day.weekday() in WEEKEND for day in days)


def is_third(number: int, which: str) -> bool:
    if which == "once":
        return number == 3
    return number % 3 == 0 if which == "every" else number >= 3


def rounded(amount: Fraction, rule: str) -> int:
    whole, rest = floor(amount), amount - floor(amount)
    if rule == "down" or rest < Fraction(1, 2):
        return whole
    if rest == Fraction(1, 2) and rule == "half-even":
        return whole + whole % 2
    return whole + 1


def lines_of(found: Bills) -> list[str]:
    """The lines of the report, without their ends."""
    total = sum(cents for _, cents in found)
    rows = [*found, ("total", total)]
    return [f"{name}: {cents // 100}.{cents % 100:02d}" for name, cents in rows]


# -- lists ------------------------------------------------------------------------

FIRST_MONDAY = date(2024, 5, 6)
NAMES = ["Ana", "ana", "ANA", "Ben", "ben", "Straße", "STRASSE", "Zoë", "Holm, Kari"]


def text_of(hires: Iterable[Hire]) -> str:
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["customer", "boat", "out", "back"])
    for customer, boat, out, back in hires:
        writer.writerow([customer, boat, f"{out:%Y-%m-%d %H:%M}", time_text(back)])
    return file.getvalue()


def time_text(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M}"


def hire(
    customer: str, boat: str, day: date, clock: tuple[int, int], minutes: int
) -> Hire:
    out = datetime(day.year, day.month, day.day, *clock)
    return customer, boat, out, out + timedelta(minutes=minutes)


def a_day(rng: Random, weekdays: Sequence[int] = range(7)) -> date:
    """One of 16 weeks: half of them before July 2024, half after."""
    while True:
        day = FIRST_MONDAY + timedelta(days=rng.randrange(16 * 7))
        if day.weekday() in weekdays:
            return day


def random_list(rng: Random) -> list[Hire]:
    """Everything at once, except lines that may be refused."""
    days = [a_day(rng) for _ in range(3)]
    found = []
    for _ in range(rng.randrange(4, 22)):
        clock = rng.randrange(6, 19), rng.choice([0, 0, 30, rng.randrange(60)])
        minutes = rng.choice(
            [
                rng.randrange(0, 18),
                15,
                16,
                60 * rng.randrange(1, 5),
                rng.randrange(16, 300),
                rng.randrange(600, 6000),
            ]
        )
        customer, boat = rng.choice(NAMES), rng.choice(BOATS)
        found.append(hire(customer, boat, rng.choice(days), clock, minutes))
        if rng.random() < 0.2:  # the same line, anywhere
            found.insert(rng.randrange(len(found)), rng.choice(found))
    return found


def telling_lists(
    rng: Random,
    choices: Choices,
    question: str,
    make: Callable[[Random], list[Hire]],
    count: int = 6,
) -> list[list[Hire]]:
    """For each other choice ``count`` lists whose bills it would change."""
    found = []
    for other in QUESTIONS[question]:
        if other != choices[question]:
            changed = choices | {question: other}
            made = (make(rng) for _ in range(count * 100))
            told = (x for x in made if bills(x, choices) != bills(x, changed))
            some = [*islice(told, count)]
            assert len(some) == count, f"no list tells {question} {other}"
            found += some
    return found
