"""Reading the readings of a house file."""

from __future__ import annotations

from collections.abc import Iterable

from meterbill.days import parse_day
from meterbill.errors import BillingError
from meterbill.models import Reading

__all__ = ["by_meter", "check_source", "parse_reading"]


def check_source(source: str) -> None:
    """Raise BillingError unless a reading can come from there."""
    if source not in ("read", "estimated"):
        raise BillingError(f"read or estimated, not {source!r}")


def parse_reading(meter: str, day: str, value: str, source: str = "read") -> Reading:
    """A reading of a house file: ``P1 2024-12-31 12770`` or with ``estimated``."""
    check_source(source)
    if not (value.isascii() and value.isdigit()):
        raise BillingError(f"not a value: {value!r}")
    return Reading(meter, parse_day(day), int(value), source)


def by_meter(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Meter → its readings sorted by day; the meters sorted by name."""
    found: dict[str, list[Reading]] = {}
    for reading in sorted(readings, key=lambda r: (r.meter, r.day)):
        found.setdefault(reading.meter, []).append(reading)
    return found
