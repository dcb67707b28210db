"""Does the plan fit into the night, and what will it tell."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from pytest_overnight.orchestration.budget import ENDLESS
from pytest_overnight.orchestration.budget import shown
from pytest_overnight.orchestration.phases import REPORT
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.phases import cut_short
from pytest_overnight.orchestration.phases import report_reserve
from pytest_overnight.orchestration.planned import TonightsPlan
from pytest_overnight.orchestration.row import Row
from pytest_overnight.reporting.statistics import detectable


def plan_row(plan: TonightsPlan, phases: Sequence[Phase], seconds: float) -> Row:
    """Runs by phase, and their hours against the ``seconds`` there are.

    ``phases``: those that will be played.
    """
    parts = [f"{phase.name} {len(plan.of(phase))}" for phase in phases if phase.levels]
    text = f"{len(plan.runs)} runs ({', '.join(parts)}); expected "
    text += f"{shown(plan.expected_hours * 3600)}, at worst "
    text += shown(plan.worst_hours * 3600)
    if seconds == ENDLESS or plan.worst_hours * 3600 <= seconds:
        return Row("plan", "ok", text)
    probably = _cut(plan, phases, seconds, plan.expected_hours)
    perhaps = _cut(plan, phases, seconds, plan.worst_hours)
    text += f", in a night of {shown(seconds)}"
    if probably:
        text += f"; probably cut short: {', '.join(probably)}"
    elif perhaps:
        text += f"; at worst cut short: {', '.join(perhaps)}"
    advice = "Give more time, or less to do: --count, --phases, --challenge."
    return Row("plan", "warn", text, advice)


def _cut(
    plan: TonightsPlan, phases: Sequence[Phase], seconds: float, hours: float
) -> list[str]:
    """Names of the phases that would not get through."""
    playing = [phase for phase in phases if phase != REPORT]
    needs = {p.name: 3600 * plan.hours_of(p, hours) for p in playing if p.levels}
    left = seconds - report_reserve(seconds, phases)
    return [phase.name for phase in cut_short(playing, needs, left)]


def effect_row(plan: TonightsPlan) -> Row:
    """The difference that two such nights can show."""
    if plan.settings.scripted:
        return Row("effect", "ok", "none: scripts act, no model is measured")
    points = 100 * detectable(list(plan.repetitions().values()))
    if points >= 100:
        return Row("effect", "ok", "too few runs to tell two such nights apart")
    text = (
        f"two such nights can tell rates apart that differ by {points:.0f} points or "
        "more (80 % power, 5 % two-sided, at worst)"
    )
    return Row("effect", "ok", text)


def hrm_row(folder: Path | None) -> Row:
    """Whether there are tasks for the model's phase."""
    if folder is None:
        return Row("HRM", "ok", "no hrm_tasks/test_*.py here: the phase is left out")
    return Row("HRM", "ok", f"{folder}, on its own, with the model unloaded")


def notify_row(command: Sequence[str]) -> Row:
    """Whether the user's command will be found in the morning."""
    text = shlex.join(command)
    if shutil.which(command[0]):
        return Row("notify", "ok", text)
    return Row("notify", "warn", text, f"{command[0]} is not found: look at --notify.")
