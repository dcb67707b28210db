"""Free time between the entries of a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from worklog.entries import Entry

DEFAULT_MINIMUM = 15


@dataclass(frozen=True)
class Gap:
    """Free time from ``start`` up to ``end``, minutes since midnight of ``day``."""

    day: date
    start: int
    end: int

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start


def find_gaps(entries: Iterable[Entry], *, minimum: int = DEFAULT_MINIMUM) -> list[Gap]:
    """Return the gaps of at least ``minimum`` minutes, by day and start.

    A gap lies between two entries of one day; no entry covers any of it.
    """
    if minimum < 1:
        raise ValueError(f"the minimum must be 1 minute or more, not {minimum}")
    gaps = []
    covered: dict[date, int] = {}
    for entry in sorted(entries, key=lambda entry: (entry.day, entry.start)):
        until = covered.get(entry.day, entry.start)
        if entry.start - until >= minimum:
            gaps.append(Gap(entry.day, until, entry.start))
        covered[entry.day] = max(until, entry.end)
    return gaps
