"""Water: meters of five digits, shared by the number of persons."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from meterbill import core
from meterbill.billing import Rules
from meterbill.billing import ServiceBill
from meterbill.billing import make_bill
from meterbill.deprecated import deprecated
from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Tier

__all__ = [
    "NAME",
    "UNIT",
    "bill",
    "clean_water",
    "share_water",
    "water_price",
    "water_used",
    "weight",
]

NAME = "water"
UNIT = "m3"
RULES = Rules(keep="first", digits=5, rounding="half-even", ties="last")


def clean_water(readings: Iterable[Reading]) -> list[Reading]:
    """Deprecated: use ``core.clean_readings``."""
    deprecated("water.clean_water", "clean_readings")
    return core.clean_readings(readings, keep=RULES.keep)


def water_used(readings: Sequence[Reading]) -> int:
    """Deprecated: use ``core.consumption``."""
    deprecated("water.water_used", "consumption")
    return core.consumption(readings, digits=RULES.digits)


def water_price(volume: int, tiers: Sequence[Tier]) -> int:
    """Deprecated: use ``core.tiered_charge``."""
    deprecated("water.water_price", "tiered_charge")
    return core.tiered_charge(volume, tiers, rounding=RULES.rounding)


def share_water(total: int, weights: Sequence[int]) -> list[int]:
    """Deprecated: use ``core.share``."""
    deprecated("water.share_water", "share")
    return core.share(total, weights, ties=RULES.ties)


def weight(flat: Flat) -> int:
    """What a flat's share of the water depends on."""
    return flat.persons


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The water of a house, shared among its flats."""
    return make_bill((NAME, UNIT), RULES, weight, readings, tiers, flats)
