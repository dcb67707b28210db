"""Water: meters of five digits, shared by the number of persons."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from meterbill.core import clean_readings
from meterbill.core import consumption
from meterbill.core import share
from meterbill.core import tiered_charge
from meterbill.deprecation import warn_deprecated
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
    "clean_water",
    "share_water",
    "water_price",
    "water_used",
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


def clean_water(readings: Iterable[Reading]) -> list[Reading]:
    """Deprecated: use ``core.clean_readings``."""
    warn_deprecated("water.clean_water", "clean_readings")
    return clean_readings(readings, keep=RULES.keep)


def water_used(readings: Sequence[Reading]) -> int:
    """Deprecated: use ``core.consumption``."""
    warn_deprecated("water.water_used", "consumption")
    return consumption(readings, digits=RULES.digits)


def water_price(volume: int, tiers: Sequence[Tier]) -> int:
    """Deprecated: use ``core.tiered_charge``."""
    warn_deprecated("water.water_price", "tiered_charge")
    return tiered_charge(volume, tiers, rounding=RULES.rounding)


def share_water(total: int, weights: Sequence[int]) -> list[int]:
    """Deprecated: use ``core.share``."""
    warn_deprecated("water.share_water", "share")
    return share(total, weights, ties=RULES.ties)
