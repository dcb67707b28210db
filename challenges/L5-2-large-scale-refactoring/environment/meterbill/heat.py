"""Heat: meters that never start again, shared by the area of the flats."""

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
    "heat_charge",
    "heat_parts",
    "heat_readings",
    "heat_used",
    "weight",
]

NAME = "heat"
UNIT = "MWh"


def heat_readings(readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each meter and day, sorted by meter, then by day.

    Of several readings of a meter on one day the largest counts, of equal ones the
    first given. A value below zero raises ReadingError.
    """
    best: dict[tuple, Reading] = {}
    for reading in readings:
        if reading.value < 0:
            raise ReadingError(reading.meter, reading.day, "value below zero")
        key = (reading.meter, reading.day)
        if key not in best or reading.value > best[key].value:
            best[key] = reading
    return [best[key] for key in sorted(best)]


def heat_used(readings: Sequence[Reading]) -> int:
    """Units used from the first to the last of one meter's readings, in their order.

    The meter never starts again: a value lower than the one before raises
    ReadingError.
    """
    units = 0
    for before, after in pairwise(readings):
        step = after.value - before.value
        if step < 0:
            raise ReadingError(after.meter, after.day, "lower than before")
        units += step
    return units


def heat_charge(units: int, tiers: Sequence[Tier]) -> int:
    """Cents for so many units. The sum is rounded once, down.

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
    return points // 100


def heat_parts(amount: int, weights: Sequence[int]) -> list[int]:
    """``amount`` cents in parts like the weights; the parts' sum is the amount.

    Each part is rounded down; the cents that are left go, one each, to the parts that
    lost most. Of parts that lost the same, the ones of larger weight go first, and of
    these the first before the last. Raises RateError for a weight below zero and when
    all of them are zero.
    """
    area = sum(weights)
    if area <= 0 or min(weights) < 0:
        raise RateError("nothing to share by")
    parts = [amount * weight // area for weight in weights]
    lost = [amount * weight % area for weight in weights]
    order = sorted(range(len(parts)), key=lambda i: (-lost[i], -weights[i], i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def weight(flat: Flat) -> int:
    """What a flat's share of the heat depends on."""
    return flat.area


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The heat of a house, shared among its flats."""
    chosen = heat_readings(readings)
    units = 0
    for meter in sorted({reading.meter for reading in chosen}):
        units += heat_used([r for r in chosen if r.meter == meter])
    cost = heat_charge(units, tiers)
    parts = heat_parts(cost, [weight(flat) for flat in flats])
    shares = {flat.name: part for flat, part in zip(flats, parts, strict=True)}
    return ServiceBill(NAME, UNIT, units, cost, shares)


registry.register(NAME, sys.modules[__name__])
