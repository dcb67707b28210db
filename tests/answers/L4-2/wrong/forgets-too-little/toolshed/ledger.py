"""The ledger: loans, and how they are written as text (see README.md)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

NAME = re.compile(r"(?:[^\\]|\\[\\pn])*")
ESCAPED = re.compile(r"\\([\\pn])")
MEANING = {"\\": "\\", "p": "|", "n": "\n"}
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAYS = re.compile(r"[1-9][0-9]{0,2}")
CENTS = re.compile(r"0|[1-9][0-9]{0,5}")


class LedgerError(ValueError):
    """A line of a ledger is no loan; the message begins with "line N: "."""


@dataclass(frozen=True)
class Loan:
    """A tool that a member took home on the day ``taken``, for so many ``days``.

    ``days`` is from 1 to 999; ``deposit`` is in cents, from 0 to 999999.
    """

    tool: str
    member: str
    taken: date
    days: int
    deposit: int


def escape(name: str) -> str:
    """A name as it is written in the ledger."""
    return name.replace("\\", "\\\\").replace("|", "\\p").replace("\n", "\\n")


def unescape(text: str) -> str:
    """The name that is written so in the ledger; ``ValueError`` if none is."""
    if not NAME.fullmatch(text):
        raise ValueError(f"a backslash that means nothing: {text!r}")
    return ESCAPED.sub(lambda found: MEANING[found[1]], text)


def parse_line(line: str) -> Loan:
    """The loan of one line without its end; ``ValueError`` if it is none."""
    fields = line.split("|")
    if len(fields) != 5:
        raise ValueError(f"expected 5 fields, found {len(fields)}")
    tool, member, taken, days, deposit = fields
    if not DAY.fullmatch(taken):
        raise ValueError(f"not a day: {taken!r}")
    if not DAYS.fullmatch(days):
        raise ValueError(f"not a number of days: {days!r}")
    if not CENTS.fullmatch(deposit):
        raise ValueError(f"not a deposit: {deposit!r}")
    return Loan(
        unescape(tool),
        unescape(member),
        date.fromisoformat(taken),
        int(days),
        int(deposit),
    )


def parse(text: str) -> list[Loan]:
    """The loans of a ledger, in its order.

    ``LedgerError`` for the first line that is no loan; its message begins with
    "line N: ", where N counts all lines of the text from 1, also those without any
    character.
    """
    loans = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line:
            continue
        try:
            loans.append(parse_line(line))
        except ValueError as error:
            raise LedgerError(f"line {number}: {error}") from None
    return loans


def render(loans: Iterable[Loan]) -> str:
    """The text of a ledger; every line has its end.

    ``parse(render(loans))`` gives equal loans in the same order, whatever their names.
    """
    lines = []
    for loan in loans:
        names = f"{escape(loan.tool)}|{escape(loan.member)}"
        lines.append(f"{names}|{loan.taken}|{loan.days}|{loan.deposit}\n")
    return "".join(lines)
