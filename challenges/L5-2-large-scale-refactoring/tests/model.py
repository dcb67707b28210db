"""What the package does, written on its own for the judge, and random work for it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from dataclasses import field
from datetime import date
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

Row = tuple[str, date, int, str]
"""A reading: meter, day, value, source."""

KEEP = {"power": "last", "water": "first", "heat": "largest"}
DIGITS = {"power": 6, "water": 5, "heat": None}
ROUNDING = {"power": "half-up", "water": "half-even", "heat": "down"}
TIES = {"power": "first", "water": "last", "heat": "heaviest"}
UNITS = {"power": "kWh", "water": "m3", "heat": "MWh"}
SERVICES = ("heat", "power", "water")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
NEW_YEAR = date(2024, 1, 1)


def clean(rows: list[Row], keep: str) -> list[Row]:
    by_key: dict[tuple[str, date], list[Row]] = {}
    for row in rows:
        by_key.setdefault(row[:2], []).append(row)
    pick = {
        "first": lambda group: group[0],
        "last": lambda group: group[-1],
        "largest": lambda group: max(group, key=lambda row: row[2]),
    }[keep]
    return [pick(by_key[key]) for key in sorted(by_key)]


def used(values: list[int], digits: int | None) -> int:
    steps = [after - before for before, after in pairwise(values)]
    return sum(s % 10**digits if digits is not None else s for s in steps)


def charge(units: int, tiers: list[tuple[int | None, int]], rounding: str) -> int:
    exact = Fraction(0)
    below = 0
    for upto, price in tiers:
        top = units if upto is None else upto
        exact += max(0, min(units, top) - below) * Fraction(price, 100)
        below = top
    floor = int(exact // 1)
    if rounding == "down":
        return floor
    if rounding == "half-even":
        return round(exact)
    return floor + (exact - floor >= Fraction(1, 2))


def share(total: int, weights: list[int], ties: str) -> list[int]:
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(part // 1) for part in exact]
    waiting = list(range(len(weights)))
    if ties == "last":
        waiting.reverse()
    if ties == "heaviest":
        waiting.sort(key=lambda i: -weights[i])
    waiting.sort(key=lambda i: parts[i] - exact[i])
    for i in waiting[: total - sum(parts)]:
        parts[i] += 1
    return parts


def show_day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@dataclass
class Bill:
    service: str
    units: int
    cost: int
    shares: dict[str, int]


@dataclass
class House:
    """A house file as data."""

    currency: str = "EUR"
    comma: bool = False
    fee: int = 0
    flats: list[tuple[str, int, int]] = field(default_factory=list)
    """Name, persons, area."""
    tiers: dict[str, list[tuple[int | None, int]]] = field(default_factory=dict)
    readings: dict[str, list[Row]] = field(default_factory=dict)

    def text(self) -> str:
        lines = [f"set currency {self.currency}", "", "# a house"]
        lines.append(f"set comma {'yes' if self.comma else 'no'}")
        lines.append(f"set fee {self.fee // 100}.{self.fee % 100:02d}   # each")
        lines += [f"flat {n} {persons} {area}" for n, persons, area in self.flats]
        for service, tiers in self.tiers.items():
            for upto, price in tiers:
                end = "-" if upto is None else upto
                lines.append(f"tier {service} {end} {price // 100}.{price % 100:02d}")
        for service, rows in self.readings.items():
            for meter, day, value, source in rows:
                tail = "" if source == "read" else f" {source}"
                lines.append(f"read {service} {meter} {day} {value}{tail}")
        return "\n".join(lines) + "\n"

    def bill(self, service: str) -> Bill:
        rows = clean(self.readings[service], KEEP[service])
        meters = {row[0] for row in rows}
        values = [[row[2] for row in rows if row[0] == meter] for meter in meters]
        units = sum(used(each, DIGITS[service]) for each in values)
        cost = charge(units, self.tiers[service], ROUNDING[service])
        column = {"power": [1] * len(self.flats)}
        column["water"] = [persons for _, persons, _ in self.flats]
        column["heat"] = [area for _, _, area in self.flats]
        parts = share(cost, column[service], TIES[service])
        names = [name for name, _, _ in self.flats]
        return Bill(service, units, cost, dict(zip(names, parts, strict=True)))

    def bills(self) -> list[Bill]:
        return [self.bill(service) for service in sorted(self.readings)]

    # -- as text ------------------------------------------------------------------

    def cents(self, cents: int) -> str:
        return f"{cents // 100}{',' if self.comma else '.'}{cents % 100:02d}"

    def bill_text(self, bill: Bill) -> str:
        head = f"{bill.service}: {bill.units} {UNITS[bill.service]}, "
        rows = [["  " + n, self.cents(c)] for n, c in bill.shares.items()]
        return f"{head}{self.cents(bill.cost)} {self.currency}\n{table(rows)}"

    def statement(self) -> str:
        return "\n".join(map(self.bill_text, self.bills()))

    def flat_statement(self, name: str) -> str:
        rows = [(bill.service, bill.shares[name]) for bill in self.bills()]
        if self.fee:
            rows.append(("fee", self.fee))
        rows.append(("total", sum(cents for _, cents in rows)))
        money = [[what, f"{self.cents(c)} {self.currency}"] for what, c in rows]
        return f"Flat {name}\n{table(money)}"

    def totals(self) -> dict[str, int]:
        bills = self.bills()
        names = [name for name, _, _ in self.flats]
        return {name: sum(bill.shares[name] for bill in bills) for name in names}

    def summary(self, width: int = 20) -> str:
        rows = sorted(self.totals().items(), key=lambda row: row[1], reverse=True)
        most = max(cents for _, cents in rows)
        bars = ["#" * int(Fraction(width * cents, max(1, most))) for _, cents in rows]
        # Bars stand at the left of their column, whose other cells end with blanks.
        texts = [[n, self.cents(c)] for n, c in rows]
        lines = table(texts).splitlines()
        pairs = zip(lines, bars, strict=True)
        return "".join(f"{line}  {bar}".rstrip() + "\n" for line, bar in pairs)

    def remarks(self) -> str:
        lines = []
        for service in sorted(self.readings):
            rows = sorted(self.readings[service], key=lambda row: row[:2])
            for meter in sorted({row[0] for row in rows}):
                found = remarks([row for row in rows if row[0] == meter])
                lines += [f"{service} {remark}\n" for remark in found]
        return "".join(lines) or "no remarks\n"

    def prices(self) -> str:
        lines = []
        for service in SERVICES:
            for upto, price in self.tiers.get(service, []):
                end = "beyond" if upto is None else f"up to {upto} {UNITS[service]}"
                lines.append(f"{service} {end}: {price // 100}.{price % 100:02d}\n")
        return "".join(lines)


def remarks(rows: list[Row]) -> list[str]:
    """Of one meter, whose rows are sorted by day."""
    meter = rows[0][0]
    lines = [f"{meter}: only one reading"] if len(rows) == 1 else []
    lines += [
        f"{meter}, {show_day(day)}: estimated"
        for _, day, _, source in rows
        if source == "estimated"
    ]
    for (_, before, _, _), (_, after, _, _) in pairwise(rows):
        days = after.toordinal() - before.toordinal()
        if days >= 400:
            lines.append(f"{meter}, {show_day(after)}: {days} days unread")
    return lines


def table(rows: list[list[str]]) -> str:
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        line = row[0] + " " * (wide[0] - len(row[0]))
        for text, width in zip(row[1:], wide[1:], strict=True):
            line += "  " + " " * (width - len(text)) + text
        lines.append(line.rstrip() + "\n")
    return "".join(lines)


# -- random work ------------------------------------------------------------------


def random_values(rng: random.Random, digits: int | None, count: int) -> list[int]:
    """Values of one meter in their order; with digits, it goes round now and then."""
    value = rng.randrange(10 ** (digits or 6))
    values = []
    for _ in range(count):
        values.append(value)
        value += rng.choice((0, 1, rng.randrange(10 ** (digits or 6))))
        if digits is not None:
            value %= 10**digits
    return values


def random_days(rng: random.Random, count: int) -> list[date]:
    days = rng.sample(range(1500), count)
    return [NEW_YEAR + timedelta(days=day) for day in sorted(days)]


def random_rows(rng: random.Random, service: str) -> list[Row]:
    """Readings of some meters in any order, some days with several."""
    rows: list[Row] = []
    for meter in rng.sample(["A1", "B-2", "c3", "Z9"], rng.randrange(1, 4)):
        count = rng.randrange(1, 6)
        values = random_values(rng, DIGITS[service], count)
        for day, value in zip(random_days(rng, count), values, strict=True):
            rows.append((meter, day, value, rng.choice(("read", "estimated"))))
            for _ in range(rng.choice((0, 0, 1, 2))):
                other = rng.randrange(value + 1)
                rows.append((meter, day, other, rng.choice(("read", "estimated"))))
    rng.shuffle(rows)
    return rows


def random_tiers(rng: random.Random) -> list[tuple[int | None, int]]:
    """Rising tiers; their prices make halves of a cent likely."""
    ends = sorted(rng.sample(range(1, 2000), rng.randrange(4)))
    prices = [rng.choice((50, 150, 25, rng.randrange(5000))) for _ in range(4)]
    return [*zip(ends, prices, strict=False), (None, prices[3])]


def random_weights(rng: random.Random) -> list[int]:
    """Some of them equal, some zero, not all."""
    return [*rng.choices((0, 1, 2, 3, 6), k=rng.randrange(8)), rng.randrange(1, 4)]


def random_house(rng: random.Random) -> House:
    names = rng.sample(
        ["attic", "b", "Flur", "Öst", "ground-floor"], rng.randrange(2, 6)
    )
    house = House(currency=rng.choice(("EUR", "Fr.")), comma=rng.random() < 0.5)
    house.fee = rng.choice((0, 1, rng.randrange(2000)))
    house.flats = [
        (n, rng.randrange(1, 4), rng.choice((40, 60, 60, 75))) for n in names
    ]
    services = list(SERVICES)
    rng.shuffle(services)
    for service in services:
        house.tiers[service] = random_tiers(rng)
        house.readings[service] = random_rows(rng, service)
    return house


# -- to the child and back ------------------------------------------------------------


def make_readings(code: Any, rows: list[Row]) -> list[Any]:
    return [code.new("meterbill.models:Reading", *row) for row in rows]


def make_tiers(code: Any, tiers: list[tuple[int | None, int]]) -> list[Any]:
    return [code.new("meterbill.models:Tier", *tier) for tier in tiers]


def make_flats(code: Any, flats: list[tuple[str, int, int]]) -> list[Any]:
    return [code.new("meterbill.models:Flat", *flat) for flat in flats]


def rows_of(code: Any, found: Any) -> list[Row]:
    """Readings that came back, as rows."""
    assert type(found) is list
    names = ("meter", "day", "value", "source")
    return [tuple(code.attr(reading, name) for name in names) for reading in found]
