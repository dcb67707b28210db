"""When a loan ends, and which ones should have."""

from collections.abc import Iterable
from datetime import date
from datetime import timedelta

from toolshed.ledger import Loan
from toolshed.opening import Opening


def due(loan: Loan, opening: Opening) -> date:
    """The day on which the tool has to be back.

    It is ``days`` after the day on which it was taken or, when the shed is closed
    then, the next day on which it is open.
    """
    return opening.next_open(loan.taken + timedelta(days=loan.days))


def days_late(loan: Loan, today: date, opening: Opening) -> int:
    """How many days after its due day it is today.

    Every day counts, also those on which the shed is closed; 0 up to the due day.
    """
    try:
        late = (today - due(loan, opening)).days
    except OverflowError:  # due after the last day of the calendar
        return 0
    return max(0, late)


def overdue(loans: Iterable[Loan], today: date, opening: Opening) -> list[Loan]:
    """The loans that are at least one day late, the earliest due day first.

    Loans with the same due day come in the order in which they were given. They may be
    given as any iterable, also as one that can be read only once.
    """
    late = [loan for loan in loans if days_late(loan, today, opening) > 0]
    return sorted(late, key=lambda loan: due(loan, opening))
