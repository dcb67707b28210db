"""The runs of a night that goes on: how far each is, and which are being played now."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.session import SESSION
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import challenge_of
from pytest_overnight.rules.outcome import Outcome

STARTED, FINISHED = "started", "finished"

CATEGORIES = {outcome.value: outcome.category for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Last:
    """The last that the journal says of a run."""

    event: Event
    category: str
    """``solved missed void``; empty while it is under way."""
    by_owner: bool
    """Said while the present owner of the session has it, not a former one."""


def last_of_runs(events: Sequence[Event], facts: SessionFacts) -> dict[str, Last]:
    """Run id → its last event, in the order of these events."""
    planned = set(facts.plan)
    owners = sum(event["event"] == SESSION for event in events)
    last: dict[str, Last] = {}
    seen = 0
    for event in events:
        seen += event["event"] == SESSION
        run_id = text(event, "run_id")
        if event["event"] in (STARTED, FINISHED) and run_id in planned:
            last.pop(run_id, None)
            last[run_id] = Last(event, _category(event), seen == owners)
    return last


def _category(event: Event) -> str:
    if event["event"] == STARTED:
        return ""
    return CATEGORIES.get(text(event, "outcome"), "void")


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A run that somebody is at, or is about to begin."""

    run_id: str
    title: str
    number: int
    """Of the try; 0 before it has begun: it waits for a model slot or the server."""
    seconds: float
    """Since the try began, waits included."""
    limit: float
    """Of the agent's working time, seconds."""


def under_way(
    facts: SessionFacts,
    last: dict[str, Last],
    status: Event,
    clock: float | None,
) -> Iterator[UnderWay]:
    """What is being played, or waits to be, in the order of the starts.

    ``last``: of :func:`last_of_runs`. ``status``: what the controller said since the
    session was last taken up. ``clock``: null where nobody is at work any more; then it
    is what was being played.
    """
    waiting = _running(status)
    for run_id, one in last.items():
        if one.category or not one.by_owner or _is_lost(one.event, status):
            continue
        waiting.pop(run_id, None)
        seconds = max(0.0, clock - figure(one.event, "clock")) if clock else 0.0
        yield _run(facts, run_id, int(figure(one.event, "try")) or 1, seconds)
    for run_id, since in waiting.items():
        # One that has just been finished stands there for a moment more.
        former = text(last[run_id].event, "time") if run_id in last else ""
        if run_id in facts.plan and former < since:
            yield _run(facts, run_id, 0, 0.0)


def _is_lost(started: Event, status: Event) -> bool:
    """Whether the controller knows better: its worker died."""
    later = text(status, "updated") > text(started, "time")
    return later and text(started, "run_id") not in _running(status)


def _running(status: Event) -> dict[str, str]:
    """Run id → since when the controller counts it as running."""
    listed = status.get("running")
    runs = listed if isinstance(listed, list) else []
    return {
        text(run, "run_id"): text(run, "started")
        for run in runs
        if isinstance(run, dict)
    }


def _run(facts: SessionFacts, run_id: str, number: int, seconds: float) -> UnderWay:
    challenge = facts.challenges[challenge_of(run_id)]
    limit = challenge.timeout_seconds / max(1.0, figure(facts.settings, "time_scale"))
    return UnderWay(run_id, challenge.title, number, seconds, limit)
