"""HRM-JEPA tasks: how far they came, and their numbers against their bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.records.hrm import Metric
from pytest_overnight.reporting.hrm import HrmProgress
from pytest_overnight.reporting.hrm import TaskProgress
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.style import BLUE
from pytest_overnight.reporting.plots.style import ORANGE
from pytest_overnight.reporting.plots.style import VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BANNER = "REHEARSAL – agents were scripts; HRM numbers were measured"
MOST_METRICS = 30
"""Rows of the lower panel."""

_PARTS: dict[str, dict[str, Any]] = {
    "completed": {"facecolor": BLUE},
    "only begun": {"facecolor": ORANGE, "hatch": "////"},
    "not begun": {"facecolor": "white"},
}

Bar = tuple[str, Metric]
"""A task's id and one of its metrics that has a bar."""


def hrm_bars(night: Night, hrm: HrmProgress | None) -> Figure | None:
    """Draw a row a task and a row a metric that has a bar; None without a record."""
    if hrm is None or not hrm.recorded:
        return None
    bars = [(t.task_id, m) for t in hrm.tasks for m in t.metrics if m.bar is not None]
    shown = bars[:MOST_METRICS]
    heights = [0.32 * len(hrm.tasks) + 0.2, *([0.27 * len(shown)] if shown else [])]
    height = 1.2 + sum(heights) + (0.7 if shown else 0.0)
    figure = style.new_figure(night, finding(hrm), height, BANNER)
    panels = figure.subplots(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    _draw_tasks(panels[0], hrm.tasks)
    if shown:
        _draw_metrics(panels[1], shown, len(bars) - len(shown))
    return figure


def finding(hrm: HrmProgress) -> str:
    """How many tasks were completed and how many bars were met."""
    met = sum(len(task.met) for task in hrm.tasks)
    bars = met + sum(len(task.missed) for task in hrm.tasks)
    said = f"HRM-JEPA: {hrm.completed} of {plural(len(hrm.tasks), 'task')} completed"
    if bars:
        said += f"; {met} of {plural(bars, 'bar')} met"
    return f"{said} (quick profile: no results)" if hrm.quick else said


def _draw_tasks(axes: Axes, tasks: Sequence[TaskProgress]) -> None:
    for y, task in enumerate(tasks):
        done, begun = task.sub_tasks_completed, task.sub_tasks_attempted
        all_of_them = len(task.record.sub_tasks) if task.record else 0
        parts = (0, done, begun, all_of_them)
        for (low, high), look in zip(pairwise(parts), _PARTS.values(), strict=True):
            if high > low:
                axes.barh(y, high - low, 0.6, low, edgecolor="black", **look)
        said = f" {done} of {all_of_them} sub-tasks" if task.record else " no record"
        said += ", quick profile" if task.quick else ""
        axes.text(all_of_them, y, said, va="center", size=style.CAPTION)
    style.row_axis(axes, [f"{t.task_id}  {style.name(t.title)}" for t in tasks])
    longest = max(len(task.record.sub_tasks) for task in tasks if task.record)
    axes.set_xlim(0, 1.45 * longest)
    axes.set_xticks(range(longest + 1))
    style.caption(axes.xaxis, "sub-tasks")
    for label, look in _PARTS.items():  # keys, whether or not such a part is drawn
        axes.barh(0, 0, edgecolor="black", label=label, **look)
    style.legend_above(axes)


def _draw_metrics(axes: Axes, bars: Sequence[Bar], left_out: int) -> None:
    axes.axvline(0, color="black", linewidth=1.5)
    right = axes.get_yaxis_transform()
    for y, (_, metric) in enumerate(bars):
        value, low, high = positions(metric)
        color = BLUE if metric.met else VERMILION
        axes.plot([low, high], [y, y], color=color, linewidth=2)
        marker = "o" if metric.met else "X"
        axes.plot(value, y, marker=marker, color=color, markersize=8)
        said = said_of(metric)
        axes.text(1.02, y, said, transform=right, va="center", size=style.CAPTION)
    names = [f"{task_id}  {style.name(m.name, 36)}" for task_id, m in bars]
    style.row_axis(axes, names)
    axes.set_xlim(-1.15, 1.15)
    axes.set_xticks([-0.8, 0, 0.8], ["← worse", "bar", "better →"])
    axes.tick_params(axis="x", length=0)
    what = "● met, ✕ missed; lines: 95 % intervals; each row has a scale of its own"
    if left_out:
        what += f"; {plural(left_out, 'more metric')} in the report"
    style.caption(axes.xaxis, what)


def positions(metric: Metric) -> tuple[float, float, float]:
    """Value and ends of its interval as drawn: 0 is the bar, right of it is better.

    Scaled so that what lies farthest from the bar is at distance 1.
    """
    bar = metric.bar or 0.0
    sign = -1.0 if metric.direction == "at most" else 1.0
    ends = [metric.value if end is None else end for end in (metric.low, metric.high)]
    places = [sign * (x - bar) for x in (metric.value, *ends)]
    scale = max(map(abs, places)) or 1.0
    value, *drawn = (place / scale for place in places)
    return value, min(drawn), max(drawn)


def said_of(metric: Metric) -> str:
    """``met: 0.91 (0.88 to 0.93), bar ≥ 0.85``."""
    met = "met" if metric.met else "missed"
    unit = f" {style.name(metric.unit, 12)}" if metric.unit else ""
    sign = "≤" if metric.direction == "at most" else "≥"
    ends = ""
    if metric.low is not None and metric.high is not None:
        ends = f" ({_figure(metric.low)} to {_figure(metric.high)})"
    bar = _figure(metric.bar or 0.0)
    return f"{met}: {_figure(metric.value)}{ends}, bar {sign} {bar}{unit}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
