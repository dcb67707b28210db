"""The lists to tick off beside the report, each a page of its own for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.records.store import write_whole
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


def write_artifacts(
    results: Path, night: Night, advices: Advices, hrm: HrmProgress | None
) -> list[Path]:
    """Write the plan's four files into ``results``; their paths, in the plan's order.

    A file without an item says why it is empty. Raises :class:`OSError` when one
    cannot be written.
    """
    written = []
    for artifact in _ARTIFACTS:
        path = results / artifact.name
        write_whole(path, _page(artifact, night, advices, hrm).encode())
        written.append(path)
    return written


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
        notes=advices.notes if any(item.causal for item in items) else (),
        why_empty=advices.none_because,
        hrm=hrm,
        gain_of=gain_in_words,
        most_ids=MOST_IDS,
        targets=Markdown("\n".join(definition(i, f"runs/{i}.json") for i in named)),
    )
