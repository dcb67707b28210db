"""What each member owes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from toolshed.fees import fee
from toolshed.ledger import Loan
from toolshed.loans import days_late
from toolshed.loans import overdue
from toolshed.opening import Opening


@dataclass(frozen=True)
class Bill:
    """What one member owes, in cents, for which tools."""

    member: str
    tools: tuple[str, ...]
    cents: int


def bills(loans: Iterable[Loan], today: date, opening: Opening) -> list[Bill]:
    """One bill for each member who has an overdue loan.

    A bill names the tool of each of the member's overdue loans, in the order of
    ``overdue``, and the sum of their fees, also when that is 0. The largest sum comes
    first; equal sums are in the order of the members' names, as Python compares text.
    The loans may be given as any iterable, also as one that can be read only once.
    """
    of_member: dict[str, list[Loan]] = {}
    for loan in overdue(loans, today, opening):
        of_member.setdefault(loan.member, []).append(loan)
    made = []
    for member, theirs in of_member.items():
        fees = [fee(days_late(loan, today, opening), loan.deposit) for loan in theirs]
        made.append(Bill(member, tuple(loan.tool for loan in theirs), sum(fees)))
    return sorted(made, key=lambda bill: (-bill.cents, bill.member))
