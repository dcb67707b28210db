"""Bills: what a service costs a house, and each of its flats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meterbill.config import Settings
    from meterbill.house import House

__all__ = ["ServiceBill", "bill_house"]


@dataclass(frozen=True)
class ServiceBill:
    """What one service costs; ``cost`` and ``shares`` in cents."""

    service: str
    unit: str
    units: int
    cost: int
    shares: Mapping[str, int]
    """Name of the flat → its part; in the order of the flats."""

    def text(self, settings: Settings | None = None) -> str:
        """The bill as ``statements.render_bill`` writes it."""
        from meterbill.statements import render_bill

        return render_bill(self, settings)


def bill_house(house: House) -> list[ServiceBill]:
    """The bills of all services that have readings, sorted by service."""
    from meterbill.registry import service

    bills = []
    for name in sorted(house.readings):
        tiers = house.tiers.get(name, [])
        bills.append(service(name).bill(house.readings[name], tiers, house.flats))
    return bills
