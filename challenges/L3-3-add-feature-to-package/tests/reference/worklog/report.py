"""What a log says: which entries, how much time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from worklog.entries import Entry


def select(
    entries: Iterable[Entry],
    *,
    project: str | None = None,
    day: date | None = None,
) -> list[Entry]:
    """Return the entries of one project, of one day, or both; order is kept."""
    return [
        entry
        for entry in entries
        if project in (None, entry.project) and day in (None, entry.day)
    ]


def totals(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the minutes of each project, longest first, then by name.

    Overlapping entries count in full, each for its own project.
    """
    minutes: dict[str, int] = {}
    for entry in entries:
        minutes[entry.project] = minutes.get(entry.project, 0) + entry.minutes
    return dict(sorted(minutes.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Gap:
    """Free time between two entries of one day; ``end`` is not part of it."""

    day: date
    start: int
    end: int

    @property
    def minutes(self) -> int:
        """How long it is."""
        return self.end - self.start


def find_gaps(entries: Iterable[Entry], *, minimum: int = 15) -> list[Gap]:
    """Return the gaps of at least ``minimum`` minutes, by day and start."""
    if minimum < 1:
        raise ValueError("the minimum must be at least 1")
    days: dict[date, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.day, entry.start)):
        days.setdefault(entry.day, []).append(entry)
    gaps = []
    for day, worked in days.items():
        until = worked[0].end
        for entry in worked[1:]:
            if entry.start - until >= minimum:
                gaps.append(Gap(day, until, entry.start))
            until = max(until, entry.end)
    return gaps
