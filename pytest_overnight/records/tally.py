"""Counts and times of a try, read off its ledger.

The one way from events to figures: a try that was killed is counted like one that
ended well, from what had reached the disk.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

Event = dict[str, Any]


LARGEST = 1e15
"""Of a figure that can be meant."""


def _number(event: Event, key: str) -> float:
    """A figure of an event; 0 where a user's own agent wrote something else."""
    value = event.get(key, 0)
    is_figure = isinstance(value, int | float) and -LARGEST < value < LARGEST
    return value if is_figure else 0


@dataclass(slots=True)
class Tally:
    """What the ledger of one try adds up to. Seconds and tokens as named."""

    rounds: int = 0
    actions: int = 0
    actions_failed: int = 0
    actions_repaired: int = 0
    nudges: int = 0
    llm_calls: int = 0
    retries: int = 0
    llm_seconds: float = 0.0
    tool_seconds: float = 0.0
    infra_wait_seconds: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0
    max_prompt_tokens: int = 0
    decode_seconds: float = 0.0
    first_token_seconds: list[float] = field(default_factory=list)
    time_to_first_action_seconds: float | None = None

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


def tally(events: Iterable[Event]) -> Tally:
    """Add up ``round action nudge wait fault cut`` events."""
    total = Tally()
    started: float | None = None
    for event in events:
        kind = event["event"]
        if kind == "started" and started is None:
            started = _number(event, "time")
        elif kind == "round":
            _add_round(total, event)
        elif kind == "action":
            _add_action(total, event, started)
        elif kind == "nudge":
            total.nudges += 1
        elif kind == "wait":
            total.infra_wait_seconds += _number(event, "seconds")
        elif kind == "cut":
            # A call that the deadline ended: it took the agent's time, gave no round.
            total.llm_calls += 1
            total.llm_seconds += _number(event, "seconds")
        elif kind == "fault":
            total.llm_calls += 1
            total.retries += bool(event.get("retried"))
            if event.get("kind") == "infra":
                total.infra_wait_seconds += _number(event, "seconds")
    return total


def _add_round(total: Tally, event: Event) -> None:
    total.rounds += 1
    total.llm_calls += 1
    total.llm_seconds += _number(event, "seconds")
    prompt = int(_number(event, "prompt_tokens"))
    total.prompt_tokens += prompt
    total.output_tokens += int(_number(event, "output_tokens"))
    total.max_prompt_tokens = max(total.max_prompt_tokens, prompt)
    total.decode_seconds += _number(event, "decode_seconds")
    total.first_token_seconds.append(_number(event, "first_token_seconds"))


def _add_action(total: Tally, event: Event, started: float | None) -> None:
    total.actions += 1
    total.actions_failed += not event.get("ok", True)
    total.actions_repaired += bool(event.get("repaired"))
    total.tool_seconds += _number(event, "seconds")
    if total.time_to_first_action_seconds is None and started is not None:
        since = _number(event, "time") - started
        total.time_to_first_action_seconds = max(0.0, since)
