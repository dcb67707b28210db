"""The free time between the entries of a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from worklog.entries import Entry


@dataclass(frozen=True)
class Gap:
    """Free time between two entries: from ``start`` up to, but without, ``end``.

    Both are minutes since midnight of ``day``.
    """

    day: date
    start: int
    end: int

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start


def find_gaps(entries: Iterable[Entry], *, minimum: int = 15) -> list[Gap]:
    """Return the times between entries of a day that no entry covers.

    They are sorted by day, then by start; those shorter than ``minimum``
    minutes are left out. A ``minimum`` below 1 raises ``ValueError``.
    """
    if minimum < 1:
        raise ValueError("the minimum must be at least 1 minute")
    gaps = []
    covered: dict[date, int] = {}  # up to when each day is covered so far
    for entry in sorted(entries, key=lambda entry: (entry.day, entry.start)):
        end = covered.get(entry.day, entry.start)
        if entry.start - end >= minimum:
            gaps.append(Gap(entry.day, end, entry.start))
        covered[entry.day] = max(end, entry.end)
    return gaps
