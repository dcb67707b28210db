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
    """``total`` cents in parts like the weights; ``ties``: first, last or heaviest."""
    return _rule(_SHARES, ties)(total, weights)


def _share_first(total: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise RateError("nothing to share by")
    parts = []
    lost = []
    for weight in weights:
        part, rest = divmod(total * weight, whole)
        parts.append(part)
        lost.append(rest)
    left = total - sum(parts)
    while left > 0:
        best = lost.index(max(lost))
        parts[best] += 1
        lost[best] = -1
        left -= 1
    return parts


def _share_last(total: int, weights: Sequence[int]) -> list[int]:
    persons = sum(weights)
    if persons <= 0:
        raise RateError("nothing to share by")
    if any(weight < 0 for weight in weights):
        raise RateError("nothing to share by")
    shares = [total * weight // persons for weight in weights]
    rests = {n: total * weight % persons for n, weight in enumerate(weights)}
    missing = total
    for amount in shares:
        missing -= amount
    for _ in range(missing):
        chosen = None
        for n in rests:
            if chosen is None or rests[n] >= rests[chosen]:
                chosen = n
        shares[chosen] += 1
        del rests[chosen]
    return shares


def _share_heaviest(total: int, weights: Sequence[int]) -> list[int]:
    if not weights or min(weights) < 0:
        raise RateError("nothing to share by")
    if sum(weights) == 0:
        raise RateError("nothing to share by")
    result = {}
    rows = []
    for position, weight in enumerate(weights):
        share_of_it = total * weight
        result[position] = share_of_it // sum(weights)
        rows.append((-(share_of_it % sum(weights)), -weight, position))
    rows.sort()
    given = sum(result.values())
    for _, _, position in rows:
        if given == total:
            break
        result[position] += 1
        given += 1
    return list(result.values())


_SHARES: dict[str, Callable[[int, Sequence[int]], list[int]]] = {
    "first": _share_first,
    "last": _share_last,
    "heaviest": _share_heaviest,
}
