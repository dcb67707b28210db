"""Old things are cleaned away, by age and size, so that nights do not fill a disk.

What goes: archives and unpacked workspaces of former sessions, and what processes that
were killed left in the temporary folder. Records, logs, ledgers and reports are never
touched, nor is the session that is going on. ``cleaned.txt`` in a former session's
folder says what went from it, and why.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_overnight.machine import GB
from pytest_overnight.machine import free_disk
from pytest_overnight.records.clock import stamp
from pytest_overnight.records.former import Former
from pytest_overnight.records.former import former_sessions
from pytest_overnight.records.store import HISTORY
from pytest_overnight.records.store import RunStore
from pytest_overnight.sandbox.removal import remove_tree
from pytest_overnight.settings import Settings

EVERY = 3600.0
"""Seconds between two cleanings of a night."""
NOTE = "cleaned.txt"
TRASH = ".cleaned"
"""Beside it, for as long as a removal takes: what goes is whole until then."""
DAY = 86400.0
LEFT_OVER_DAYS = 3.0
"""A temporary folder that lay still for so long is nobody's: no run takes a day."""

TEMPORARY = "audit box judge plan server task trial verify workspaces".split()
"""``overnight-<word>-…``: what our processes call their temporary folders."""
_TEMPORARY = re.compile(rf"overnight-({'|'.join(TEMPORARY)})-[a-z0-9_]{{8}}")


@dataclass(frozen=True, slots=True)
class Gone:
    """One folder that was cleaned away."""

    what: str
    """Relative to the results folder, or its full path elsewhere."""
    bytes: int
    """Room that it took on the disk."""
    why: str


