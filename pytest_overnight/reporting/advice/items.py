"""What advice is made of: one item, what it would gain, and all items of a night."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pytest_overnight.reporting.markdown import plural

Effort = Literal["minutes", "hours", "days"]


class Area(StrEnum):
    """Who has something to do."""

    AGENT = "agent"
    SUITE = "suite"
    INFRASTRUCTURE = "infrastructure"
    HRM = "hrm"
    PHASE2 = "phase 2"


@dataclass(frozen=True, slots=True)
class Gain:
    """Runs that would turn from missed or void to solved, in a night like this one."""

    runs: float
    """Expected."""
    low: float
    high: float
    """Ends of a 95 % interval; bounds where the advice is not causal."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do. Texts that are not Markdown are escaped by the templates."""

    rule: str
    """Name of the rule that gave it, ``truncated_prompt``: the same every night."""
    area: Area
    title: str
    """What to do, in one line."""
    because: str
    """What was seen, with figures. Of a causal item: what missed runs *went with*."""
    steps: tuple[str, ...]
    """How, one step a line."""
    check: str
    """How to find out whether it helped."""
    gain: Gain | None
    """Null where nothing can be said of it."""
    effort: Effort
    run_ids: tuple[str, ...]
    """The runs behind it, in the report's order; empty only for HRM and the suite."""
    causal: bool
    """Whether it rests on an association that was tested within challenges and
    corrected for all that was looked at; else it describes, and its gain is a bound."""


@dataclass(frozen=True, slots=True)
class Advices:
    """All advice of a night, best first."""

    items: tuple[Advice, ...]
    none_because: str = ""
    """Why there is none, in a sentence; empty where there is some."""
    notes: tuple[str, ...] = ()
    """What a reader must know of all items, in sentences: scripts and not a model did
    the work; how many candidates were tested at which level."""

    def top(self, number: int) -> tuple[Advice, ...]:
        """The first ``number`` items of all areas."""
        return self.items[:number]

    def of(self, *areas: Area) -> tuple[Advice, ...]:
        """Items of these areas, best first."""
        return tuple(item for item in self.items if item.area in areas)

    @property
    def quick_wins(self) -> tuple[Advice, ...]:
        """What takes minutes."""
        return tuple(item for item in self.items if item.effort == "minutes")


def gain_in_words(item: Advice) -> str:
    """``about 8 runs (4–11)``; of what nobody has tested a bound."""
    gain = item.gain
    if gain is None:
        return "not known"
    if item.causal:
        return (
            f"about {plural(round(gain.runs), 'run')} ({gain.low:.0f}–{gain.high:.0f})"
        )
    most = f"at most {plural(round(gain.high), 'run')}"
    return f"{most}, perhaps {gain.runs:.0f}" if gain.runs >= 0.5 else most
