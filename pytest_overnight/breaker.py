"""The circuit breaker of a session: no night is burnt on a model server that is dead.

Each worker looks at the journal, which all share, before it starts a run. Three runs
in a row that the server failed: wait until it is healthy. Two more that began after it
looked healthy again, or no health within the grace: the session ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal

from pytest_overnight.records.store import RunStore
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.settings import Settings

WAIT_AFTER = 3
"""Runs in a row that the server failed, after which its health is waited for."""
END_AFTER = 2
"""More of them, each begun after the server was found healthy: it only looks so."""
POLL_SECONDS = 10.0

WAITING = "server_awaited"
HEALTHY = "server_healthy"
ENDED = "session_ended"
"""Events of the journal that only the breaker writes."""

SERVER_FAULTS = {Stop.LLM_UNAVAILABLE, Stop.LLM_CONFIG}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done before the next run."""

    act: Literal["go", "wait", "end"]
    reason: str = ""
    """Of ``end``: one sentence."""


def decide(journal: Sequence[Event]) -> Decision:
    """Read off a session's journal whether the next run may start."""
    for event in journal:
        if event.get("event") == ENDED:
            return Decision("end", str(event.get("reason", "")))
    streak = _streak(journal)
    failed = _runs(streak, "finished")
    if len(failed) < WAIT_AFTER:
        return Decision("go")
    names = [event.get("event") for event in streak]
    healthy_since = names.index(HEALTHY) if HEALTHY in names else len(names)
    in_spite = set(failed) & set(_runs(streak[healthy_since:], "started"))
    if len(in_spite) < END_AFTER:
        return Decision("wait")
    count = len(failed)
    reason = f"the model server failed {count} runs in a row, yet it looks healthy."
    return Decision("end", reason)


def _streak(journal: Sequence[Event]) -> Sequence[Event]:
    """All since the last run that ended in another way than by the server's fault."""
    start = 0
    for number, event in enumerate(journal):
        if event.get("event") == "finished" and not _is_the_servers_fault(event):
            start = number + 1
    return journal[start:]


def _runs(journal: Sequence[Event], name: str) -> list[str]:
    return [str(e.get("run_id")) for e in journal if e.get("event") == name]


def _is_the_servers_fault(event: Event) -> bool:
    return event.get("stop") in SERVER_FAULTS or event.get("outcome") == Outcome.INFRA


class Breaker:
    """One worker's look at the journal, and at the server where that is in doubt."""

    def __init__(
        self,
        store: RunStore,
        settings: Settings,
        check: Callable[[], str | None],
        tell: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``check`` says what is wrong with the server; ``None``: nothing.

        ``tell`` is called once a wait for it, or the end of one, is in the journal.
        """
        self._store = store
        self._grace = settings.infra_grace
        self._check = check
        self._tell = tell
        self._clock = clock
        self._sleep = sleep

    def why_not(self) -> str:
        """Say why no further run may start; empty: it may. Waits where that may help.

        The first worker that knows writes it into the journal, for all others.
        """
        decision = decide(self._store.read_journal())
        if decision.act == "wait":
            decision = self._await_health()
        if decision.act == "end" and not ended_because(self._store):
            self._store.note(ENDED, reason=decision.reason)
        return decision.reason

    def _await_health(self) -> Decision:
        until = self._clock() + self._grace
        noted = False
        while problem := self._check():
            if not noted:
                self._store.note(WAITING, reason=problem, seconds=self._grace)
                self._tell()
                noted = True
            left = until - self._clock()
            decision = decide(self._store.read_journal())
            if decision.act != "wait":  # another worker has learnt more
                return decision
            if left <= 0:
                return Decision("end", self._never_healthy(problem))
            self._sleep(min(POLL_SECONDS, left))
        self._store.note(HEALTHY)
        self._tell()
        return Decision("go")

    def _never_healthy(self, problem: str) -> str:
        return (
            f"the model server failed {WAIT_AFTER} or more runs in a row and was not "
            f"healthy again within {self._grace:g} s: {problem}"
        )


def ended_because(store: RunStore) -> str:
    """Why the breaker has ended this session; empty where it has not."""
    for event in store.read_journal():
        if event.get("event") == ENDED:
            return str(event.get("reason", ""))
    return ""


def awaited_because(store: RunStore) -> str:
    """How long at most, and why the session now waits for its server; empty: no."""
    journal = store.read_journal()
    waits = [e for e in _streak(journal) if e.get("event") in (WAITING, HEALTHY)]
    if decide(journal).act != "wait" or not waits or waits[-1]["event"] == HEALTHY:
        return ""
    return "at most {seconds:g} s: {reason}".format_map(waits[-1])
