"""Bills: what a service costs a house, and each of its flats."""

from __future__ import annotations

from meterbill.billing import ServiceBill
from meterbill.house import House
from meterbill.registry import service

__all__ = ["ServiceBill", "bill_house"]


def bill_house(house: House) -> list[ServiceBill]:
    """The bills of all services that have readings, sorted by service."""
    bills = []
    for name in sorted(house.readings):
        tiers = house.tiers.get(name, [])
        bills.append(service(name).bill(house.readings[name], tiers, house.flats))
    return bills
