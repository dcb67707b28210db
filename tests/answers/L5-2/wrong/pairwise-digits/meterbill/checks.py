"""Remarks about readings that can be used but look odd."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from meterbill.days import days_between
from meterbill.days import show_day
from meterbill.models import Reading
from meterbill.readings import by_meter
from meterbill.readings import check_source

__all__ = ["LONG_GAP", "check_source", "remarks"]

LONG_GAP = 400
"""Days without a reading that are worth a remark."""


def remarks(readings: Iterable[Reading]) -> list[str]:
    """One line for each oddity, by meter and day."""
    lines = []
    for meter, row in by_meter(readings).items():
        if len(row) == 1:
            lines.append(f"{meter}: only one reading")
        lines += [_estimated(reading) for reading in row if reading.source != "read"]
        for before, after in pairwise(row):
            gap = days_between(before.day, after.day)
            if gap >= LONG_GAP:
                lines.append(f"{meter}, {show_day(after.day)}: {gap} days unread")
    return lines


def _estimated(reading: Reading) -> str:
    return f"{reading.meter}, {show_day(reading.day)}: estimated"
