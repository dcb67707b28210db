"""Checks a few things about invoices.py: python example.py

Exit status 0 when all of them are right, 1 otherwise.
"""

from __future__ import annotations

import sys

import invoices
from invoices import Invoice
from invoices import Line


def two_invoices() -> list[int]:
    """How many lines two new invoices have after one was added to the first."""
    first = Invoice("2024-1", "Ana")
    second = Invoice("2024-2", "Jan")
    first.add(Line("cup", 1, "3.35"))
    return [len(first.lines), len(second.lines)]


def customers() -> list[str]:
    """Who bought something in shop.csv."""
    return [invoice.customer for invoice in invoices.load("shop.csv")]


def page_numbers() -> list[list[str]]:
    """Three invoices, two on a page."""
    made = [Invoice(f"2024-{n}", "Ana", []) for n in (1, 2, 3)]
    return [[invoice.number for invoice in page] for page in invoices.pages(made, 2)]


def enough() -> list[bool]:
    """Are two cups and two pots there?"""
    checks = invoices.stock_checks({"cup": 5, "pot": 1})
    return [checks["cup"](2), checks["pot"](2)]


EXPECTED = [
    (
        "half a cent is rounded up",
        invoices.line_total(Line("a", 1, "2.05", 50)),
        "1.03",
    ),
    (
        "three of 1.15 at half price",
        invoices.line_total(Line("a", 3, "1.15", 50)),
        "1.73",
    ),
    ("two invoices", two_invoices(), [1, 0]),
    ("customers", customers(), ["Zoë Brandt", "Jan Novák", "Ana Lopez"]),
    ("page numbers", page_numbers(), [["2024-1", "2024-2"], ["2024-3"]]),
    ("enough in stock", enough(), [True, False]),
]


def main() -> int:
    """Print one line a check."""
    wrong = 0
    for name, got, expected in EXPECTED:
        if got == expected:
            print(f"ok     {name}")
        else:
            wrong += 1
            print(f"WRONG  {name}: got {got!a}, expected {expected!a}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
