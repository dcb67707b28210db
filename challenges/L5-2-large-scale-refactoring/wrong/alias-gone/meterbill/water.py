"""Water: meters of five digits, shared by the number of persons."""

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

NAME = "water"
UNIT = unit_of(NAME)
RULES = Rules(keep="first", digits=5, rounding="half-even", ties="last")


def weight(flat: Flat) -> int:
    """What a flat's share of the water depends on."""
    return flat.persons


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The water of a house, shared among its flats."""
    return make_bill(NAME, RULES, weight, readings, tiers, flats)
