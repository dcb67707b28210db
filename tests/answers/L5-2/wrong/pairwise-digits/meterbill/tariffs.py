"""Tariffs: the prices of a service in steps."""

from __future__ import annotations

from collections.abc import Sequence

from meterbill import heat
from meterbill import power
from meterbill import water
from meterbill.errors import RateError
from meterbill.models import Tier
from meterbill.money import format_cents
from meterbill.money import parse_cents
from meterbill.tiers import check_tiers

__all__ = ["check_tiers", "describe_tiers", "parse_tier", "unit_of"]

MEASURED = {"heat": heat, "power": power, "water": water}
"""The services that have a unit; ``registry.register`` adds none."""


def parse_tier(upto: str, price: str) -> Tier:
    """A tier of a house file: ``500 28.5`` or, for all the rest, ``- 31.1``.

    The price is written in cents for each unit.
    """
    if upto != "-" and not (upto.isascii() and upto.isdigit()):
        raise RateError(f"not a number of units: {upto!r}")
    return Tier(None if upto == "-" else int(upto), parse_cents(price))


def unit_of(service: str) -> str:
    """The unit in which a service is measured, ``kWh`` for ``power``."""
    try:
        return MEASURED[f"{service}"].UNIT
    except (KeyError, AttributeError):
        raise RateError(f"no such service: {service!r}") from None


def describe_tiers(service: str, tiers: Sequence[Tier]) -> list[str]:
    """One line for each tier: ``up to 500 kWh: 28.50``, ``beyond: 31.10``."""
    unit = unit_of(service)
    lines = []
    for tier in tiers:
        where = "beyond" if tier.upto is None else f"up to {tier.upto} {unit}"
        lines.append(f"{where}: {format_cents(tier.price)}")
    return lines
