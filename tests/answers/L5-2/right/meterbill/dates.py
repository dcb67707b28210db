"""Days as people read them; needs no other module, so that errors can use it."""

from __future__ import annotations

from datetime import date

__all__ = ["MONTHS", "show_day"]

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def show_day(day: date) -> str:
    """The day as people read it, ``31 Dec 2024``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
