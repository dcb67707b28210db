"""Amounts of money: whole cents inside, text outside."""

from __future__ import annotations

import re

from meterbill.errors import BillingError
from meterbill.models import Settings

__all__ = ["format_cents", "parse_cents", "with_currency"]


def parse_cents(text: str) -> int:
    """Cents of a text like ``12``, ``12.5`` or ``12.50``."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", text):
        raise BillingError(f"not an amount: {text!r}")
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def format_cents(cents: int, settings: Settings | None = None) -> str:
    """``1234`` as ``12.34``; with a comma if the settings want one."""
    sign = "-" if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    mark = "," if settings is not None and settings.comma else "."
    return f"{sign}{whole}{mark}{part:02d}"


def with_currency(cents: int, settings: Settings) -> str:
    """``1234`` as ``12.34 EUR``."""
    return f"{format_cents(cents, settings)} {settings.currency}"
