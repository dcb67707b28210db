"""Moments and durations. The clock of durations goes on while the machine sleeps.

``time.monotonic`` stands still meanwhile on Linux. A night on a laptop whose lid was
closed for an hour would then seem an hour shorter than it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC
from datetime import datetime

_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def now() -> str:
    """UTC, ISO 8601 to the millisecond, as all records bear it."""
    return stamp(time.time())


def stamp(seconds: float) -> str:
    """The same of a moment in Unix seconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wall() -> float:
    """Seconds since some moment in the past, time asleep included; never set back.

    Where the system has no such clock: ``time.monotonic``.
    """
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


def suspended() -> float:
    """Seconds that the machine has been asleep since it was started.

    Only its growth says something: two clocks are read one after the other, so that a
    busy machine shifts it by some milliseconds. 0 where it cannot be known.
    """
    if _BOOT is None:
        return 0.0
    return time.clock_gettime(_BOOT) - time.clock_gettime(time.CLOCK_MONOTONIC)


def unix_clock() -> Callable[[], float]:
    """A clock of Unix seconds that is right now and goes on like :func:`wall`.

    Whoever sets the system's clock afterwards does not move it.
    """
    offset = time.time() - wall()
    return lambda: offset + wall()
