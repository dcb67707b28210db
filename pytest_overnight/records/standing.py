"""How a session stands, as far as its journal tells: waits, its end, a failing server.

Taken in event by event, so that to ask before each run costs the same all night.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import text
from pytest_overnight.records.journal import Journal
from pytest_overnight.records.session import CLOSED
from pytest_overnight.records.session import ENDED
from pytest_overnight.records.session import JOINED
from pytest_overnight.records.session import SESSION
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop

WAIT_AFTER = 3
"""Runs in a row that the server failed, after which its health is put on record."""
END_AFTER = 2
"""More of them, each begun after the server was found healthy: it only looks so."""

WAITING = "server_awaited"
HEALTHY = "server_healthy"
"""A wait for whatever is missing begins, and is over: see their field ``kind``."""

SERVER_FAULTS = {Stop.LLM_UNAVAILABLE, Stop.LLM_CONFIG}


class Standing:
    """What the events of a session so far come to.

    A process that takes the session up again, or joins it, begins anew: whoever
    resumes a night has mended what ended it.
    """

    def __init__(self) -> None:
        """Before the first event."""
        self._seen: list[Event] | None = None
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self.ended: Event | None = None
        self.wait: Event | None = None
        """The wait that is on now."""
        self._new_streak()

    def _new_streak(self) -> None:
        self.failed = 0
        """Runs in a row that the server failed."""
        self._is_well = False
        self._begun: set[str] = set()
        self._in_spite: set[str] = set()

    @property
    def in_doubt(self) -> bool:
        """Whether the server's health is to be put on record before the next run."""
        return self.failed >= WAIT_AFTER and not self._is_well

    @property
    def only_looks_well(self) -> bool:
        """Whether enough runs that began after that were failed all the same."""
        return len(self._in_spite) >= END_AFTER

    def read(self, journal: Journal) -> Standing:
        """Take in what is new in a journal, always the same one; returns itself."""
        events = journal.read()
        if events is not self._seen:  # the file is another
            self._seen, self._count = events, 0
            self._begin()
        new, self._count = events[self._count :], len(events)
        return self.take(new)

    def take(self, events: Iterable[Event]) -> Standing:
        """Take in what happened next; returns itself."""
        for event in events:
            name = event["event"]
            if name in (SESSION, JOINED):
                self._begin()
            elif name == ENDED:
                self.ended, self.wait = self.ended or event, None
            elif name == WAITING:
                self.wait = event
            elif name == HEALTHY:
                self._over(event)
            elif name == CLOSED:
                self.wait = None
            elif name == "started" and self._is_well:
                self._begun.add(text(event, "run_id"))
            elif name == "finished":
                self._finished(event)
        return self

    def _over(self, event: Event) -> None:
        self.wait = None
        if kind_of(event) == "server" and self.in_doubt:
            self._is_well = True

    def _finished(self, event: Event) -> None:
        if not _is_the_servers_fault(event):
            self._new_streak()
            return
        self.failed += 1
        if (run_id := text(event, "run_id")) in self._begun:
            self._in_spite.add(run_id)


def kind_of(event: Event | None) -> str:
    """What a wait is for, or why a session ended: ``server`` where it is not said."""
    return (text(event, "kind") or "server") if event else ""


def _is_the_servers_fault(event: Event) -> bool:
    return event.get("stop") in SERVER_FAULTS or event.get("outcome") == Outcome.INFRA
