"""The lists to tick off beside the report, each a page of its own for a phone."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_overnight.reporting import provenance
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Advices
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.advice.items import gain_in_words
from pytest_overnight.reporting.hrm import HrmProgress
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import definition
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.templates import render

MOST_IDS = 12
"""Runs named with an item: enough to look at, few enough for a phone."""


@dataclass(frozen=True, slots=True)
class _Artifact:
    """One file and whether an item of advice belongs into it."""

    name: str
    areas: tuple[Area, ...]
    quick: bool = False
    """Only what takes minutes, of any area."""

    def items(self, advices: Advices) -> tuple[Advice, ...]:
        return advices.quick_wins if self.quick else advices.of(*self.areas)


_ARTIFACTS = (
    _Artifact("quick_wins.md", tuple(Area), quick=True),
    _Artifact("phase2_tasks.md", (Area.PHASE2,)),
    _Artifact("test_improvements.md", (Area.SUITE,)),
    _Artifact("hrm_next_steps.md", (Area.HRM,)),
)


def artifact_pages(
    night: Night, advices: Advices, hrm: HrmProgress | None
) -> dict[str, str]:
    """Name → text of the plan's four files, in its order.

    A page without an item says why it is empty.
    """
    return {one.name: _page(one, night, advices, hrm) for one in _ARTIFACTS}


def _page(
    artifact: _Artifact, night: Night, advices: Advices, hrm: HrmProgress | None
) -> str:
    items = artifact.items(advices)
    named = dict.fromkeys(i for item in items for i in item.run_ids[:MOST_IDS])
    return render(
        artifact.name,
        night=night,
        date=(night.session_id or "").removeprefix("overnight-"),
        banner=provenance.banner(night),
        agents=provenance.agent_lines(night),
        counted=sum(run.counted for run in night.runs),
        missed=sum(run.counted and not run.success for run in night.runs),
        items=items,
        notes=advices.notes if items else (),
        why_empty=advices.none_because,
        hrm=hrm,
        gain_of=gain_in_words,
        most_ids=MOST_IDS,
        targets=Markdown("\n".join(definition(i, f"runs/{i}.json") for i in named)),
    )
