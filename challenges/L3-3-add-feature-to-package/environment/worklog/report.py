"""What a log says: which entries, how much time."""

from collections.abc import Iterable
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
