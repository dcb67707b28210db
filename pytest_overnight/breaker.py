"""The circuit breaker of a session: no run starts without what it needs.

Each worker looks before it starts a run. The budget is used up, or the disk is full
also after housekeeping: the session ends. Too little memory, or a model server that is
not well: wait, and end where that does not help. A server may look well and still fail
every run: three in a row are taken for doubt, two more for proof.

What one worker learns stands in the journal, for all others. A process that takes the
session up again, or joins it, looks for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from typing import Literal
from weakref import WeakKeyDictionary

from pytest_overnight.machine import GB
from pytest_overnight.machine import available_memory
from pytest_overnight.machine import free_disk
from pytest_overnight.records import clock as clocks
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.journal import Journal
from pytest_overnight.records.session import ENDED
from pytest_overnight.records.standing import HEALTHY
from pytest_overnight.records.standing import WAIT_AFTER
from pytest_overnight.records.standing import WAITING
from pytest_overnight.records.standing import Standing
from pytest_overnight.records.standing import kind_of
from pytest_overnight.records.store import RunStore
from pytest_overnight.settings import Settings

POLL_SECONDS = 10.0
"""Longest pause between two looks at what is waited for; the first is of a second."""

Kind = Literal["server", "disk", "memory", "budget"]


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps the next run from starting."""

    kind: Kind
    reason: str
    """One sentence."""
    passes: bool = False
    """Whether to wait for it may help."""


