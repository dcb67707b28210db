"""Lend out the tools of a neighbourhood club."""

from toolshed.bills import Bill
from toolshed.bills import bills
from toolshed.cli import main
from toolshed.fees import fee
from toolshed.fees import money
from toolshed.ledger import LedgerError
from toolshed.ledger import Loan
from toolshed.ledger import parse
from toolshed.ledger import render
from toolshed.loans import days_late
from toolshed.loans import due
from toolshed.loans import overdue
from toolshed.opening import Opening
from toolshed.waiting import Offer
from toolshed.waiting import WaitingList

__all__ = [
    "Bill",
    "LedgerError",
    "Loan",
    "Offer",
    "Opening",
    "WaitingList",
    "bills",
    "days_late",
    "due",
    "fee",
    "main",
    "money",
    "overdue",
    "parse",
    "render",
]
