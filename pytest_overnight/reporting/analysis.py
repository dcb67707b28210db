"""All that is known of a night, computed once; every page and picture is made of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.reporting.advice import Advices
from pytest_overnight.reporting.advice import advise
from pytest_overnight.reporting.breakdown import Breakdown
from pytest_overnight.reporting.breakdown import break_down
from pytest_overnight.reporting.comparison import Comparison
from pytest_overnight.reporting.comparison import compare_nights
from pytest_overnight.reporting.failures import FailurePatterns
from pytest_overnight.reporting.failures import failure_patterns
from pytest_overnight.reporting.hrm import HrmProgress
from pytest_overnight.reporting.hrm import hrm_progress
from pytest_overnight.reporting.ledgers import read_ledgers
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.night import load_night
from pytest_overnight.reporting.past import former_night
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.summary import summarise_night


@dataclass(frozen=True, slots=True)
class Analysis:
    """A night, and what follows from it."""

    night: Night
    summary: NightSummary
    breakdown: Breakdown
    patterns: FailurePatterns
    comparison: Comparison | None
    """With last night; null where there is none, or nothing in it to compare."""
    former: str | None
    """Session id of last night, the newest in ``history/`` of the same kind."""
    hrm: HrmProgress
    advices: Advices


def analyse(results: Path) -> Analysis:
    """Read a results folder and draw all conclusions.

    Raises :class:`pytest_overnight.reporting.night.ReportError` when it holds no night.
    """
    night = load_night(results)
    summary = summarise_night(night)
    ledgers = read_ledgers(results, night.runs)
    patterns = failure_patterns(night.runs, ledgers)
    problems: list[str] = []
    former = former_night(results, night, problems)
    comparison = compare_nights(night, former) if former else None
    hrm = hrm_progress(night.hrm)
    return Analysis(
        night=dataclasses.replace(night, problems=(*night.problems, *problems)),
        summary=summary,
        breakdown=break_down(night.runs, summary, ledgers),
        patterns=patterns,
        comparison=comparison,
        former=former.session_id if former else None,
        hrm=hrm,
        advices=advise(night, summary, patterns, ledgers, comparison, hrm),
    )
