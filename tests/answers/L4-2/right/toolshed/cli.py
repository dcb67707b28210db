"""The command line: ``python -m toolshed COMMAND LEDGER --today DAY`` (see README.md)."""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from toolshed.bills import bills
from toolshed.fees import fee
from toolshed.fees import money
from toolshed.ledger import Loan
from toolshed.ledger import escape
from toolshed.ledger import parse
from toolshed.loans import days_late
from toolshed.loans import due
from toolshed.loans import overdue
from toolshed.opening import Opening


def overdue_lines(loans: list[Loan], today: date, opening: Opening) -> list[str]:
    """The lines of the command ``overdue``, without its heading."""
    lines = []
    for loan in overdue(loans, today, opening):
        names = f"{escape(loan.tool)}|{escape(loan.member)}"
        owed = fee(days_late(loan, today, opening), loan.deposit)
        lines.append(f"{due(loan, opening)}|{names}|{money(owed)}")
    return lines


def bills_lines(loans: list[Loan], today: date, opening: Opening) -> list[str]:
    """The lines of the command ``bills``, without its heading."""
    found = bills(loans, today, opening)
    lines = []
    for bill in found:
        tools = "|".join(escape(tool) for tool in bill.tools)
        lines.append(f"{escape(bill.member)}|{money(bill.cents)}|{tools}")
    return [*lines, f"total|{money(sum(bill.cents for bill in found))}"]


COMMANDS = {"overdue": overdue_lines, "bills": bills_lines}


def closure(text: str) -> tuple[date, date]:
    """First and last day of ``FIRST/LAST``."""
    first, last = text.split("/")
    return date.fromisoformat(first), date.fromisoformat(last)


def write(lines: list[str]) -> None:
    """Print the lines; in UTF-8, like the ledger, where the output cannot hold them."""
    text = "".join(f"{line}\n" for line in lines)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status, 0, or 2 for an unusable ledger."""
    parser = argparse.ArgumentParser(prog="toolshed")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("ledger", metavar="LEDGER", type=Path)
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    parser.add_argument("--closed", type=closure, action="append", default=[])
    options = parser.parse_args(argv)
    opening = Opening()
    for first, last in options.closed:
        opening.close(first, last)
    try:
        loans = parse(options.ledger.read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        print(f"toolshed: {error}", file=sys.stderr)
        return 2
    lines = COMMANDS[options.command](loans, options.today, opening)
    write([f"{options.command} on {options.today}", *lines])
    return 0