class Breaker:
    """One worker's look at journal, disk, memory and server, before each run."""

    def __init__(
        self,
        store: RunStore,
        settings: Settings,
        check: Callable[[], str | None] | None,
        tell: Callable[[], None],
        make_room: Callable[[], object] = lambda: None,
        *,
        memory: Callable[[], int | None] = available_memory,
        wall: Callable[[], float] = clocks.wall,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``check`` says what is wrong with the server (``None``: nothing).

        Itself ``None``: no server is asked, and no run blamed on one. ``tell`` is
        called once a wait, or the end of one, is in the journal; ``make_room`` once
        where the disk is too full. ``wall`` is the clock of ``settings.ends_at``;
        patience is on ``clock``, which stands still while the machine sleeps.
        """
        self._store, self._settings = store, settings
        self._check, self._tell, self._make_room = check, tell, make_room
        self._memory, self._wall = memory, wall
        self._clock, self._sleep = clock, sleep
        self._grace = settings.infra_grace / settings.time_scale

    def why_not(self) -> str:
        """Say why no further run may start; empty: it may. Waits where that may help.

        The first worker that knows writes it into the journal, for all others.
        """
        began, pause, said = self._clock(), 1.0, set[str]()
        while True:
            standing = standing_of(self._store)
            if standing.ended is not None:
                return text(standing.ended, "reason")
            lack = next(self._lacks(standing), None)
            if lack is None:
                self._put_on_record(standing)
                return ""
            left = self._grace - (self._clock() - began)
            if not lack.passes or left <= 0:
                return self._end(lack, standing)
            self._say_wait(lack, standing, said)
            self._sleep(max(0.01, min(pause, left, self._until_end())))
            pause = min(2 * pause, POLL_SECONDS)

    def _lacks(self, standing: Standing) -> Iterator[Lack]:
        """What is missing, worst first; what costs most to find out comes last."""
        if self._until_end() <= 0:
            yield Lack("budget", self._used_up())
        if self._disk_is_full():
            self._make_room()
            if self._disk_is_full():
                yield Lack("disk", self._too_full())
        if (free := self._memory()) is not None and free < self._least_memory:
            yield Lack("memory", self._too_little(free), passes=True)
        if self._check is not None:
            if standing.only_looks_well:
                yield Lack("server", _only_looks_well(standing))
            if problem := self._check():
                yield Lack("server", problem, passes=True)

    def _until_end(self) -> float:
        ends_at = self._settings.ends_at
        return float("inf") if ends_at is None else ends_at - self._wall()

    def _disk_is_full(self) -> bool:
        return free_disk(self._store.results) < self._settings.min_free_disk * GB

    @property
    def _least_memory(self) -> float:
        return self._settings.min_free_memory * GB

    def _say_wait(self, lack: Lack, standing: Standing, said: set[str]) -> None:
        """Once a wait: another worker may be waiting for something else meanwhile."""
        kind = kind_of(standing.wait)
        if not kind or (kind != lack.kind and lack.kind not in said):
            facts = {"kind": lack.kind, "reason": lack.reason}
            self._note(WAITING, **facts, seconds=self._grace)
            self._tell()
        said.add(lack.kind)

    def _put_on_record(self, standing: Standing) -> None:
        """A wait is over, perhaps one whose worker was killed; or health is proven."""
        waited = kind_of(standing.wait)
        in_doubt = self._check is not None and standing.in_doubt
        for kind in sorted({waited, "server" if in_doubt else ""} - {""}):
            self._note(HEALTHY, kind=kind)
        if waited:
            self._tell()

    def _end(self, lack: Lack, standing: Standing) -> str:
        reason = self._in_vain(lack, standing) if lack.passes else lack.reason
        if not standing_of(self._store).ended:
            self._note(ENDED, kind=lack.kind, reason=reason)
        return ended_because(self._store) or reason

    def _note(self, event: str, **fields: Any) -> None:
        """Where nothing can be written any more, each worker finds out by itself."""
        with suppress(OSError):
            self._store.journal.note(event, **fields)

    # -- in words ---------------------------------------------------------------------

    def _in_vain(self, lack: Lack, standing: Standing) -> str:
        if lack.kind == "memory":
            return f"{self._grace:g} s were waited in vain for memory: {lack.reason}"
        failed = ""
        if standing.failed >= WAIT_AFTER:
            failed = f"failed {WAIT_AFTER} or more runs in a row and "
        return (
            f"the model server {failed}was not healthy "
            f"{'again ' if failed else ''}within {self._grace:g} s: {lack.reason}"
        )

    def _used_up(self) -> str:
        budget = self._settings.budget
        time_set = f"its budget of {_long(budget)}" if budget else "the time set for it"
        return f"{time_set} is used up."

    def _too_full(self) -> str:
        free, wanted = free_disk(self._store.results), self._settings.min_free_disk
        return (
            f"{free / GB:.1f} GB are free on the disk of {self._store.results}, and "
            f"{wanted:g} GB must be before a run starts (--overnight-min-free-disk)."
        )

    def _too_little(self, free: int) -> str:
        return (
            f"{free / GB:.1f} GB of memory are available, and "
            f"{self._settings.min_free_memory:g} GB must be before a run starts "
            "(--overnight-min-free-memory)."
        )


def _only_looks_well(standing: Standing) -> str:
    count = standing.failed
    return f"the model server failed {count} runs in a row, yet it looks healthy."


def _long(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds:g} s"


_standings: WeakKeyDictionary[Journal, Standing] = WeakKeyDictionary()
"""So that to ask costs what is new in a journal, and not the whole night."""


def standing_of(store: RunStore) -> Standing:
    """How the session stands now; keep the store, and it costs what is new alone."""
    standing = _standings.setdefault(store.journal, Standing())
    return standing.read(store.journal)


def ended_because(store: RunStore) -> str:
    """Why the breaker has ended this session; empty where it has not."""
    ended = standing_of(store).ended
    return text(ended, "reason") if ended else ""


def ended_kind(store: RunStore) -> str:
    """``server``, ``disk``, ``memory`` or ``budget``; empty where it has not ended."""
    return kind_of(standing_of(store).ended)


def awaited_because(store: RunStore) -> str:
    """How long at most, and why the session now waits; empty: it does not."""
    wait = standing_of(store).wait
    if wait is None:
        return ""
    return f"at most {figure(wait, 'seconds'):g} s: {text(wait, 'reason')}"


def awaited_kind(store: RunStore) -> str:
    """``server`` or ``memory``: what the session waits for; empty: for nothing."""
    return kind_of(standing_of(store).wait)
