"""How long a night may take: until when, for how long, how much of it is left."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from datetime import time
from datetime import timedelta

from pytest_overnight.records.clock import wall

ENDLESS = float("inf")


def clock_time(text: str) -> time:
    """``07:30`` of a day; :class:`ValueError` with a text for the user."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip(), re.ASCII)
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    raise ValueError(f"{text!r} is no time of day such as 07:30")


def seconds_until(moment: time, now: float) -> float:
    """Seconds from ``now`` (Unix) to the next such time of day on this machine.

    A night in which the clocks change is an hour longer or shorter; a time that comes
    twice in it is taken when it comes next.
    """
    today = datetime.fromtimestamp(now).date()
    candidates = (
        datetime.combine(today + timedelta(days), moment).replace(fold=fold)
        for days in (0, 1, 2)
        for fold in (0, 1)
    )
    return min(
        found.timestamp() - now for found in candidates if found.timestamp() > now
    )


class Deadline:
    """The moment after which no further run starts.

    It stands on the boot clock, which goes on while the machine sleeps and which nobody
    sets: a laptop that was closed for an hour has an hour less.
    """

    def __init__(
        self, seconds: float = ENDLESS, clock: Callable[[], float] = wall
    ) -> None:
        """``seconds`` from now; :data:`ENDLESS`: never."""
        self._clock = clock
        self._end = clock() + seconds

    @property
    def set(self) -> bool:
        """Whether there is one at all."""
        return self._end < ENDLESS

    def left(self) -> float:
        """Seconds, at least 0; infinite where there is none."""
        return max(0.0, self._end - self._clock())


def shown(seconds: float) -> str:
    """``7 h 30 min``, ``12 min``, ``40 s``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
