"""From evidence to advice: what to fix first, and how many runs that would turn."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from pytest_overnight.reporting.advice.agent import WORSE
from pytest_overnight.reporting.advice.causal import LEVEL
from pytest_overnight.reporting.advice.causal import causal_advice
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.evidence import evidence_of
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Advices
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.advice.items import Effort
from pytest_overnight.reporting.advice.items import Gain
from pytest_overnight.reporting.advice.rules import RULES
from pytest_overnight.reporting.comparison import Comparison
from pytest_overnight.reporting.failures import FailurePatterns
from pytest_overnight.reporting.hrm import HrmProgress
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.summary import NightSummary

__all__ = ["Advice", "Advices", "Area", "Effort", "Gain", "advise"]

UNTESTED = 0.5
"""What an expected gain that nobody has tested counts in the order, as against one that
rests on a comparison: so the tested one comes first at similar gains."""
EFFORTS: tuple[Effort, ...] = ("minutes", "hours", "days")


def advise(
    night: Night,
    summary: NightSummary,
    patterns: FailurePatterns,
    ledgers: Mapping[str, LedgerFacts],
    comparison: Comparison | None = None,
    hrm: HrmProgress | None = None,
) -> Advices:
    """All advice that the night gives evidence for, that of most gain first."""
    evidence = evidence_of(night, summary, patterns, ledgers, comparison, hrm)
    causal = causal_advice(evidence)
    given = frozenset(item.rule for item in causal.items)
    evidence = dataclasses.replace(evidence, given=given)
    described = (item for rule in RULES for item in rule(evidence))
    items = tuple(sorted([*causal.items, *described], key=_order))
    return Advices(
        items=items,
        none_because="" if items else _none_because(evidence),
        notes=tuple(_notes(evidence, causal.tested, len(causal.items))),
    )


def _order(item: Advice) -> tuple[bool, float, int, int, str]:
    """What was better the night before; then most gain, least effort, most runs."""
    gain = item.gain.runs if item.gain else 0.0
    weighed = gain if item.causal else UNTESTED * gain
    effort = EFFORTS.index(item.effort)
    return (item.rule != WORSE, -weighed, effort, -len(item.run_ids), item.rule)


def _none_because(evidence: Evidence) -> str:
    if not evidence.runs:
        return "There is no advice: no run is recorded."
    if not evidence.counted:
        return "There is no advice: no run counts."
    if not evidence.missed:
        return (
            f"There is no advice: of the {plural(len(evidence.counted), 'run')} that "
            "count none was missed."
        )
    return (
        f"There is no advice: of the {plural(len(evidence.missed), 'missed run')} no "
        "two are alike in a way that says what to do."
    )


def _notes(evidence: Evidence, tested: int, found: int) -> list[str]:
    notes = []
    if evidence.missed:
        notes.append("Gains do not add up: a run may stand under several items.")
    if evidence.night.scripted:
        notes.append(
            "Scripts did work in this night, and no model: what stands here of the "
            "agent is about scripts, and shows what a report on a model would say."
        )
    if tested:
        notes.append(
            f"{plural(tested, 'feature')} of runs {'was' if tested == 1 else 'were'} "
            "held against being missed, within challenges and corrected for their "
            f"number; {found or 'none'} of them went with it by more than chance. Of "
            "nights without any cause at most one in "
            f"{round(1 / LEVEL)} gives such advice."
        )
    return notes