@dataclass(slots=True)
class Cleaned:
    """What one cleaning came to."""

    gone: list[Gone] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What could not be cleaned, and why: nothing that a night must end for."""

    @property
    def bytes(self) -> int:
        """Room made in all."""
        return sum(one.bytes for one in self.gone)


def due(last: float | None, now: float) -> bool:
    """Whether it is time to clean again; ``None``: it was never done."""
    return last is None or now - last >= EVERY


def clean(
    store: RunStore, settings: Settings, now: float, temporary: Path | None = None
) -> Cleaned:
    """Clean by age and size. ``now`` is Unix time; no fault is ever raised.

    Only for a session that has begun: what goes is noted in its journal.
    ``temporary``: where left-overs are looked for, the system's folder by default.
    """
    place = temporary or Path(tempfile.gettempdir())
    return _Cleaning(store, settings, now).by(lambda work: work.usual(place))


def make_room(
    store: RunStore, settings: Settings, now: float, temporary: Path | None = None
) -> Cleaned:
    """:func:`clean`, and where the disk is still too full: what is there twice.

    These are unpacked workspaces of former sessions whose archive is there and whole.
    """
    place = temporary or Path(tempfile.gettempdir())

    def both(work: _Cleaning) -> None:
        work.usual(place)
        work.doubles()

    return _Cleaning(store, settings, now).by(both)


class _Cleaning:
    """One cleaning of one results folder."""

    def __init__(self, store: RunStore, settings: Settings, now: float) -> None:
        self._store, self._settings, self._now = store, settings, now
        self._history = store.results / HISTORY
        self._done = Cleaned()

    def by(self, work: Callable[[_Cleaning], None]) -> Cleaned:
        """Do it while no other process of the session does."""
        try:
            with _alone(self._history):
                work(self)
        except OSError as problem:
            self._done.problems.append(str(problem))
        return self._done

    def usual(self, temporary: Path) -> None:
        """By age, then by size; then what lies in the temporary folder."""
        formers = former_sessions(self._history)
        for former in formers:
            self._finish(former)
            self._by_age(former)
        self._by_size(formers)
        for folder in _left_over(temporary, self._now - LEFT_OVER_DAYS * DAY):
            why = f"left by a killed process more than {LEFT_OVER_DAYS:g} days ago"
            self._remove(folder, Gone(str(folder), measure(folder).bytes, why))

    def _finish(self, former: Former) -> None:
        """What a cleaning was killed over."""
        try:
            remove_tree(former.folder / TRASH)
        except OSError as problem:
            self._done.problems.append(str(problem))

    def _by_age(self, former: Former) -> None:
        age = (self._now - former.ended) / DAY
        if age <= self._settings.keep_days:
            return
        for part in former.parts():
            self._take_from(
                former,
                part,
                f"the session ended {age:.0f} days ago, and these are kept for "
                f"{self._settings.keep_days:g} (--overnight-keep-days)",
            )

    def _by_size(self, formers: list[Former]) -> None:
        keep = self._settings.keep_gb
        parts = [(former, part) for former in formers for part in former.parts()]
        sizes = [measure(part).bytes for _, part in parts]
        too_much = sum(sizes) - keep * GB
        why = (
            f"former sessions held {_shown(sum(sizes))} of these, and the last "
            f"{keep:g} GB are kept (--overnight-keep-gb)"
        )
        for (former, part), size in zip(parts, sizes, strict=True):
            if too_much > 0 and size and self._take_from(former, part, why):
                too_much -= size

    def doubles(self) -> None:
        """Unpacked workspaces, the oldest first, until there is room."""
        wanted = self._settings.min_free_disk
        results = self._store.results
        if not self._history.is_dir() or _disk(self._history) != _disk(results):
            return  # what lies on another disk makes no room on this
        for former in former_sessions(self._history):
            for view in former.views():
                if free_disk(results) >= wanted * GB:
                    return
                if archive := former.archive_of(view):
                    why = f"{wanted:g} GB had to be free; {archive} holds the same"
                    self._take_from(former, view, why)

    def _take_from(self, former: Former, part: Path, why: str) -> bool:
        """Remove a part of a session; at any moment it is whole, or not there."""
        gone = Gone(
            part.relative_to(self._store.results).as_posix(), measure(part).bytes, why
        )
        try:
            trash = part.rename(former.folder / TRASH)
        except OSError as problem:
            self._done.problems.append(str(problem))
            return False
        if not self._remove(trash, gone):
            return False
        name = part.relative_to(former.folder).as_posix()
        line = f"{stamp(self._now)} removed {name}/ ({_shown(gone.bytes)}): {why}\n"
        with suppress(OSError), (former.folder / NOTE).open("ab") as file:
            file.write(line.encode(errors="backslashreplace"))
        return True

    def _remove(self, folder: Path, gone: Gone) -> bool:
        try:
            remove_tree(folder)
        except OSError as problem:
            self._done.problems.append(str(problem))
            return False
        self._done.gone.append(gone)
        with suppress(OSError):
            note = self._store.journal.note
            note("cleaned", what=gone.what, bytes=gone.bytes, why=gone.why)
        return True


@dataclass(frozen=True, slots=True)
class Measure:
    """A folder with all that is in it."""

    bytes: int
    """That it takes on the disk."""
    changed: float
    """Unix time of the last change of anything in it, by the kernel's own account:
    a time that no program can set."""


def measure(folder: Path) -> Measure:
    """Follows no link; what cannot be read does not count."""
    total, changed, waiting = 0, 0.0, [str(folder)]
    with suppress(OSError):
        changed = folder.lstat().st_ctime
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                state = entry.stat(follow_symlinks=False)
                total += state.st_blocks * 512
                changed = max(changed, state.st_ctime)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return Measure(total, changed)


def _left_over(temporary: Path, before: float) -> list[Path]:
    """Temporary folders of ours that nobody has touched since ``before``."""
    old = []
    with suppress(OSError), os.scandir(temporary) as found:
        for entry in found:
            if not _TEMPORARY.fullmatch(entry.name):
                continue
            with suppress(OSError):
                ours = entry.stat(follow_symlinks=False).st_uid == os.geteuid()
                is_folder = entry.is_dir(follow_symlinks=False)
                if ours and is_folder and measure(Path(entry)).changed < before:
                    old.append(Path(entry))
    return old


def _disk(folder: Path) -> int:
    return folder.stat().st_dev


def _shown(size: int) -> str:
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / 10**6:.1f} MB"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Workers and their controller clean one after the other, where locks are kept.

    Before there is a history there is nothing that two could clean at once.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
