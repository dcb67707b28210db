"""A night as it goes on: what ``pytest-overnight watch`` shows. Pure functions.

All is read off the journal; ``status.json`` adds what only the controller knows, and
the run records say why the last failures failed.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.session import CLOSED
from pytest_overnight.records.session import ENDED
from pytest_overnight.records.session import JOINED
from pytest_overnight.records.session import SESSION
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import challenge_of
from pytest_overnight.records.session import read_session
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import level_order
from pytest_overnight.rules.outcome import Outcome

STARTED, FINISHED = "started", "finished"
AWAITED, WELL = "server_awaited", "server_healthy"

MOST_FAILURES = 10
"""That are shown, and whose records are read."""

State = Literal["at work", "closed", "cut off"]


@dataclass(frozen=True, slots=True)
class Count:
    """Planned runs of a level, or of the whole night, by what became of them."""

    name: str
    planned: int
    solved: int = 0
    missed: int = 0
    void: int = 0

    @property
    def done(self) -> int:
        """Runs with a record, void ones too."""
        return self.solved + self.missed + self.void

    @property
    def rate(self) -> Rate:
        """Solved of counted."""
        return Rate(self.solved, self.solved + self.missed)


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


@dataclass(frozen=True, slots=True)
class Failure:
    """A missed or void run."""

    run_id: str
    outcome: str
    category: str
    """``missed`` or ``void``."""
    time: str
    """UTC: when its record was written."""
    detail: str = ""
    """One sentence, with text of the agent's making in it."""
    intended: bool = False
    """The script of a rehearsal was to fail in just this way."""


@dataclass(frozen=True, slots=True)
class Wait:
    """No run is begun for now: something is missing that may come back."""

    kind: str
    """``server`` or ``memory``."""
    reason: str
    """One sentence, with what a server said in it."""
    seconds: float
    """Since it began."""
    most: float
    """Seconds after which the night ends, if it is in vain."""


@dataclass(frozen=True, slots=True)
class View:
    """All there is to see of a night at one moment."""

    facts: SessionFacts
    state: State
    levels: tuple[Count, ...]
    total: Count
    under_way: tuple[UnderWay, ...]
    """Of a night that was cut off: what it was at. In the order of their starts."""
    failures: tuple[Failure, ...]
    """The last of those that stand now, the very last one first."""
    cancelled: int
    """Runs whose record says that they were cut short from outside."""
    seconds: float
    """Wall seconds at work, of all processes one after the other."""
    eta: float | None
    """Seconds until the last run is done; null before anything is known."""
    wait: Wait | None
    """Null where no run is kept back."""

    @property
    def per_hour(self) -> float | None:
        """Runs done in an hour of work; null before the first."""
        return 3600 * self.total.done / self.seconds if self.total.done else None

    @property
    def scripted(self) -> bool:
        """Whether scripts act, and no model is measured."""
        return bool(self.facts.agent.get("scripted"))


def view_of(
    events: Sequence[Event],
    status: Event,
    read: Callable[[Event], RunRecord | None],
    *,
    held: bool,
    clock: float,
    now: datetime,
) -> View | None:
    """The night that a journal tells of; ``None`` where none has begun.

    ``status``: of ``status.json``, empty where there is none. ``read`` gives the record
    that a ``finished`` event tells of. ``held``: whether somebody has the session's
    lock, asked *before* the journal was read. ``clock`` is ``records.clock.wall()``,
    ``now`` the same moment as a time with its zone.
    """
    facts = read_session(events)
    if facts is None:
        return None
    state: State = "at work" if held else "closed" if facts.closed else "cut off"
    last = _last_of_runs(events, facts)
    fresh = status if state == "at work" and _is_of_now(status, events) else {}
    levels, total = _counts(facts, last)
    idle = max(0.0, clock - figure(events[-1], "clock")) if held else 0.0
    seconds = facts.seconds + idle
    return View(
        facts=facts,
        state=state,
        levels=levels,
        total=total,
        under_way=tuple(_under_way(facts, last, fresh, clock if held else None)),
        failures=tuple(islice(_failures(last, read), MOST_FAILURES)),
        cancelled=sum(
            one.event.get("outcome") == Outcome.CANCELLED for one in last.values()
        ),
        seconds=seconds,
        eta=_eta(fresh, total, seconds, now) if held else None,
        wait=_wait(events, clock) if state == "at work" else None,
    )


