"""What to fix first: one item in a line, and one in full."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_overnight.reporting.advice_items import Advice
from pytest_overnight.reporting.advice_items import Area
from pytest_overnight.reporting.advice_items import Gain
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import plural
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
    """``**Title** – about 8 runs (4–11); minutes.``"""
    return Markdown(f"**{text(advice.title)}** – {_gain(advice)}; {advice.effort}.")


def meta(advice: Advice) -> str:
    """Area, gain, effort, and what kind of evidence it is."""
    evidence = "tested within challenges" if advice.causal else "described, not tested"
    return (
        f"For {WHOM[advice.area]}. Gain: {_gain(advice)}. Effort: {advice.effort}. "
        f"Evidence: {evidence}."
    )


def _gain(advice: Advice) -> str:
    if advice.gain is None:
        return "gain not known"
    if advice.causal:
        return f"about {_runs(advice.gain)}"
    most = plural(round(advice.gain.high), "run")
    return f"at most {most}, perhaps {advice.gain.runs:.0f}"


def _runs(gain: Gain) -> str:
    return f"{plural(round(gain.runs), 'run')} ({gain.low:.0f}–{gain.high:.0f})"
