"""What the functions must give, in other ways than a good answer's; and inputs.

Nothing here reaches the child but the given files to measure with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

GIVEN = Path(__file__).resolve().parent.parent / "environment"
ORIGINAL = (GIVEN / "visits.py").read_text(encoding="utf-8")
COUNTED = (GIVEN / "counted.py").read_text(encoding="utf-8")

Visit = tuple[Any, Any, Any, Any]
"""Time, visitor, page, seconds."""


def session_places(visits: list[Visit], pause: float) -> list[tuple[int, int, Any]]:
    """How many visits must be read, place of the last visit, and the session."""
    rows: dict[Any, list[list[int]]] = {}
    for place, (time, visitor, _, _) in enumerate(visits):
        own = rows.setdefault(visitor, [])
        if own and time <= visits[own[-1][-1]][0] + pause:
            own[-1].append(place)
        else:
            own.append([place])
    latest = sorted((row[-1], row[0], len(row)) for own in rows.values() for row in own)
    found = []
    read = 0
    for last, first, count in latest:
        end = visits[last][0]
        while read < len(visits) and visits[read][0] <= end + pause:
            read += 1
        session = visits[last][1], visits[first][0], end, count
        found.append((min(read + 1, len(visits)), last, session))
    return found


def sessions(visits: list[Visit], pause: float) -> list[Any]:
    return [session for _, _, session in session_places(visits, pause)]


def leader_places(visits: list[Visit]) -> list[tuple[int, Any]]:
    """How many visits must be read, and the result."""
    levels: list[Any] = []
    counts: Counter[Any] = Counter()
    found: list[tuple[int, Any]] = []
    for read, (time, _, page, _) in enumerate(visits, 1):
        counts[page] += 1
        if counts[page] > len(levels):  # the first to come to this count leads
            if not levels or levels[-1] != page:
                found.append((read, (time, page)))
            levels.append(page)
    return found


def leaders(visits: list[Visit]) -> list[Any]:
    return [result for _, result in leader_places(visits)]


def merged(logs: list[list[Visit]]) -> list[Visit]:
    """By a stable sort."""
    return sorted((visit for log in logs for visit in log), key=lambda visit: visit[0])


def between(log: list[Visit], start: int, end: int) -> list[Visit]:
    return [visit for visit in log if start <= visit[0] < end]


def percentile(visits: list[Visit], percent: int) -> Any:
    """By fractions."""
    counts = Counter(seconds for _, _, _, seconds in visits)
    share = Fraction(0)
    for seconds, count in sorted(counts.items()):
        share += Fraction(count, len(visits))
        if share >= Fraction(percent, 100):
            return seconds
    return None


def some_visits(
    rng: Random,
    size: int,
    visitors: int = 4,
    pages: int = 4,
    seconds: int = 6,
    steps: int = 3,
) -> list[Visit]:
    """Visits of numbers and texts; each comes up to ``steps`` after the one before."""
    return [*endless(rng, size, visitors, pages, seconds, steps)]


def endless(
    rng: Random, size: int, visitors: int, pages: int, seconds: int, steps: int
) -> Iterator[Visit]:
    time = rng.randrange(-20, 20)
    for _ in range(size):
        time += rng.randint(0, steps)
        visitor = f"visitor {rng.randrange(visitors)}"
        yield time, visitor, f"/{rng.randrange(pages)}", rng.randrange(seconds)
