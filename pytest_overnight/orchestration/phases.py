"""The phases of a night: what each plays, and its share of the time."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

HRM_MARKER = "hrm"


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of the night."""

    name: str
    share: float
    """Of the time, beside the others' shares."""
    levels: tuple[str, ...] = ()
    """Of its challenges; none: no runs of an agent belong to it."""


HRM = Phase("HRM", 3)
REPORT = Phase("report", 1)
PHASES = (
    Phase("L3-L5", 2, ("L3", "L4", "L5")),
    Phase("L6", 1, ("L6",)),
    HRM,
    Phase("A", 1, ("A",)),
    REPORT,
)
"""In their order. The shares are those of the hours of an eight-hour night."""

REPORT_SECONDS = 300.0
"""Most that is kept back for the report: a share of it would be far too much."""


def named(text: str) -> tuple[Phase, ...]:
    """The phases of ``L3-L5,report``, in the night's order; :class:`ValueError`."""
    known = {phase.name.casefold(): phase for phase in PHASES}
    words = [word.strip().replace("–", "-") for word in text.split(",")]
    wanted = {known.get(word.casefold()) for word in words if word}
    if None in wanted or not wanted:
        strange = [word for word in words if word.casefold() not in known]
        names = ", ".join(phase.name for phase in PHASES)
        raise ValueError(
            f"no phase is called {', '.join(map(repr, strange))}; there are: {names}. "
            "To play less of one, add -m L4 or --challenge L4-1"
        )
    return tuple(phase for phase in PHASES if phase in wanted)


def selecting(phases: Iterable[Phase], own: str = "") -> str:
    """The ``-m`` expression of these phases, narrowed by one of the user's ``own``."""
    levels = " or ".join(level for phase in phases for level in phase.levels)
    return narrowed(levels, own)


def narrowed(expression: str, own: str) -> str:
    """Both at once; an empty ``own`` narrows nothing."""
    return f"({expression}) and ({own})" if own.strip() else expression


def seconds_for(phases: Sequence[Phase], left: float) -> float:
    """Time for the first of ``phases``, of which all are still to come.

    Asked anew before each phase: what one did not use flows on to all later ones, in
    proportion to their shares. Infinite where ``left`` is.
    """
    return left * phases[0].share / sum(phase.share for phase in phases)


def report_reserve(seconds: float, phases: Sequence[Phase]) -> float:
    """Seconds of a night that are kept back for its report."""
    if REPORT not in phases or seconds == float("inf"):
        return 0.0
    return min(REPORT_SECONDS, seconds_for([REPORT, *_others(phases)], seconds))


def _others(phases: Iterable[Phase]) -> list[Phase]:
    return [phase for phase in phases if phase != REPORT]


def cut_short(
    phases: Sequence[Phase], needs: dict[str, float], seconds: float
) -> list[Phase]:
    """Those that would not get through, did each need so many seconds (by name)."""
    cut = []
    left = seconds
    for number, phase in enumerate(phases):
        has = seconds_for(phases[number:], left)
        need = needs.get(phase.name, 0.0)
        if need > has:
            cut.append(phase)
        left -= min(need, has)
    return cut
