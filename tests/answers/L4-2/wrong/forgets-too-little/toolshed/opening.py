"""The days on which the shed is open."""

from collections.abc import Iterable
from datetime import date
from datetime import timedelta

ONE_DAY = timedelta(days=1)
SUNDAY = 6


class Opening:
    """When the shed is open: every day but its rest days and its closures.

    ``rest_days`` are the weekdays on which it is always closed, 0 for Monday to 6 for
    Sunday, in any order; at least one weekday is none of them. There are no closures
    at first.
    """

    def __init__(self, rest_days: Iterable[int] = (SUNDAY,)) -> None:
        self._rest_days = frozenset(rest_days)
        self._closures: list[tuple[date, date]] = []
        self._found: dict[date, date] = {}

    def close(self, first: date, last: date) -> None:
        """Close the shed from ``first`` to ``last``, both included.

        Closures may be added at any time and in any order, and may touch or overlap.
        Each counts for every question that is asked after it was added. ``ValueError``
        when ``last`` is before ``first``.
        """
        if last < first:
            raise ValueError("a closure cannot end before it begins")
        self._closures.append((first, last))
        for day in [day for day in self._found if first <= day <= last]:
            del self._found[day]

    def is_open(self, day: date) -> bool:
        """Whether the shed is open on this day."""
        if day.weekday() in self._rest_days:
            return False
        return not any(first <= day <= last for first, last in self._closures)

    def next_open(self, day: date) -> date:
        """The first open day on or after ``day``."""
        if day not in self._found:
            self._found[day] = self._search(day)
        return self._found[day]

    def _search(self, day: date) -> date:
        while not self.is_open(day):
            ends = [last for first, last in self._closures if first <= day <= last]
            day = max(ends, default=day) + ONE_DAY
        return day
