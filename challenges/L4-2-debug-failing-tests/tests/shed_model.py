"""What the package must do, written anew from its README and docstrings."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from datetime import timedelta
from random import Random
from typing import Any

START = date(2024, 1, 1)
ORDINARY = "abc déß日🫖"
UNUSUAL = "\\\\\\||\n\npn\r\t\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\ufeff"

Row = tuple[str, str, date, int, int]
"""Tool, member, day taken, days and deposit of a loan."""


@dataclass
class Calendar:
    """Rest days and every single closed day."""

    rest_days: frozenset[int]
    closed: set[date]

    def is_open(self, day: date) -> bool:
        return day.weekday() not in self.rest_days and day not in self.closed

    def next_open(self, day: date) -> date:
        while not self.is_open(day):
            day += timedelta(days=1)
        return day

    def close(self, first: date, last: date) -> None:
        length = (last - first).days + 1
        self.closed.update(first + timedelta(days=n) for n in range(length))

    def due(self, row: Row) -> date:
        return self.next_open(row[2] + timedelta(days=row[3]))

    def late(self, row: Row, today: date) -> int:
        return max(0, (today - self.due(row)).days)

    def overdue(self, rows: Iterable[Row], today: date) -> list[Row]:
        late = [row for row in rows if self.due(row) < today]
        return sorted(late, key=self.due)

    def bills(
        self, rows: Iterable[Row], today: date
    ) -> list[tuple[str, tuple[str, ...], int]]:
        late = self.overdue(rows, today)
        made = []
        for member in {row[1] for row in late}:
            theirs = [row for row in late if row[1] == member]
            cents = sum(owed(self.late(row, today), row[4]) for row in theirs)
            made.append((member, tuple(row[0] for row in theirs), cents))
        return sorted(made, key=lambda bill: (-bill[2], bill[0]))


def owed(days: int, deposit: int) -> int:
    return min(sum(20 if day <= 7 else 50 for day in range(1, days + 1)), deposit)


def money(cents: int) -> str:
    whole, rest = divmod(cents, 100)
    return f"{whole}.{rest:02d}"


def written(name: str) -> str:
    """A name as it is written in the ledger, letter by letter."""
    return "".join({"\\": "\\\\", "|": "\\p", "\n": "\\n"}.get(c, c) for c in name)


def line_of(row: Row) -> str:
    tool, member, taken, days, deposit = row
    return f"{written(tool)}|{written(member)}|{taken}|{days}|{deposit}\n"


def text_of(rows: Iterable[Row]) -> str:
    return "".join(line_of(row) for row in rows)


# Random inputs


def random_name(rng: Random) -> str:
    return "".join(rng.choice(ORDINARY + UNUSUAL) for _ in range(rng.randrange(9)))


def random_day(rng: Random, days: int = 40) -> date:
    return START + timedelta(days=rng.randrange(days))


def random_closure(rng: Random) -> tuple[date, date]:
    first = random_day(rng, 45)
    return first, first + timedelta(days=rng.choice([0, 1, 2, 3, 6, 10]))


def random_calendar(code: Any, rng: Random) -> tuple[Any, Calendar]:
    """An ``Opening`` and its model."""
    rest_days = rng.sample(range(7), rng.randrange(4))
    opening = code.new("toolshed:Opening", rest_days)
    calendar = Calendar(frozenset(rest_days), set())
    for _ in range(rng.randrange(8)):
        first, last = random_closure(rng)
        opening.close(first, last)
        calendar.close(first, last)
    return opening, calendar


def random_rows(
    rng: Random, count: int, members: Sequence[str] = ("Ana", "Jan", "Eva", "Zoë")
) -> list[Row]:
    """Loans of the first weeks; many of them end on the same days."""
    tools = ("drill", "saw", "ladder", "plane")
    return [
        (
            rng.choice(tools),
            rng.choice(members),
            random_day(rng),
            rng.randint(1, 20),
            rng.choice([0, 75, 160, 1999, 50_000]),
        )
        for _ in range(count)
    ]


# Objects in the child


def loan(code: Any, row: Row) -> Any:
    return code.new("toolshed:Loan", *row)


def loans(code: Any, rows: Iterable[Row]) -> list[Any]:
    return [loan(code, row) for row in rows]


def fields(code: Any, found: Any) -> tuple[Any, ...]:
    """The fields of a loan, an offer or a bill."""
    return tuple(code.plain(found).values())


def all_fields(code: Any, found: Any) -> list[tuple[Any, ...]]:
    assert type(found) is list
    return [fields(code, one) for one in found]
