"""Counts and times of a try, read off its ledger.

The one way from events to figures: a try that was killed is counted like one that
ended well, from what had reached the disk.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text

UNUSED = ("talk", "silent", "cut", "unreadable", "degenerate", "malformed")
"""Why a round can bring no action; another word is counted as ``other``."""


@dataclass(slots=True)
class Tally:
    """What the ledger of one try adds up to. Seconds and tokens as named."""

    rounds: int = 0
    rounds_unused: dict[str, int] = field(default_factory=dict)
    """Reason → rounds without an action that was carried out."""
    truncated_rounds: int = 0
    actions: int = 0
    actions_failed: int = 0
    actions_repaired: int = 0
    nudges: int = 0
    compactions: int = 0
    llm_calls: int = 0
    retries: int = 0
    box_seconds: float = 0.0
    llm_seconds: float = 0.0
    tool_seconds: float = 0.0
    loop_seconds: float = 0.0
    agent_seconds: float = 0.0
    """Of an agent other than the built-in one, all it did."""
    rate_wait_seconds: float = 0.0
    infra_wait_seconds: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0
    max_prompt_tokens: int = 0
    decode_seconds: float = 0.0
    first_token_seconds: list[float] = field(default_factory=list)
    started: float | None = None
    """Unix time of the try's first event."""
    ready: float | None = None
    """Unix time when the box stood open and the agent could begin."""
    stopped: float | None = None
    """Unix time when the agent's work had ended and its box was closed."""
    first_action: float | None = None
    """Unix time after the first tool call."""

    @property
    def tokens_per_second(self) -> float | None:
        """Output tokens over the server's decode time."""
        if not self.output_tokens or self.decode_seconds <= 0:
            return None
        return self.output_tokens / self.decode_seconds

    @property
    def median_first_token_seconds(self) -> float | None:
        """Median over rounds."""
        times = self.first_token_seconds
        return statistics.median(times) if times else None

    @property
    def time_to_first_action_seconds(self) -> float | None:
        """From the start of the try to the end of its first tool call."""
        if self.started is None or self.first_action is None:
            return None
        return max(0.0, self.first_action - self.started)


def tally(events: Iterable[Event]) -> Tally:
    """Add up the events; what is none of the built-in agent's is passed over."""
    total = Tally()
    for event in events:
        add = _ADDITIONS.get(event["event"])
        if add:
            add(total, event)
    return total


def _seconds(event: Event) -> float:
    return max(0.0, figure(event, "seconds"))


def _add_started(total: Tally, event: Event) -> None:
    if total.started is None:
        total.started = figure(event, "time")


def _add_box(total: Tally, event: Event) -> None:
    total.box_seconds += _seconds(event)
    if total.ready is None:
        total.ready = figure(event, "time")


def _add_round(total: Tally, event: Event) -> None:
    total.rounds += 1
    total.llm_calls += 1
    total.llm_seconds += _seconds(event)
    prompt = int(figure(event, "prompt_tokens"))
    total.prompt_tokens += prompt
    total.output_tokens += int(figure(event, "output_tokens"))
    total.max_prompt_tokens = max(total.max_prompt_tokens, prompt)
    total.decode_seconds += figure(event, "decode_seconds")
    total.first_token_seconds.append(figure(event, "first_token_seconds"))


def _add_unused(total: Tally, event: Event) -> None:
    reason = text(event, "reason")
    reason = reason if reason in UNUSED else "other"
    total.rounds_unused[reason] = total.rounds_unused.get(reason, 0) + 1


def _add_action(total: Tally, event: Event) -> None:
    total.actions += 1
    total.actions_failed += not event.get("ok", True)
    total.actions_repaired += bool(event.get("repaired"))
    total.tool_seconds += _seconds(event)
    if total.first_action is None:
        total.first_action = figure(event, "time")


def _add_loop(total: Tally, event: Event) -> None:
    total.loop_seconds += _seconds(event)


def _add_agent(total: Tally, event: Event) -> None:
    total.agent_seconds += _seconds(event)


def _add_nudge(total: Tally, event: Event) -> None:
    total.nudges += 1


def _add_compaction(total: Tally, event: Event) -> None:
    total.compactions += 1


def _add_truncated(total: Tally, event: Event) -> None:
    total.truncated_rounds += 1


def _add_wait(total: Tally, event: Event) -> None:
    kind = event.get("kind")
    if kind == "rate":
        total.rate_wait_seconds += _seconds(event)
    elif kind in ("infra", "suspend", "load"):
        # A machine that slept, a model that was loaded: as little the agent's fault as
        # a server that is away.
        total.infra_wait_seconds += _seconds(event)


def _add_cut(total: Tally, event: Event) -> None:
    # A call that the deadline ended, and that gave no round. Where not one byte came,
    # nobody can say that the model was at work.
    total.llm_calls += 1
    if event.get("heard", True):
        total.llm_seconds += _seconds(event)
    else:
        total.infra_wait_seconds += _seconds(event)


def _add_fault(total: Tally, event: Event) -> None:
    total.llm_calls += 1
    total.retries += bool(event.get("retried"))
    if event.get("kind") == "infra":
        total.infra_wait_seconds += _seconds(event)
    else:
        total.llm_seconds += _seconds(event)  # refused: the agent's own time


def _add_stopped(total: Tally, event: Event) -> None:
    total.stopped = figure(event, "time")


_ADDITIONS: dict[object, Callable[[Tally, Event], None]] = {
    "started": _add_started,
    "box": _add_box,
    "round": _add_round,
    "unused": _add_unused,
    "action": _add_action,
    "loop": _add_loop,
    "agent": _add_agent,
    "nudge": _add_nudge,
    "compaction": _add_compaction,
    "truncated": _add_truncated,
    "wait": _add_wait,
    "cut": _add_cut,
    "fault": _add_fault,
    "stopped": _add_stopped,
}
