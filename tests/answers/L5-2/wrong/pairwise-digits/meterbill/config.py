"""Settings of a house file: ``set KEY VALUE``."""

from __future__ import annotations

from dataclasses import replace

from meterbill.errors import BillingError
from meterbill.models import Settings
from meterbill.money import parse_cents

__all__ = ["Settings", "with_setting"]


def with_setting(settings: Settings, key: str, value: str) -> Settings:
    """The settings with one of them changed."""
    if key == "currency":
        return replace(settings, currency=value)
    if key == "comma":
        if value not in ("yes", "no"):
            raise BillingError(f"comma is yes or no, not {value!r}")
        return replace(settings, comma=value == "yes")
    if key == "fee":
        return replace(settings, fee=parse_cents(value))
    raise BillingError(f"no such setting: {key!r}")
