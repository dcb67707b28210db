"""What all services have in common: readings → units → cents → shares."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

from meterbill.errors import RateError
from meterbill.errors import ReadingError
from meterbill.models import Reading
from meterbill.models import Tier
from meterbill.tariffs import check_tiers

__all__ = ["clean_readings", "consumption", "share", "tiered_charge"]

T = TypeVar("T")

_REPLACES: dict[str, Callable[[int, int], bool]] = {
    "first": lambda old, new: False,
    "last": lambda old, new: True,
    "largest": lambda old, new: new > old,
}
"""Whether a second value on the same day takes the place of the first."""

_ROUNDS_UP: dict[str, Callable[[int, int], bool]] = {
    "half-up": lambda cents, rest: rest >= 50,
    "half-even": lambda cents, rest: rest + cents % 2 > 50,
    "down": lambda cents, rest: False,
}
"""Whether whole cents and a rest of hundredths make one cent more."""

_TURN: dict[str, Callable[[int, int], tuple[int, ...]]] = {
    "first": lambda i, weight: (i,),
    "last": lambda i, weight: (-i,),
    "heaviest": lambda i, weight: (-weight, i),
}
"""Sort key of parts that lost the same."""


def _rule(rules: Mapping[str, T], name: str) -> T:
    if name not in rules:
        raise ValueError(f"{name!r} is none of {', '.join(rules)}")
    return rules[name]


def clean_readings(readings: Iterable[Reading], *, keep: str) -> list[Reading]:
    """One reading for each meter and day, sorted by meter, then by day.

    Of several readings of a meter on one day counts the one that ``keep`` says:
    ``first`` or ``last`` given, or ``largest``, of equal ones the first. A value below
    zero raises ReadingError.
    """
    replaces = _rule(_REPLACES, keep)
    kept: dict[tuple, Reading] = {}
    for reading in readings:
        if reading.value < 0:
            raise ReadingError(reading.meter, reading.day, "value below zero")
        key = (reading.meter, reading.day)
        if key not in kept or replaces(kept[key].value, reading.value):
            kept[key] = reading
    return [kept[key] for key in sorted(kept)]


def consumption(readings: Sequence[Reading], *, digits: int | None) -> int:
    """Units used from the first to the last of one meter's readings, in their order.

    A meter of so many ``digits`` starts again at zero: after a higher value, a lower
    one means that it has gone round once, and a value of more digits raises
    ReadingError. With None it never starts again, and a lower value raises it.
    """
    for reading in readings:
        if digits is not None and reading.value >= 10**digits:
            raise ReadingError(reading.meter, reading.day, f"more than {digits} digits")
    units = 0
    for before, after in pairwise(readings):
        step = after.value - before.value
        if step < 0:
            if digits is None:
                raise ReadingError(after.meter, after.day, "lower than before")
            step += 10**digits
        units += step
    return units


def tiered_charge(units: int, tiers: Sequence[Tier], *, rounding: str) -> int:
    """Cents for so many units. The sum is rounded once.

    ``rounding``: ``half-up``, ``half-even`` or ``down``. Raises RateError for units
    below zero and for tiers that make no sense.
    """
    rounds_up = _rule(_ROUNDS_UP, rounding)
    check_tiers(tiers)
    if units < 0:
        raise RateError("units below zero")
    points = below = 0
    for tier in tiers:
        upto = units if tier.upto is None else min(units, tier.upto)
        points += (upto - below) * tier.price
        below = upto
    cents, rest = divmod(points, 100)
    return cents + rounds_up(cents, rest)


def share(total: int, weights: Sequence[int], *, ties: str) -> list[int]:
    """``total`` cents in parts like the weights; the sum of the parts is the total.

    Each part is rounded down; the cents that are left go, one each, to the parts that
    lost most. Of parts that lost the same, ``ties`` says which go before the others:
    the ``first``, the ``last``, or the ``heaviest`` and of these the first. Raises
    RateError for a weight below zero and when all of them are zero.
    """
    turn = _rule(_TURN, ties)
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise RateError("nothing to share by")
    parts = [total * weight // whole for weight in weights]
    lost = [total * weight % whole for weight in weights]
    order = sorted(range(len(parts)), key=lambda i: (-lost[i], *turn(i, weights[i])))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
