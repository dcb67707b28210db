"""How runs were missed: each way as a share of all runs that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_overnight.reporting.failures import FailurePatterns
from pytest_overnight.reporting.failures import Kind
from pytest_overnight.reporting.failures import KindSplit
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.style import BLUE
from pytest_overnight.reporting.plots.style import ORANGE
from pytest_overnight.reporting.plots.style import PALE
from pytest_overnight.reporting.plots.style import SKY
from pytest_overnight.reporting.statistics import wilson
from pytest_overnight.reporting.summary import Frequency
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.summary import level_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_LEVELS = 6
"""Levels that a bar's text and the lower panel can hold."""

_KINDS: dict[Kind, tuple[str, str, str]] = {
    Kind.ANSWER: (ORANGE, "", "black"),
    Kind.RAN_OUT: (BLUE, "", "white"),
    Kind.LOOP: (PALE, "ooo", "black"),
    Kind.ERROR: (SKY, "///", "black"),
    Kind.ISOLATION: ("black", "", "white"),
}
"""Colour, hatch and colour of numbers: also apart in grey."""


def failure_modes(
    night: Night, summary: NightSummary, patterns: FailurePatterns | None
) -> Figure | None:
    """Draw a bar a way of failing; None when no run was missed."""
    modes = summary.failures
    if not modes:
        return None
    splits = [s for s in patterns.level_kinds if s.missed] if patterns else []
    splits = splits[:MOST_LEVELS]
    heights = [0.36 * len(modes), *([0.42 * len(splits)] if splits else [])]
    height = 1.2 + sum(heights) + (0.9 if splits else 0.0)
    figure = style.new_figure(night, finding(summary), height)
    panels = figure.subplots(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    _draw_modes(panels[0], night, summary)
    if splits:
        _draw_kinds(panels[1], splits)
    return figure


def finding(summary: NightSummary) -> str:
    """How many runs were missed, and whether one way leads; needs a missed run."""
    total, modes = summary.total, summary.failures
    missed = f"Missed {total.missed} of {plural(total.rate.n, 'counted run')}"
    first = modes[0]
    if len(modes) == 1:
        return f"{missed}, all of them: {first.mode}"
    share = percent(first.rate.successes / total.missed)
    if _leads(first, modes[1]):
        return f"{missed}; {share} of the misses: {first.mode}"
    first_two = (f"{mode.mode} {mode.rate.successes}" for mode in modes[:2])
    return f"{missed}; no way clearly leads ({', '.join(first_two)})"


def _leads(first: Frequency, other: Frequency) -> bool:
    """Whether, of the runs missed in either way, clearly most were in the first."""
    one, two = first.rate.successes, other.rate.successes
    return wilson(one, one + two).low > 0.5


def _draw_modes(axes: Axes, night: Night, summary: NightSummary) -> None:
    modes = summary.failures
    levels = {run.run_id: run.level for run in night.runs}
    for y, mode in enumerate(modes):
        _draw_mode(axes, y, mode, levels)
    style.row_axis(axes, [mode.mode for mode in modes])
    axes.set_xlim(0, min(1.0, 1.05 * max(mode.rate.interval.high for mode in modes)))
    axes.grid(axis="x", alpha=0.3)
    counted = plural(summary.total.rate.n, "counted run")
    what = f"share of the {counted}; whiskers: Wilson 95 %; on the right: runs by level"
    style.share_axis(axes.xaxis, what)


def _draw_mode(axes: Axes, y: int, mode: Frequency, levels: Mapping[str, str]) -> None:
    share, ends = mode.rate.estimate or 0.0, mode.rate.interval
    axes.barh(y, share, height=0.65, color=ORANGE, alpha=0.7)
    whiskers = style.whiskers(share, ends)
    axes.errorbar(share, y, xerr=whiskers, color="black", capsize=3, linewidth=1)
    by_level = Counter(levels[run_id] for run_id in mode.run_ids)
    names = sorted(by_level, key=level_order)
    said = plural(mode.rate.successes, "run")
    if len(names) <= MOST_LEVELS:
        parts = (f"{style.name(level, 12)} {by_level[level]}" for level in names)
        said = f"{said}: {', '.join(parts)}"
    right = axes.get_yaxis_transform()
    axes.text(1.01, y, said, transform=right, va="center", size=style.CAPTION)


def _draw_kinds(axes: Axes, splits: Sequence[KindSplit]) -> None:
    """Draw what a level's missed runs were lost to, side by side."""
    for y, split in enumerate(splits):
        left = 0.0
        for kind, (color, hatch, ink) in _KINDS.items():
            number = split.of(kind)
            if not number:
                continue
            width = number / split.counted
            axes.barh(
                y,
                width,
                0.7,
                left,
                color=color,
                hatch=hatch,
                edgecolor="white" if ink == "white" else "black",
                linewidth=0.6,
                label=kind.value,
            )
            axes.text(
                left + width / 2,
                y,
                str(number),
                ha="center",
                va="center",
                color=ink,
                size=style.CAPTION,
                bbox={"facecolor": color, "edgecolor": "none", "pad": 2.0},
            )
            left += width
    style.row_axis(axes, [f"{style.name(s.name, 12)}  n={s.counted}" for s in splits])
    axes.set_xlim(0, 1.02 * max(s.missed / s.counted for s in splits))
    what = "share of a level's counted runs, by what they were lost to; numbers: runs"
    style.share_axis(axes.xaxis, what)
    style.legend_above(axes)
