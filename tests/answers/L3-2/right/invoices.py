"""Invoices of a small shop: read them from a file, total them, list them.

Money is text in euros: "12", "12.5" and "12.50" are the same price.  A price has at
most nine digits before the point and two after it.  What this module works out always
has exactly two digits after the point and no thousands separator: "1250.00".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

HEADING = ["number", "customer", "item", "quantity", "price", "discount"]


class RowError(ValueError):
    """A row of an invoice file that cannot be used; its text begins "line N: "."""


@dataclass(frozen=True)
class Line:
    """One line of an invoice: how many of what, at which price for one piece."""

    item: str
    quantity: int  # at least 1, at most a million
    price: str  # for one piece
    discount: int = 0  # whole per cent, 0 to 100


class Invoice:
    """One invoice: its ``number``, its ``customer`` and its list of ``lines``.

    Made without lines it starts empty; made with lines it starts with those, in the
    same order.  Adding to an invoice changes neither the list it was made from nor any
    other invoice, and changing that list later does not change the invoice.
    """

    def __init__(self, number: str, customer: str, lines: list[Line] = []) -> None:
        self.number = number
        self.customer = customer
        self.lines = list(lines)  # so the default, too, is never changed

    def add(self, line: Line) -> None:
        """Put a line at the end of this invoice."""
        self.lines.append(line)

    def total(self) -> str:
        """The sum of what ``line_total`` gives for each line; "0.00" without lines."""
        return _text(sum(_cents(line_total(line)) for line in self.lines))


def _cents(price: str) -> int:
    """A price or an amount as whole cents."""
    euros, _, rest = price.partition(".")
    return int(euros or "0") * 100 + int(rest.ljust(2, "0"))


def _text(cents: int) -> str:
    """Whole cents as text, with two digits after the point."""
    return f"{cents // 100}.{cents % 100:02d}"


def line_total(line: Line) -> str:
    """Quantity times price less the discount, rounded to the cent.

    The result is exact for every line; half a cent is rounded up.
    """
    hundredths = line.quantity * _cents(line.price) * (100 - line.discount)
    return _text((hundredths + 50) // 100)


def newest(invoices: Sequence[Invoice]) -> Invoice | None:
    """The invoice with the highest number, or None when there are none.

    A number is a year of four digits, a dash and a running number without leading
    zeros: "2024-17".  The later year is the higher number; within a year the larger
    running number is.  Of invoices with the same number the first one is returned.
    """
    return max(invoices, key=_rank, default=None)


def _rank(invoice: Invoice) -> tuple[str, int, str]:
    """Sorts invoices by number; without leading zeros, the longer one is larger."""
    year, _, running = invoice.number.partition("-")
    return year, len(running), running


def pages(invoices: Sequence[Invoice], size: int) -> list[list[Invoice]]:
    """Cut a sequence into pages of ``size``, in order; nothing is left out.

    Only the last page may be shorter, and no page is empty: without invoices there
    are no pages.  ``ValueError`` when ``size`` is below 1.
    """
    if size < 1:
        raise ValueError("size must be at least 1")
    whole = list(invoices)  # not every sequence can be sliced
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def stock_checks(stock: dict[str, int]) -> dict[str, Callable[[int], bool]]:
    """For each item a check: is there enough of it for this quantity?

    ``stock_checks({"cup": 3})["cup"]`` is true for 3 and below, false above.  A check
    keeps the stock it was made with, whatever happens to ``stock`` later.
    """

    def check(left: int) -> Callable[[int], bool]:
        return lambda quantity: quantity <= left

    return {item: check(left) for item, left in stock.items()}


def parse_row(row: Sequence[str], number: int) -> tuple[str, str, Line]:
    """Turn the fields of a row into invoice number, customer and line.

    ``RowError`` when there are not six fields, or when invoice number, quantity, price
    or discount is not of its form; its text begins "line N: ", N being ``number``.
    A quantity has no leading zeros, a price has digits on both sides of its point.
    """
    if len(row) != len(HEADING):
        raise RowError(f"line {number}: expected 6 fields, found {len(row)}")
    invoice, customer, item, quantity, price, discount = row
    if not re.fullmatch(r"[0-9]{4}-[1-9][0-9]*", invoice):
        raise RowError(f"line {number}: not an invoice number: {invoice!r}")
    if not re.fullmatch(r"[1-9][0-9]{0,5}|1000000", quantity):
        raise RowError(f"line {number}: not a quantity: {quantity!r}")
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,2})?", price):
        raise RowError(f"line {number}: not a price: {price!r}")
    if not re.fullmatch(r"[0-9]{1,2}|100", discount):
        raise RowError(f"line {number}: not a discount: {discount!r}")
    return invoice, customer, Line(item, int(quantity), price, int(discount))


def load(path: str) -> list[Invoice]:
    """Read a file of invoices: CSV with the fields of ``HEADING``.

    The file is UTF-8, whatever the computer's language settings are.  It may begin
    with a byte order mark, as spreadsheets write it; the mark is no part of the data.
    The first line is the heading; empty lines are skipped; no field holds a line
    break.  Rows with the same number belong to one invoice, also when other rows stand
    between them; its customer is that of its first row.  Invoices come in the order of
    their first rows, the lines of an invoice in the order of the file.

    A file is taken whole or not at all: ``RowError`` for its first bad row, N being
    the line in the file, with the heading as line 1; ``RowError`` also for a wrong or
    missing heading.  ``UnicodeDecodeError`` when the bytes are not UTF-8, and
    ``OSError`` when the file cannot be read.
    """
    with open(path, "rb") as file:
        text = file.read().decode("utf-8-sig")
    invoices: dict[str, Invoice] = {}
    lines = list(io.StringIO(text, newline=""))
    if not lines or _fields(lines[0]) != HEADING:
        raise RowError("line 1: expected the heading " + ",".join(HEADING))
    for count, raw in enumerate(lines[1:], start=2):
        row = _fields(raw)
        if not row:
            continue
        number, customer, line = parse_row(row, count)
        if number not in invoices:
            invoices[number] = Invoice(number, customer)
        invoices[number].add(line)
    return list(invoices.values())


def _fields(raw: str) -> list[str]:
    """The fields of one line of a CSV file, which may be as long as they like."""
    limit = csv.field_size_limit()
    if len(raw) <= limit:
        return next(csv.reader([raw]))
    csv.field_size_limit(len(raw))
    try:
        return next(csv.reader([raw]))
    finally:
        csv.field_size_limit(limit)


def save(path: str, invoices: Sequence[Invoice]) -> None:
    """Write invoices as ``load`` reads them: UTF-8 without a mark, lines end in "\\n".

    An invoice without lines leaves no trace in the file.
    """
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADING)
        for invoice in invoices:
            start = [invoice.number, invoice.customer]
            for line in invoice.lines:
                fields = [line.item, line.quantity, line.price, line.discount]
                writer.writerow(start + fields)


def statement(invoices: Sequence[Invoice], size: int = 10) -> str:
    """The invoices as text, page by page, ``size`` on a page.

    A page is a line "Page 1 of 3", then for each invoice a line with its number, its
    customer and its total, two spaces between.  Each line ends in a newline.
    """
    text = []
    sheets = pages(invoices, size)
    for count, sheet in enumerate(sheets, start=1):
        text.append(f"Page {count} of {len(sheets)}\n")
        for invoice in sheet:
            text.append(f"{invoice.number}  {invoice.customer}  {invoice.total()}\n")
    return "".join(text)
