"""Electric power: meters of six digits; every flat pays the same share."""

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
    "power_cost",
    "power_used",
    "split_power",
    "tidy_power",
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


def tidy_power(readings: Iterable[Reading]) -> list[Reading]:
    """Deprecated: use ``core.clean_readings``."""
    warn_deprecated("power.tidy_power", "clean_readings")
    return clean_readings(readings, keep=RULES.keep)


def power_used(readings: Sequence[Reading]) -> int:
    """Deprecated: use ``core.consumption``."""
    warn_deprecated("power.power_used", "consumption")
    return consumption(readings, digits=RULES.digits)


def power_cost(units: int, tiers: Sequence[Tier]) -> int:
    """Deprecated: use ``core.tiered_charge``."""
    warn_deprecated("power.power_cost", "tiered_charge")
    return tiered_charge(units, tiers, rounding=RULES.rounding)


def split_power(total: int, weights: Sequence[int]) -> list[int]:
    """Deprecated: use ``core.share``."""
    warn_deprecated("power.split_power", "share")
    return share(total, weights, ties=RULES.ties)
