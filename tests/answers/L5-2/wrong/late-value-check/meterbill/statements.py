"""Statements: bills as text."""

from __future__ import annotations

from meterbill.billing import render_bill
from meterbill.bills import bill_house
from meterbill.errors import BillingError
from meterbill.house import House
from meterbill.money import with_currency
from meterbill.tables import table

__all__ = ["flat_statement", "house_statement", "render_bill"]


def house_statement(house: House) -> str:
    """The bills of all services, an empty line between them."""
    return "\n".join(bill.text(house.settings) for bill in bill_house(house))


def flat_statement(house: House, name: str) -> str:
    """What one flat pays; raises BillingError when there is no such flat."""
    if name not in [flat.name for flat in house.flats]:
        raise BillingError(f"no such flat: {name!r}")
    amounts = {bill.service: bill.shares[name] for bill in bill_house(house)}
    if house.settings.fee > 0:
        amounts["fee"] = house.settings.fee
    amounts["total"] = sum(amounts.values())
    rows = [(what, with_currency(c, house.settings)) for what, c in amounts.items()]
    return f"Flat {name}\n{table(rows)}"
