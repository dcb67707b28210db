"""Days: reading, writing and counting them."""

from __future__ import annotations

import re
from datetime import date

from meterbill.dates import show_day
from meterbill.errors import DayError

__all__ = ["days_between", "parse_day", "show_day"]



def parse_day(text: str) -> date:
    """The day written as ``2024-12-31``; raises DayError for anything else."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise DayError(f"not a day: {text!r}")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayError(f"no such day: {text!r}") from None


def days_between(first: date, last: date) -> int:
    """The number of days from ``first`` to ``last``."""
    return (last - first).days
