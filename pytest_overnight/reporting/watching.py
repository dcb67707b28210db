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
from pytest_overnight.records.session import read_session
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import level_order
from pytest_overnight.reporting.under_way import Last
from pytest_overnight.reporting.under_way import UnderWay
from pytest_overnight.reporting.under_way import last_of_runs
from pytest_overnight.reporting.under_way import under_way

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
class Failure:
    """A missed or void run."""

    run_id: str
    outcome: str
    category: str
    """``missed`` or ``void``."""
    time: datetime | None
    """When its record was written; null where the journal does not say."""
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
    left: int
    """Runs without a result that counts, nor one that a rehearsal meant: the rest."""
    seconds: float
    """Wall seconds at work, of all processes one after the other."""
    eta: float | None
    """Seconds until the last run is done; null before anything is known."""
    wait: Wait | None
    """Null where no run is kept back."""

    @property
    def per_hour(self) -> float | None:
        """Runs done in an hour of work; null before the first."""
        if not self.total.done or self.seconds <= 0:
            return None
        return 3600 * self.total.done / self.seconds

    @property
    def scripted(self) -> bool:
        """Whether scripts act, and no model is measured."""
        return bool(self.facts.agent.get("scripted"))


def is_about_to_begin(holder: Event, events: Sequence[Event]) -> bool:
    """Whether who holds the lock has not said yet what it is about to play.

    ``holder``: what stands in the lock file. What else a journal tells of is then a
    former night, or a former process of this one.
    """
    begun = [event for event in events if event["event"] == SESSION]
    if not begun or not holder:
        return True
    said = figure(begun[-1], "pid") == figure(holder, "pid")
    return not said and text(holder, "started") > text(begun[-1], "time")


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
    last = last_of_runs(events, facts)
    fresh = status if state == "at work" and _is_of_now(status, events) else {}
    levels, total = _counts(facts, last)
    idle = max(0.0, clock - figure(events[-1], "clock")) if held else 0.0
    seconds = facts.seconds + idle
    return View(
        facts=facts,
        state=state,
        levels=levels,
        total=total,
        under_way=tuple(under_way(facts, last, fresh, clock if held else None)),
        failures=tuple(islice(_failures(last, read), MOST_FAILURES)),
        left=total.planned - total.done + sum(_undone(last, read)),
        seconds=seconds,
        eta=_eta(fresh, total, seconds, now) if held else None,
        wait=_wait(events, clock) if state == "at work" else None,
    )


def _is_of_now(status: Event, events: Sequence[Event]) -> bool:
    """Whether it was written since the session was last taken up."""
    begun = [text(event, "time") for event in events if event["event"] == SESSION]
    return text(status, "updated") >= max(begun, default="")


def _counts(
    facts: SessionFacts, last: Mapping[str, Last]
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


def _failures(
    last: dict[str, Last], read: Callable[[Event], RunRecord | None]
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
            time=_moment(event, "time"),
            detail=record.detail if record else "",
            intended=record is not None and record.agent.intended_outcome == outcome,
        )


def _undone(
    last: dict[str, Last], read: Callable[[Event], RunRecord | None]
) -> Iterator[bool]:
    """Of each void run: whether it is to be played again."""
    for one in last.values():
        if one.category == "void":
            record = read(one.event)
            yield record is None or not record.done


def _eta(status: Event, total: Count, seconds: float, now: datetime) -> float | None:
    """The controller's estimate, which knows that levels differ; else by the pace.

    A process that plays only a part of the night knows nothing of the rest of it.
    """
    left = total.planned - total.done
    known = isinstance(status.get("eta_seconds"), int | float)
    updated = _moment(status, "updated")
    covered = figure(status, "planned") - figure(status, "done") >= left
    if known and updated and covered:
        age = (now - updated).total_seconds()
        return max(0.0, figure(status, "eta_seconds") - max(0.0, age))
    return left * seconds / total.done if total.done else None


def _moment(event: Event, key: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text(event, key))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


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
