"""What to fix first: one item in a line, and one in full."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.advice.items import gain_in_words
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import text

LISTS: Mapping[str, tuple[Area, ...]] = {
    "Top 5 agent improvements": (Area.AGENT,),
    "HRM-JEPA development priorities": (Area.HRM,),
    "Test suite enhancements": (Area.SUITE,),
    "Infrastructure fixes": (Area.INFRASTRUCTURE,),
    "Phase 2 implementation priorities": (Area.PHASE2,),
}
"""The plan's lists, in its order."""
WHOM: Mapping[Area, str] = {
    Area.AGENT: "the agent",
    Area.HRM: "HRM-JEPA",
    Area.SUITE: "the suite",
    Area.INFRASTRUCTURE: "the machine and its servers",
    Area.PHASE2: "phase 2",
}
FILES = {
    "quick_wins.md": "fixes that can be done at once",
    "phase2_tasks.md": "escalation to a larger model",
    "test_improvements.md": "the suite itself",
    "hrm_next_steps.md": "the HRM-JEPA model",
}
"""The artifacts beside the report."""


def in_short(advice: Advice) -> Markdown:
    """``**Title** – gain about 8 runs (4–11); minutes.``"""
    gain = gain_in_words(advice)
    return Markdown(f"**{text(advice.title)}** – gain {gain}; {advice.effort}.")


def meta(advice: Advice) -> str:
    """Area, gain, effort, and what kind of evidence it is."""
    evidence = "tested within challenges" if advice.causal else "described, not tested"
    return (
        f"For {WHOM[advice.area]}. Gain: {gain_in_words(advice)}. "
        f"Effort: {advice.effort}. Evidence: {evidence}."
    )
