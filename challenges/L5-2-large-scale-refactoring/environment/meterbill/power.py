"""Electric power: meters of six digits; every flat pays the same share."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from collections.abc import Sequence
from itertools import pairwise

from meterbill import registry
from meterbill.bills import ServiceBill
from meterbill.errors import RateError
from meterbill.errors import ReadingError
from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Tier
from meterbill.tariffs import check_tiers

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


def tidy_power(readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each meter and day, sorted by meter, then by day.

    Of several readings of a meter on one day the last given counts. A value below
    zero raises ReadingError.
    """
    kept: dict[tuple, Reading] = {}
    for reading in readings:
        if reading.value < 0:
            raise ReadingError(reading.meter, reading.day, "value below zero")
        key = (reading.meter, reading.day)
        kept[key] = reading
    return [kept[key] for key in sorted(kept)]


def power_used(readings: Sequence[Reading]) -> int:
    """Units used from the first to the last of one meter's readings, in their order.

    The meter has six digits and starts again at zero: after a higher value, a lower
    one means that it has gone round once. A value of more digits raises ReadingError.
    """
    for reading in readings:
        if reading.value >= 10**6:
            raise ReadingError(reading.meter, reading.day, "more than 6 digits")
    units = 0
    for before, after in pairwise(readings):
        step = after.value - before.value
        if step < 0:
            step += 10**6
        units += step
    return units


def power_cost(units: int, tiers: Sequence[Tier]) -> int:
    """Cents for so many units. The sum is rounded once, half a cent up.

    Raises RateError for units below zero and for tiers that make no sense.
    """
    check_tiers(tiers)
    if units < 0:
        raise RateError("units below zero")
    points = below = 0
    for tier in tiers:
        upto = units if tier.upto is None else min(units, tier.upto)
        points += (upto - below) * tier.price
        below = upto
    cents, rest = divmod(points, 100)
    if rest >= 50:
        cents += 1
    return cents


def split_power(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` cents in parts like the weights; the sum of the parts is the total.

    Each part is rounded down; the cents that are left go, one each, to the parts that
    lost most. Of parts that lost the same, the first go before the last. Raises
    RateError for a weight below zero and when all of them are zero.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise RateError("nothing to share by")
    parts = [total * weight // whole for weight in weights]
    lost = [total * weight % whole for weight in weights]
    order = sorted(range(len(parts)), key=lambda i: (-lost[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def weight(flat: Flat) -> int:
    """What a flat's share of the power depends on: nothing."""
    return 1


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The power of a house, shared among its flats."""
    tidy = tidy_power(readings)
    units = 0
    for meter in sorted({reading.meter for reading in tidy}):
        units += power_used([r for r in tidy if r.meter == meter])
    cost = power_cost(units, tiers)
    parts = split_power(cost, [weight(flat) for flat in flats])
    shares = {flat.name: part for flat, part in zip(flats, parts, strict=True)}
    return ServiceBill(NAME, UNIT, units, cost, shares)


registry.register(NAME, sys.modules[__name__])
