"""The core: the logic that all services have in common.

Each function has one parameter for the detail in which the services differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from itertools import pairwise

from meterbill.errors import RateError
from meterbill.errors import ReadingError
from meterbill.models import Reading
from meterbill.models import Tier
from meterbill.tiers import check_tiers

__all__ = ["clean_readings", "consumption", "share", "tiered_charge"]


def clean_readings(readings: Iterable[Reading], *, keep: str) -> list[Reading]:
    """One reading for each meter and day, sorted by meter, then by day.

    Of several readings of a meter on one day the one that ``keep`` names counts: the
    ``"last"`` or the ``"first"`` given, or the ``"largest"``, of equal ones the first
    given. A value below zero raises ReadingError, another ``keep`` ValueError.
    """
    _check("keep", keep, ("last", "first", "largest"))
    kept: dict[tuple, Reading] = {}
    for reading in readings:
        if reading.value < 0:
            raise ReadingError(reading.meter, reading.day, "value below zero")
        key = (reading.meter, reading.day)
        larger = keep == "largest" and key in kept and reading.value > kept[key].value
        if keep == "last" or key not in kept or larger:
            kept[key] = reading
    return [kept[key] for key in sorted(kept)]


def consumption(readings: Sequence[Reading], *, digits: int | None) -> int:
    """Units used from the first to the last of one meter's readings, in their order.

    The meter has so many digits and starts again at zero: after a higher value, a
    lower one means that it has gone round once. A value of more digits raises
    ReadingError. With None for ``digits`` the meter never starts again: a value lower
    than the one before raises ReadingError.
    """
    units = 0
    for before, after in pairwise(readings):
        for reading in (before, after):
            if digits is not None and reading.value >= 10**digits:
                problem = f"more than {digits} digits"
                raise ReadingError(reading.meter, reading.day, problem)
        step = after.value - before.value
        if step < 0:
            if digits is None:
                raise ReadingError(after.meter, after.day, "lower than before")
            step += 10**digits
        units += step
    return units


def tiered_charge(units: int, tiers: Sequence[Tier], *, rounding: str) -> int:
    """Cents for so many units. The sum is rounded once.

    ``"half-up"`` rounds half a cent up, ``"half-even"`` rounds it to the even cent,
    and ``"down"`` rounds every part of a cent down; another ``rounding`` raises
    ValueError. Raises RateError for units below zero and for tiers that make no sense.
    """
    _check("rounding", rounding, ("half-up", "half-even", "down"))
    check_tiers(tiers)
    if units < 0:
        raise RateError("units below zero")
    points = below = 0
    for tier in tiers:
        upto = units if tier.upto is None else min(units, tier.upto)
        points += (upto - below) * tier.price
        below = upto
    cents, rest = divmod(points, 100)
    up_at_half = rounding == "half-up" or (rounding == "half-even" and cents % 2 == 1)
    if (rest > 50 and rounding != "down") or (rest == 50 and up_at_half):
        cents += 1
    return cents


def share(total: int, weights: Sequence[int], *, ties: str) -> list[int]:
    """``total`` cents in parts like the weights; the sum of the parts is the total.

    Each part is rounded down; the cents that are left go, one each, to the parts that
    lost most. Of parts that lost the same, ``ties`` says which go first: the
    ``"first"``, the ``"last"`` or the ``"heaviest"``, of equal weights the first;
    another value raises ValueError. Raises RateError for a weight below zero and when
    all of them are zero.
    """
    _check("ties", ties, ("first", "last", "heaviest"))
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise RateError("nothing to share by")
    parts = [total * weight // whole for weight in weights]
    lost = [total * weight % whole for weight in weights]
    order = list(range(len(parts)))
    if ties == "last":
        order.reverse()
    elif ties == "heaviest":
        order.sort(key=lambda i: -weights[i])
    order.sort(key=lambda i: -lost[i])
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _check(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{what} is one of {', '.join(known)}, not {value!r}")
