"""What a session set out to do, and how far it came: read off its journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts

SESSION = "session"
"""A process took the session up, and owns it."""
JOINED = "joined"
"""A process that its owner started plays a part of it."""
CLOSED = "closed"
ENDED = "session_ended"


@dataclass(frozen=True, slots=True)
class PlannedChallenge:
    """A challenge as it was when the session began."""

    id: str
    title: str
    level: str
    digest: str
    """SHA-256 over all that follows."""
    parts: dict[str, str]
    """``instruction environment tests limits``: SHA-256 of each."""
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """One session, over all processes that worked on it."""

    id: str
    started: str
    """UTC: when its first process took it up."""
    closed: str | None
    """UTC: when its last process came to an orderly end; ``None``: one is at work,
    or was cut off."""
    seconds: float
    """Wall seconds in which a process of it was at work, by the boot clock."""
    settings: dict[str, Any]
    """:meth:`Settings.to_json` of the process that took it up last."""
    agent: dict[str, Any]
    """:class:`AgentInfo` as JSON."""
    plan: tuple[str, ...]
    """Run ids, in order, of all its processes."""
    challenges: dict[str, PlannedChallenge]
    ended: str = ""
    """Why it was ended early; empty where it was not."""
    ended_kind: str = ""
    """``server disk memory budget``; empty where it was not."""
    sandbox: str = ""
    """The level that was last proved; empty where none was yet."""
    machine: dict[str, Any] | None = None
    """Facts of the machine, see ``machine.py``."""

    def level_of(self, run_id: str) -> str:
        """``L3`` of ``L3-1-run-0001``."""
        return self.challenges[challenge_of(run_id)].level

    def planned_by_level(self) -> dict[str, int]:
        """Level → number of planned runs."""
        return dict(sorted(Counter(map(self.level_of, self.plan)).items()))


def challenge_of(run_id: str) -> str:
    """``L3-1`` of ``L3-1-run-0001``."""
    return run_id.partition("-run-")[0]


def read_session(events: Sequence[Event]) -> SessionFacts | None:
    """The session that a journal tells of; ``None`` where none has begun.

    A results folder has one session at a time. Lines that are not as they must be are
    passed over: somebody may have edited the file.
    """
    begun = [event for event in events if _is_session(event)]
    if not begun:
        return None
    owned = [event for event in begun if event["event"] == SESSION]
    last = (owned or begun)[-1]
    plan: dict[str, None] = {}
    challenges: dict[str, PlannedChallenge] = {}
    for event in begun:
        challenges |= _challenges(event)
        plan |= dict.fromkeys(
            run for run in texts(event, "plan") if challenge_of(run) in challenges
        )
    ends = [e for e in _since(events, last) if e["event"] == CLOSED]
    # A process that joins looks for itself whether it may go on.
    early = [e for e in _since(events, begun[-1]) if e["event"] == ENDED]
    return SessionFacts(
        id=text(last, "session_id"),
        started=text(begun[0], "time"),
        closed=text(ends[-1], "time") if ends else None,
        seconds=_seconds_at_work(events),
        settings={**last["settings"], **_of_the_first(begun[0]["settings"])},
        agent=last["agent"],
        plan=tuple(plan),
        challenges=challenges,
        ended=text(early[-1], "reason") if early else "",
        ended_kind=text(early[-1], "kind") if early else "",
        sandbox=next(filter(None, (text(e, "sandbox") for e in reversed(begun))), ""),
        machine=last.get("machine"),
    )


def _of_the_first(settings: dict[str, Any]) -> dict[str, Any]:
    """What the plan was made by: a later process may have played a part of it only."""
    return {k: settings[k] for k in ("count", "challenges") if k in settings}


def _is_session(event: Event) -> bool:
    tables = all(isinstance(event.get(k), dict) for k in _TABLES)
    return (
        event["event"] in (SESSION, JOINED)
        and tables
        and bool(text(event, "session_id"))
    )


_TABLES = ("settings", "agent", "challenges")


def _challenges(event: Event) -> dict[str, PlannedChallenge]:
    known = event["challenges"].items()
    return {name: _challenge(name, one) for name, one in known if isinstance(one, dict)}


def _challenge(name: str, facts: dict[str, Any]) -> PlannedChallenge:
    parts = facts.get("parts")
    return PlannedChallenge(
        id=name,
        title=text(facts, "title"),
        level=text(facts, "level"),
        digest=text(facts, "digest"),
        parts=parts if isinstance(parts, dict) else {},
        timeout_seconds=figure(facts, "timeout_seconds"),
    )


def _since(events: Sequence[Event], one: Event) -> Sequence[Event]:
    return events[next(i for i, event in enumerate(events) if event is one) :]


def _seconds_at_work(events: Sequence[Event]) -> float:
    """Sum over owners, one after the other: from taking it up to their last event.

    Between two of them the machine may have been started anew, and its clock with it.
    """
    total = began = last = 0.0
    for event in events:
        if event["event"] == SESSION and _is_session(event):
            total, began = total + last - began, figure(event, "clock")
            last = began
        last = max(last, figure(event, "clock"))
    return total + last - began
