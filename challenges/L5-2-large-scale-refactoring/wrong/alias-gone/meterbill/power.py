"""Electric power: meters of six digits; every flat pays the same share."""

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

NAME = "power"
UNIT = unit_of(NAME)
RULES = Rules(keep="last", digits=6, rounding="half-up", ties="first")


def weight(flat: Flat) -> int:
    """What a flat's share of the power depends on: nothing."""
    return 1


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The power of a house, shared among its flats."""
    return make_bill(NAME, RULES, weight, readings, tiers, flats)
