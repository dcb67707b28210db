"""Heat: meters that never start again, shared by the area of the flats."""

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
    "heat_charge",
    "heat_parts",
    "heat_readings",
    "heat_used",
    "weight",
]

NAME = "heat"
UNIT = unit_of(NAME)
RULES = Rules(keep="largest", digits=None, rounding="down", ties="first")


def weight(flat: Flat) -> int:
    """What a flat's share of the heat depends on."""
    return flat.area


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The heat of a house, shared among its flats."""
    return make_bill(NAME, RULES, weight, readings, tiers, flats)


def heat_readings(readings: Iterable[Reading]) -> list[Reading]:
    """Deprecated: use ``core.clean_readings``."""
    warn_deprecated("heat.heat_readings", "clean_readings")
    return clean_readings(readings, keep=RULES.keep)


def heat_used(readings: Sequence[Reading]) -> int:
    """Deprecated: use ``core.consumption``."""
    warn_deprecated("heat.heat_used", "consumption")
    return consumption(readings, digits=RULES.digits)


def heat_charge(units: int, tiers: Sequence[Tier]) -> int:
    """Deprecated: use ``core.tiered_charge``."""
    warn_deprecated("heat.heat_charge", "tiered_charge")
    return tiered_charge(units, tiers, rounding=RULES.rounding)


def heat_parts(amount: int, weights: Sequence[int]) -> list[int]:
    """Deprecated: use ``core.share``."""
    warn_deprecated("heat.heat_parts", "share")
    return share(amount, weights, ties=RULES.ties)
