"""L1 – L5, L7, L11: rules over the actions of a try.

Each looks at the tail, and is ``None`` when it does not hold there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence

from pytest_overnight.rules.finding import Finding
from pytest_overnight.rules.history import Step

# Each pair: when the agent is told, when it is stopped.
REPEATS = (3, 4)
"""L1, L2: equal steps in a row."""
PERIODS = (3, 4)
"""L3: times the same two or three steps come round."""
STALE = (10, 16)
"""L4: actions that change nothing …"""
FEW_NEW = 3
"""… among which fewer than this many brought an answer never seen before."""
RETURNS = (3, 4)
"""L5: returns to the same state of the workspace."""
ERRORS = ((6, 8), (10, 12))
"""L7: failed actions, of so many."""
TIME_LIMITS = 3
"""L11: commands in a row that ran into their time limit."""


def repeat(steps: Sequence[Step]) -> Finding | None:
    """L1: the same action, the same answer; L2: and the answer is an error."""
    if not steps:
        return None
    first = len(steps) - 1
    while first > 0 and steps[first - 1].exchange == steps[-1].exchange:
        first -= 1
    count = len(steps) - first
    if count < REPEATS[0]:
        return None
    rule = "L1" if steps[-1].ok else "L2"
    detail = f"{count} equal calls of {steps[-1].tool} in a row"
    return Finding(rule, first, count, count >= REPEATS[1], detail)


def cycle(steps: Sequence[Step]) -> Finding | None:
    """L3: two or three different steps come round and round."""
    seen = [step.exchange for step in steps]
    for period in (2, 3):
        if len(set(seen[-period:])) < period:
            continue
        first = len(seen) - period
        while first > 0 and seen[first - 1] == seen[first - 1 + period]:
            first -= 1
        count = (len(seen) - first) // period
        if count >= PERIODS[0]:
            tools = ", ".join(step.tool for step in steps[-period:])
            detail = f"the same {period} calls ({tools}) {count} times over"
            return Finding("L3", first, count, count >= PERIODS[1], detail)
    return None


def stagnation(steps: Sequence[Step]) -> Finding | None:
    """L4: nothing is changed, and hardly anything is seen that is new."""
    # By the answer: who asks in ever new words and hears what is known learns nothing.
    new = _are_new([step.observation for step in steps])

    def holds(end: int, width: int) -> bool:
        begin = end - width
        if begin < 0 or sum(new[begin:end]) >= FEW_NEW:
            return False
        states = {step.workspace for step in steps[begin:end]}
        before = steps[begin - 1].workspace if begin else ""
        return len(states) == 1 and "" not in states and before in {"", *states}

    told, stopped = STALE
    if not holds(len(steps), told):
        return None
    first = _streak(len(steps), told, lambda end: holds(end, told))
    count = len(steps) - first
    detail = f"{count} calls in a row that changed nothing and hardly looked further"
    return Finding("L4", first, count, holds(len(steps), stopped), detail)


def _are_new(texts: Sequence[str]) -> list[bool]:
    """Of each text whether it is the first of its kind."""
    earliest: dict[str, int] = {}
    return [earliest.setdefault(text, at) == at for at, text in enumerate(texts)]


def ping_pong(steps: Sequence[Step]) -> Finding | None:
    """L5: the workspace is put back to where it was, again and again.

    A state that was never there before begins a new streak: who writes a different
    helper file each time, and removes it again, is getting on.
    """
    known: set[str] = set()
    returns: Counter[str] = Counter()
    first, now = 0, ""
    for at, step in enumerate(steps):
        state = step.workspace
        if state in ("", now):
            continue
        if state in known:
            returns[state] += 1
        else:
            first = at
            returns.clear()
        known.add(state)
        now = state
    count = returns[now]
    if count < RETURNS[0]:
        return None
    detail = f"{count} returns to the same state of the files"
    return Finding("L5", first, count, count >= RETURNS[1], detail)


def error_storm(steps: Sequence[Step]) -> Finding | None:
    """L7: most of what is tried fails, whatever it is."""
    failed = [not step.ok for step in steps]
    (told, width), (stopped, wide) = ERRORS

    def holds(end: int) -> bool:
        return sum(failed[max(0, end - width) : end]) >= told

    if not holds(len(steps)):
        return None
    stop = sum(failed[-wide:]) >= stopped
    count, of = sum(failed[-width:]), min(width, len(steps))
    detail = f"{count} of the last {of} calls failed"
    return Finding("L7", _streak(len(steps), width, holds), count, stop, detail)


def time_limits(steps: Sequence[Step]) -> Finding | None:
    """L11: commands that never end; only what succeeds in between ends the streak."""
    first, count = len(steps), 0
    for at in range(len(steps) - 1, -1, -1):
        if steps[at].timed_out:
            first, count = at, count + 1
        elif steps[at].ok:
            break
    if count < TIME_LIMITS:
        return None
    detail = f"{count} commands in a row ran into their time limit"
    return Finding("L11", first, count, True, detail)


def _streak(end: int, width: int, holds: Callable[[int], bool]) -> int:
    """The first step of a rule's streak, for one that looks at ``width`` steps.

    ``holds(end)``: the rule holds after so many steps; it does so now. The streak goes
    back for as long as it held without a break, and begins with the steps that it
    looked at when it first did.
    """
    while holds(end - 1):
        end -= 1
    return max(0, end - width)
