"""What the loop rules look at: the actions and rounds of a try, in comparable form."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts
from pytest_overnight.rules.noise import without_noise

NOT_RUN = "not_run"
"""Tag of a call that the harness did not carry out: no step of the agent's."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action with what came back."""

    action: str
    """Tool, blank, arguments: equal for calls that ask for the same."""
    observation: str
    """Without noise."""
    ok: bool = True
    timed_out: bool = False
    """A command that ran into its time limit."""
    workspace: str = ""
    """Digest of the workspace afterwards; empty when it is not known."""

    @property
    def exchange(self) -> tuple[str, str, bool, str]:
        """What makes two steps equal: call, answer, success, and the files after it."""
        return self.action, self.observation, self.ok, self.workspace

    @property
    def tool(self) -> str:
        """Name of the tool."""
        return self.action.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Round:
    """One completed turn of the model, as far as the rules look at it."""

    unused: str = ""
    """Why no action was carried out: ``talk``, ``silent``, …; empty when one was."""
    compactions: tuple[float, ...] = ()
    """Share of the prompt, 0 to 1, that each compaction for this round has freed."""
    truncated: bool = False
    """The server left a part of the prompt out."""


@dataclass(slots=True)
class History:
    """A try so far; the loop appends, the rules only look."""

    steps: list[Step]
    rounds: list[Round]


def step(
    tool: str,
    arguments: dict[str, Any],
    observation: str,
    ok: bool,
    *,
    timed_out: bool = False,
    workspace: str = "",
) -> Step:
    """Make a step; arguments are compared by value, observations without noise."""
    action = f"{tool} {_canonical(arguments)}"
    return Step(action, without_noise(observation), ok, timed_out, workspace)


def _canonical(arguments: object) -> str:
    if isinstance(arguments, dict):
        arguments = {key: _tidy(key, value) for key, value in arguments.items()}
    try:
        return json.dumps(arguments, sort_keys=True, default=str)
    except (TypeError, ValueError, RecursionError):
        return "{?}"  # keys of several types, or nested too deeply


def _tidy(key: object, value: object) -> object:
    if not isinstance(value, str):
        return value
    return posixpath.normpath(value.strip()) if key == "path" else value.strip()


def history_of(events: Iterable[Event]) -> History:
    """The history that a ledger's events tell of, whoever wrote them; never raises."""
    reader = _Reader()
    for event in events:
        if isinstance(event, dict):
            reader.read(event)
    return reader.history


class _Reader:
    """Puts each event where the live loop had it."""

    def __init__(self) -> None:
        self.history = History([], [])
        self._at: dict[float, int] = {}
        """Number of a round → its index."""
        self._pending: list[float] = []
        """Compactions made for the round to come."""
        self._before = ""
        """Kind of the event before this one."""

    def read(self, event: Event) -> None:
        kind = text(event, "event")
        if kind == "round":
            self._at[figure(event, "number")] = len(self.history.rounds)
            self.history.rounds.append(Round(compactions=tuple(self._pending)))
            self._pending = []
        elif kind == "action":
            if NOT_RUN not in texts(event, "tags"):
                self.history.steps.append(_step_of(event))
        elif kind == "unused":
            self._mark(event, unused=text(event, "reason") or "unknown")
        elif kind == "truncated":
            self._mark(event, truncated=True)
        elif kind == "compaction":
            self._compacted(_freed(event))
        self._before = kind

    def _mark(self, event: Event, **changes: Any) -> None:
        """Change the round that the event names, if there is one."""
        at = self._at.get(figure(event, "round"))
        if at is not None:
            self.history.rounds[at] = replace(self.history.rounds[at], **changes)

    def _compacted(self, freed: float) -> None:
        rounds = self.history.rounds
        if self._before == "truncated" and rounds:
            # Made at once, because of the round that has just ended.
            last = rounds[-1]
            rounds[-1] = replace(last, compactions=(*last.compactions, freed))
        else:
            self._pending.append(freed)


def _step_of(event: Event) -> Step:
    return step(
        text(event, "tool"),
        event.get("arguments", {}),
        text(event, "observation"),
        bool(event.get("ok", True)),
        timed_out="command_timeout" in texts(event, "tags"),
        workspace=text(event, "workspace"),
    )


def _freed(event: Event) -> float:
    """Nothing is held against an event whose figures are unknown."""
    before, after = figure(event, "before"), figure(event, "after")
    return 1 - after / before if before > 0 else 1.0
