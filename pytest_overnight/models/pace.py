"""How fast models are asked: one rate for all processes of this user on one server.

The starts of the last minute stand in a file that all share. Who comes books a place
in it and sleeps until then without holding it; on waking the law is looked at again,
since others may have overslept. A place whose owner has died passes unused.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from pytest_overnight.models.address import base_url
from pytest_overnight.records import clock as clocks

MINUTE = 60.0
BASE = "/tmp"
"""Where all nights of a user meet, from a shell and from cron: so not by TMPDIR, nor by
XDG_RUNTIME_DIR, which goes away when the user logs out."""


def host_folder(host: str) -> Path:
    """This user's folder for what runs share of one model server; it is made.

    Raises ``PermissionError`` where somebody else has put a folder in its place.
    """
    base = BASE if os.access(BASE, os.W_OK) else tempfile.gettempdir()
    key = hashlib.sha256(base_url(host).encode()).hexdigest()[:12]
    folder = Path(base) / f"pytest-overnight-{os.getuid()}"
    folder.mkdir(exist_ok=True, mode=0o700)
    # In a folder for all, a stranger could choose which files we write.
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(
            f"{folder} belongs to another user, who must remove it: it is where the "
            "runs of a user meet."
        )
    (folder / f"host-{key}").mkdir(exist_ok=True, mode=0o700)
    return folder / f"host-{key}"


@dataclass(frozen=True, slots=True)
class _Place:
    """One call's place. Times on the shared clock."""

    came: float
    token: str
    """Tells calls apart that came at the same time."""
    start: float
    """When the call may start, or, once made, did."""
    made: bool


@dataclass(slots=True)
class _Book:
    """What the processes tell one another."""

    places: list[_Place] = field(default_factory=list)
    ended: float | None = None
    """When the last call ended."""

    @classmethod
    def read(cls, text: str, now: float) -> _Book:
        """From the file's text; empty when it is damaged or of another boot.

        The clock begins anew with each boot: what lies ahead of it is from before.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            ended = data["ended"]
            places = [
                _Place(float(came), str(token), float(start), bool(made))
                for came, token, start, made in data["places"]
            ]
            times = [time for place in places for time in (place.came, place.start)]
            if not all(math.isfinite(time) for time in [*times, ended or 0.0]):
                return cls()
        except (ValueError, KeyError, TypeError):
            return cls()
        if max([place.came for place in places] + [ended or 0.0]) > now:
            return cls()
        return cls(places, ended)

    def text(self) -> str:
        """For the file."""
        rows = [astuple(place) for place in self.places]
        return json.dumps({"ended": self.ended, "places": rows})


class Pace:
    """The rate limit of one process; its law holds over all that use ``folder``."""

    def __init__(
        self,
        folder: Path,
        calls_per_minute: float | None,
        min_gap: float,
        clock: Callable[[], float] = clocks.wall,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Any minute holds at most ``calls_per_minute`` starts; ``None``: no limit.

        A fraction is rounded down; below one, a call starts each
        ``60 / calls_per_minute`` seconds. ``min_gap``: seconds from the end of the
        last call to the next start. ``clock`` must be the same for all processes.
        """
        self._file = folder / "pace"
        self._limited = calls_per_minute is not None or min_gap > 0
        rate = math.inf if calls_per_minute is None else calls_per_minute
        self._starts = math.inf if rate == math.inf else max(1, math.floor(rate))
        self._span = MINUTE / min(1.0, rate)
        self._gap = min_gap
        self._clock = clock
        self._sleep = sleep

    def wait(self) -> float:
        """Sleep until a call may start; returns the seconds waited.

        First come, first served. The call counts as started on return.
        """
        if not self._limited:
            return 0.0
        token = secrets.token_hex(4)
        came: float | None = None
        while True:
            with self._shared() as (book, now):
                came = now if came is None else came
                start = self._place(book, came, token, now)
            if start <= now:
                return now - came
            self._sleep(start - now)

    def done(self) -> None:
        """The call has ended."""
        if self._limited:
            with self._shared() as (book, now):
                book.ended = now

    def _place(self, book: _Book, came: float, token: str, now: float) -> float:
        """The earliest start, which is booked; where that is now, it is made."""
        places = [p for p in book.places if p.token != token]
        tokens = [p.token for p in book.places]
        own = tokens.index(token) if token in tokens else len(tokens)
        before = [p.start for at, p in enumerate(places) if p.made or at < own]
        start = now
        if len(before) >= self._starts:
            start = max(start, sorted(before)[-int(self._starts)] + self._span)
        if book.ended is not None:
            start = max(start, book.ended + self._gap)
        places.insert(own, _Place(came, token, start, start <= now))
        book.places = [p for p in places if p.start + self._span > now]
        return start

    @contextlib.contextmanager
    def _shared(self) -> Iterator[tuple[_Book, float]]:
        """The book, locked while it is changed, and the time."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(self._file, flags, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            now = self._clock()
            book = _Book.read(file.read().decode(errors="replace"), now)
            yield book, now
            file.seek(0)
            file.truncate()
            file.write(book.text().encode())
