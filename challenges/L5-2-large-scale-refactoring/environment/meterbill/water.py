"""Water: meters of five digits, shared by the number of persons."""

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
    "clean_water",
    "share_water",
    "water_price",
    "water_used",
    "weight",
]

NAME = "water"
UNIT = "m3"


def clean_water(readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each meter and day, sorted by meter, then by day.

    Of several readings of a meter on one day the first given counts. A value below
    zero raises ReadingError.
    """
    found: dict[tuple, Reading] = {}
    for item in readings:
        if item.value < 0:
            raise ReadingError(item.meter, item.day, "value below zero")
        key = (item.meter, item.day)
        if key not in found:
            found[key] = item
    return [found[key] for key in sorted(found)]


def water_used(readings: Sequence[Reading]) -> int:
    """Units used from the first to the last of one meter's readings, in their order.

    The meter has five digits and starts again at zero: after a higher value, a lower
    one means that it has gone round once. A value of more digits raises ReadingError.
    """
    for item in readings:
        if item.value >= 10**5:
            raise ReadingError(item.meter, item.day, "more than 5 digits")
    volume = 0
    for earlier, later in pairwise(readings):
        step = later.value - earlier.value
        if step < 0:
            step += 10**5
        volume += step
    return volume


def water_price(volume: int, tiers: Sequence[Tier]) -> int:
    """Cents for so many units. The sum is rounded once, half a cent to the even cent.

    Raises RateError for units below zero and for tiers that make no sense.
    """
    check_tiers(tiers)
    if volume < 0:
        raise RateError("units below zero")
    points = done = 0
    for tier in tiers:
        end = volume if tier.upto is None else min(volume, tier.upto)
        points += (end - done) * tier.price
        done = end
    cents, rest = divmod(points, 100)
    if rest > 50 or (rest == 50 and cents % 2 == 1):
        cents += 1
    return cents


def share_water(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` cents in parts like the weights; the sum of the parts is the total.

    Each part is rounded down; the cents that are left go, one each, to the parts that
    lost most. Of parts that lost the same, the last go before the first. Raises
    RateError for a weight below zero and when all of them are zero.
    """
    persons = sum(weights)
    if persons <= 0 or min(weights) < 0:
        raise RateError("nothing to share by")
    shares = [total * weight // persons for weight in weights]
    rests = [total * weight % persons for weight in weights]
    order = sorted(range(len(shares)), key=lambda n: (-rests[n], -n))
    for n in order[: total - sum(shares)]:
        shares[n] += 1
    return shares


def weight(flat: Flat) -> int:
    """What a flat's share of the water depends on."""
    return flat.persons


def bill(
    readings: Iterable[Reading], tiers: Sequence[Tier], flats: Sequence[Flat]
) -> ServiceBill:
    """The water of a house, shared among its flats."""
    clean = clean_water(readings)
    volume = 0
    for meter in sorted({item.meter for item in clean}):
        volume += water_used([r for r in clean if r.meter == meter])
    price = water_price(volume, tiers)
    parts = share_water(price, [weight(flat) for flat in flats])
    shares = {flat.name: part for flat, part in zip(flats, parts, strict=True)}
    return ServiceBill(NAME, UNIT, volume, price, shares)


registry.register(NAME, sys.modules[__name__])
