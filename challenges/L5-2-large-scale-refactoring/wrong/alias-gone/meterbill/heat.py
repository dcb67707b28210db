"""Heat: meters that never start again, shared by the area of the flats."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Tier
from meterbill.servicebill import Rules
from meterbill.servicebill import ServiceBill
from meterbill.servicebill import make_bill
from meterbill.tariffs import unit_of

__all__ = [
    "NAME",
    "UNIT",
    "bill",
    "weight",
]

NAME = "heat"
UNIT = unit_of(NAME)
RULES = Rules(keep="largest", digits=None, rounding="down", ties="heaviest")


def weight(flat: Flat) -> int:
    """What a flat's share of the heat depends on."""
    return flat.area


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The heat of a house, shared among its flats."""
    return make_bill(NAME, RULES, weight, readings, tiers, flats)
