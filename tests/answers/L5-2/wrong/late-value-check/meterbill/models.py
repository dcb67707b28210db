"""The plain things that a house file is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Flat", "Reading", "Settings", "Tier"]


@dataclass(frozen=True)
class Reading:
    """What a meter showed on a day."""

    meter: str
    day: date
    value: int
    source: str = "read"
    """``read`` or ``estimated``."""


@dataclass(frozen=True)
class Flat:
    """One party of the house."""

    name: str
    persons: int
    area: int
    """Square metres."""


@dataclass(frozen=True)
class Tier:
    """A step of a tariff: this price for the units up to ``upto``."""

    upto: int | None
    """Upper end, counted from the first unit; None for all the rest."""
    price: int
    """Hundredths of a cent for each unit."""


@dataclass(frozen=True)
class Settings:
    """How amounts are written, and what each flat pays besides its shares."""

    currency: str = "EUR"
    comma: bool = False
    fee: int = 0
    """Cents for each flat."""
