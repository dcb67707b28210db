"""Heat: meters that never start again, shared by the area of the flats."""

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
    "heat_charge",
    "heat_parts",
    "heat_readings",
    "heat_used",
    "weight",
]

NAME = "heat"
UNIT = "MWh"
RULES = Rules(keep="largest", digits=None, rounding="down", ties="heaviest")


def heat_readings(readings: Iterable[Reading]) -> list[Reading]:
    """Deprecated: use ``core.clean_readings``."""
    deprecated("heat.heat_readings", "clean_readings")
    return core.clean_readings(readings, keep=RULES.keep)


def heat_used(readings: Sequence[Reading]) -> int:
    """Deprecated: use ``core.consumption``."""
    deprecated("heat.heat_used", "consumption")
    return core.consumption(readings, digits=RULES.digits)


def heat_charge(units: int, tiers: Sequence[Tier]) -> int:
    """Deprecated: use ``core.tiered_charge``."""
    deprecated("heat.heat_charge", "tiered_charge")
    return core.tiered_charge(units, tiers, rounding=RULES.rounding)


def heat_parts(amount: int, weights: Sequence[int]) -> list[int]:
    """Deprecated: use ``core.share``."""
    deprecated("heat.heat_parts", "share")
    return core.share(amount, weights, ties=RULES.ties)


def weight(flat: Flat) -> int:
    """What a flat's share of the heat depends on."""
    return flat.area


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The heat of a house, shared among its flats."""
    return make_bill((NAME, UNIT), RULES, weight, readings, tiers, flats)
