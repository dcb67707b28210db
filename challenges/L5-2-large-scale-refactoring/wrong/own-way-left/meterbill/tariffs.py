"""Tariffs: the prices of a service in steps."""

from __future__ import annotations

from collections.abc import Sequence

from meterbill.errors import RateError
from meterbill.models import Tier
from meterbill.money import format_cents
from meterbill.money import parse_cents

__all__ = ["check_tiers", "describe_tiers", "parse_tier", "unit_of"]

UNITS = {"heat": "MWh", "power": "kWh", "water": "m3"}


def parse_tier(upto: str, price: str) -> Tier:
    """A tier of a house file: ``500 28.5`` or, for all the rest, ``- 31.1``.

    The price is written in cents for each unit.
    """
    if upto != "-" and not (upto.isascii() and upto.isdigit()):
        raise RateError(f"not a number of units: {upto!r}")
    return Tier(None if upto == "-" else int(upto), parse_cents(price))


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raise RateError unless the tiers rise and the last one has no end."""
    if not tiers or tiers[-1].upto is not None:
        raise RateError("the last tier must have no end")
    below = 0
    for tier in tiers[:-1]:
        if tier.upto is None or tier.upto <= below:
            raise RateError("tiers must rise")
        below = tier.upto


def unit_of(service: str) -> str:
    """The unit in which a service is measured, ``kWh`` for ``power``."""
    if service not in UNITS:
        raise RateError(f"no such service: {service!r}")
    return UNITS[service]


def describe_tiers(service: str, tiers: Sequence[Tier]) -> list[str]:
    """One line for each tier: ``up to 500 kWh: 28.50``, ``beyond: 31.10``."""
    unit = unit_of(service)
    lines = []
    for tier in tiers:
        where = "beyond" if tier.upto is None else f"up to {tier.upto} {unit}"
        lines.append(f"{where}: {format_cents(tier.price)}")
    return lines