CATEGORIES = {outcome.value: outcome.category for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class _Last:
    """The last that the journal says of a run."""

    event: Event
    category: str
    """``solved missed void``; empty while it is under way."""
    by_owner: bool
    """Said while the present owner of the session has it, not a former one."""


def _last_of_runs(events: Sequence[Event], facts: SessionFacts) -> dict[str, _Last]:
    """Run id → its last event, in the order of these events."""
    planned = set(facts.plan)
    owners = sum(event["event"] == SESSION for event in events)
    last: dict[str, _Last] = {}
    seen = 0
    for event in events:
        seen += event["event"] == SESSION
        run_id = text(event, "run_id")
        if event["event"] in (STARTED, FINISHED) and run_id in planned:
            last.pop(run_id, None)
            last[run_id] = _Last(event, _category(event), seen == owners)
    return last


def _category(event: Event) -> str:
    if event["event"] == STARTED:
        return ""
    return CATEGORIES.get(text(event, "outcome"), "void")


def _is_of_now(status: Event, events: Sequence[Event]) -> bool:
    """Whether it was written since the session was last taken up."""
    begun = [text(event, "time") for event in events if event["event"] == SESSION]
    return text(status, "updated") >= max(begun, default="")


def _counts(
    facts: SessionFacts, last: Mapping[str, _Last]
) -> tuple[tuple[Count, ...], Count]:
    tallies = {
        level: {"planned": planned, "solved": 0, "missed": 0, "void": 0}
        for level, planned in facts.planned_by_level().items()
    }
    for run_id, one in last.items():
        if one.category:
            tallies[facts.level_of(run_id)][one.category] += 1
    levels = tuple(
        Count(level, **tallies[level]) for level in sorted(tallies, key=level_order)
    )
    words = ("planned", "solved", "missed", "void")
    sums = {word: sum(tally[word] for tally in tallies.values()) for word in words}
    return levels, Count("all", **sums)


def _under_way(
    facts: SessionFacts,
    last: Mapping[str, _Last],
    status: Event,
    clock: float | None,
) -> Iterator[UnderWay]:
    """``clock``: null where nobody is at work any more."""
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


def _failures(
    last: dict[str, _Last], read: Callable[[Event], RunRecord | None]
) -> Iterator[Failure]:
    for run_id in reversed(last):
        event, category = last[run_id].event, last[run_id].category
        if category not in ("missed", "void"):
            continue
        outcome, record = text(event, "outcome"), read(event)
        yield Failure(
            run_id=run_id,
            outcome=outcome,
            category=category,
            time=text(event, "time"),
            detail=record.detail if record else "",
            intended=record is not None and record.agent.intended_outcome == outcome,
        )


def _eta(status: Event, total: Count, seconds: float, now: datetime) -> float | None:
    """The controller's estimate, which knows that levels differ; else by the pace.

    A process that plays only a part of the night knows nothing of the rest of it.
    """
    left = total.planned - total.done
    known = isinstance(status.get("eta_seconds"), int | float)
    if known and figure(status, "planned") - figure(status, "done") >= left:
        age = (now - datetime.fromisoformat(text(status, "updated"))).total_seconds()
        return max(0.0, figure(status, "eta_seconds") - max(0.0, age))
    return left * seconds / total.done if total.done else None


def _wait(events: Sequence[Event], clock: float) -> Wait | None:
    """The last one, where nothing since says that it is over."""
    for event in reversed(events):
        if event["event"] in (WELL, SESSION, JOINED, ENDED, CLOSED):
            return None
        if event["event"] == AWAITED:
            return Wait(
                kind=text(event, "kind") or "server",
                reason=text(event, "reason"),
                seconds=max(0.0, clock - figure(event, "clock")),
                most=figure(event, "seconds"),
            )
    return None
