"""The entries of a log, and how they are read from text."""

import re
from dataclasses import dataclass
from datetime import date

MINUTES_PER_DAY = 24 * 60

LINE = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})\s+"
    r"(?P<start>\d{2}:\d{2})-(?P<end>\d{2}:\d{2})\s+"
    r"(?P<project>\S+)"
    r"(?:\s+(?P<note>.*))?"
)


class LogError(ValueError):
    """A line of a log cannot be read; ``line`` is its number, from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


@dataclass(frozen=True)
class Entry:
    """One piece of work: from ``start`` up to, but without, ``end``.

    Both are minutes since midnight of ``day``; ``end`` is at most 1440.
    """

    day: date
    start: int
    end: int
    project: str
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MINUTES_PER_DAY:
            raise ValueError("an entry must end after it starts, within its day")

    @property
    def minutes(self) -> int:
        """How long it took."""
        return self.end - self.start


def parse_time(text: str) -> int:
    """Return the minutes since midnight of ``HH:MM``; ``24:00`` is 1440."""
    hours, minutes = int(text[:2]), int(text[3:])
    if minutes > 59 or hours * 60 + minutes > MINUTES_PER_DAY:
        raise ValueError(f"no such time: {text}")
    return hours * 60 + minutes


def parse_line(text: str) -> Entry:
    """Return the entry of one line; raise ``ValueError`` if there is none."""
    match = LINE.fullmatch(text)
    if match is None:
        raise ValueError("expected: YYYY-MM-DD HH:MM-HH:MM PROJECT [NOTE]")
    return Entry(
        day=date.fromisoformat(match["day"]),
        start=parse_time(match["start"]),
        end=parse_time(match["end"]),
        project=match["project"],
        note=(match["note"] or "").rstrip(),
    )


def parse_log(text: str) -> list[Entry]:
    """Return the entries of a log, in the order of its lines.

    Blank lines and lines that begin with ``#`` are passed over. A line that
    cannot be read raises :class:`LogError`.
    """
    entries = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        try:
            entries.append(parse_line(line))
        except ValueError as error:
            raise LogError(number, str(error)) from None
    return entries
