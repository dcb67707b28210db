"""L6, L9, L10: rules over the rounds of a try. They bound the loop."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_overnight.rules.finding import Finding
from pytest_overnight.rules.history import Round

UNUSED = 3
"""L6, L10: rounds in a row without an action, at which the work ends."""
RECENT = 6
"""L9: rounds looked back upon …"""
COMPACTIONS, TRUNCATED = 3, 2
"""… and what is too much in them."""
ENOUGH_FREED = 1 / 3
"""A compaction that freed so much of the conversation was worth while: in a small
window they come often, and the work goes on well between them."""


def unused_rounds(rounds: Sequence[Round]) -> Finding | None:
    """L6: talk instead of action; L10: nothing that could be used at all.

    Each counts by itself: one empty answer among talk, or the other way round, begins
    a new streak, since the agent may be about to find its way.
    """
    kinds = [_kind(ended.unused) for ended in rounds]
    if not kinds or not kinds[-1]:
        return None
    first = len(kinds) - 1
    while first > 0 and kinds[first - 1] == kinds[-1]:
        first -= 1
    count = len(kinds) - first
    stop = count >= UNUSED
    if kinds[-1] == "L6":
        detail = f"{count} answers in a row without a tool call"
        return Finding("L6", first, count, stop, detail)
    if not stop:
        return None
    detail = f"{count} rounds in a row were of no use, the last: {rounds[-1].unused}"
    return Finding("L10", first, count, True, detail)


def _kind(unused: str) -> str:
    """The rule that a round counts for; empty when an action was carried out."""
    if not unused:
        return ""
    return "L6" if unused == "talk" else "L10"


def context_thrash(rounds: Sequence[Round]) -> Finding | None:
    """L9: the conversation does not fit, and making it shorter does not help."""
    recent = rounds[-RECENT:]
    begin = len(rounds) - len(recent)
    vain = [
        begin + at
        for at, ended in enumerate(recent)
        for freed in ended.compactions
        if freed < ENOUGH_FREED
    ]
    cut = [begin + at for at, ended in enumerate(recent) if ended.truncated]
    if len(vain) >= COMPACTIONS:
        detail = f"{len(vain)} compactions within {RECENT} rounds, each in vain"
        return Finding("L9", vain[0], len(vain), True, detail)
    if len(recent) == RECENT and all(ended.compactions for ended in recent):
        detail = f"the conversation was compacted in each of {RECENT} rounds"
        return Finding("L9", begin, RECENT, True, detail)
    if len(cut) >= TRUNCATED:
        detail = f"the prompt was cut in {len(cut)} of {RECENT} rounds"
        return Finding("L9", cut[0], len(cut), True, detail)
    return None
