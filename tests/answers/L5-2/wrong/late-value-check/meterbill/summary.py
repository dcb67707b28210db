"""A picture of who pays how much."""

from __future__ import annotations

from collections.abc import Iterable

from meterbill.billing import ServiceBill
from meterbill.bills import bill_house
from meterbill.house import House
from meterbill.money import format_cents
from meterbill.tables import table

__all__ = ["DEFAULT_WIDTH", "summary_text", "totals"]

DEFAULT_WIDTH = 20
"""Length of the longest bar of a summary."""


def totals(bills: Iterable[ServiceBill]) -> dict[str, int]:
    """Flat → the sum of its shares, in the order in which the flats first occur."""
    found: dict[str, int] = {}
    for bill in bills:
        for name, cents in bill.shares.items():
            found[name] = found.get(name, 0) + cents
    return found


def summary_text(house: House, width: int | None = None) -> str:
    """A line for each flat, the largest sum first, with a bar of up to ``width`` #.

    Flats of the same sum stay in their order. The largest sum has the whole width,
    by default that of the command line; the other bars are rounded down.
    """
    if width is None:
        width = DEFAULT_WIDTH
    sums = sorted(totals(bill_house(house)).items(), key=lambda row: -row[1])
    most = max([1, *(cents for _, cents in sums)])
    rows = []
    for name, cents in sums:
        bar = "#" * (width * cents // most)
        rows.append((name, format_cents(cents, house.settings), bar.ljust(width)))
    return table(rows)
