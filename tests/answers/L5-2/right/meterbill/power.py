"""Electric power: meters of six digits; every flat pays the same share."""

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
    "power_cost",
    "power_used",
    "split_power",
    "tidy_power",
    "weight",
]

NAME = "power"
UNIT = "kWh"
RULES = Rules(keep="last", digits=6, rounding="half-up", ties="first")


def tidy_power(readings: Iterable[Reading]) -> list[Reading]:
    """Deprecated: use ``core.clean_readings``."""
    deprecated("power.tidy_power", "clean_readings")
    return core.clean_readings(readings, keep=RULES.keep)


def power_used(readings: Sequence[Reading]) -> int:
    """Deprecated: use ``core.consumption``."""
    deprecated("power.power_used", "consumption")
    return core.consumption(readings, digits=RULES.digits)


def power_cost(units: int, tiers: Sequence[Tier]) -> int:
    """Deprecated: use ``core.tiered_charge``."""
    deprecated("power.power_cost", "tiered_charge")
    return core.tiered_charge(units, tiers, rounding=RULES.rounding)


def split_power(total: int, weights: Sequence[int]) -> list[int]:
    """Deprecated: use ``core.share``."""
    deprecated("power.split_power", "share")
    return core.share(total, weights, ties=RULES.ties)


def weight(flat: Flat) -> int:
    """What a flat's share of the power depends on: nothing."""
    return 1


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The power of a house, shared among its flats."""
    return make_bill((NAME, UNIT), RULES, weight, readings, tiers, flats)
