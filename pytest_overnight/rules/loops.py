"""When an agent goes in circles: pure functions over its actions and what it saw.

An action is compared by what it did and what came back, never by the model's thoughts:
rephrasing the reason does not make a repetition new. Polling is no loop, since its
observation changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NUDGE_AT = 3
"""Equal steps in a row after which the agent is told."""
STOP_AT = 4
"""Equal steps in a row after which it is stopped, once told."""

# What differs between two equal observations without meaning anything.
_NOISE = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "0x"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,Z+:]*"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? ?(ns|µs|us|ms|s|sec|seconds?)\b"), "<duration>"),
    (re.compile(r"\bpid[ =:]+\d+", re.IGNORECASE), "<pid>"),
    (re.compile(r"/tmp/[\w./-]+"), "<tmp>"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One action with what came back, in a form that can be compared."""

    action: str
    observation: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same step again and again at the end of the steps."""

    rule: str
    """``L1``: the same action and answer; ``L2``: the answer is an error."""
    first: int
    """Index of the first of the equal steps: tells one streak from another."""
    count: int


def step(tool: str, arguments: dict[str, Any], observation: str, ok: bool) -> Step:
    """Make a step; arguments are compared by value, observations without noise."""
    tidy = {k: v.strip() if isinstance(v, str) else v for k, v in arguments.items()}
    action = json.dumps([tool, tidy], sort_keys=True, default=str)
    return Step(action, without_noise(observation), ok)


def without_noise(text: str) -> str:
    """``text`` without colours, times, durations, addresses and temporary paths."""
    for pattern, replacement in _NOISE:
        text = pattern.sub(replacement, text)
    return text.strip()


def find_repeat(steps: Sequence[Step]) -> Repeat | None:
    """The streak of equal steps at the end, if it is long enough to speak of."""
    if not steps:
        return None
    first = len(steps) - 1
    while first > 0 and steps[first - 1] == steps[-1]:
        first -= 1
    count = len(steps) - first
    if count < NUDGE_AT:
        return None
    return Repeat("L1" if steps[-1].ok else "L2", first, count)


def is_looping(steps: Sequence[Step]) -> bool:
    """Whether a loop rule holds on the tail, whatever has stopped the agent."""
    return find_repeat(steps) is not None


def steps_of(events: Iterable[dict[str, Any]]) -> list[Step]:
    """The steps of a ledger's ``action`` events."""
    return [
        step(e["tool"], e["arguments"], e["observation"], e["ok"])
        for e in events
        if e.get("event") == "action"
    ]
