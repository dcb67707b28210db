"""Share solved by level and challenge, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.style import BLUE
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import ChallengeSummary
from pytest_overnight.reporting.summary import LevelSummary
from pytest_overnight.reporting.summary import NightSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHAT = (
    "solved; bar and ◆: mean over the level's challenges, ●: one challenge;\n"
    "whiskers: 95 %, these challenges played again; on the right: solved/counted runs"
)


def pass_rate_by_level(night: Night, summary: NightSummary) -> Figure | None:
    """Draw a bar a level, and its challenges below it with intervals of their own.

    With more challenges than can be read only levels are drawn. None without a run
    that counts.
    """
    levels = [level for level in summary.levels if level.rate.n][: style.MOST_ROWS]
    if not levels:
        return None
    many = len(summary.challenges) > style.MOST_ROWS
    shown = () if many else summary.challenges
    height = 1.2 + 0.4 * len(levels) + 0.24 * len(shown)
    figure = style.new_figure(night, finding(summary), height)
    axes = figure.add_subplot()
    y, ticks = 0.0, {}
    for level in levels:
        ticks[y] = level.level
        _draw_level(axes, y, level)
        for one in (c for c in shown if c.level == level.level):
            y += 0.8
            ticks[y] = one.test_id
            _draw_challenge(axes, y, one)
        y += 1.35
    axes.set_yticks(list(ticks), [style.name(tick) for tick in ticks.values()])
    axes.set_ylim(y - 0.7, -0.7)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", alpha=0.3)
    style.share_axis(axes.xaxis, WHAT)
    return figure


def finding(summary: NightSummary) -> str:
    """How much was solved, and which levels differ as far as intervals tell."""
    total = summary.total.rate
    runs = plural(total.n, "counted run")
    if total.n > 1 and total.successes in (0, total.n):
        return f"Solved {'all' if total.successes else 'none of the'} {runs}"
    solved = f"Solved {total.successes} of {runs}"
    levels = [level for level in summary.levels if level.rate.n]
    if len(levels) < 2:
        return solved
    levels.sort(key=lambda level: level.mean.estimate or 0.0)
    worst, best = levels[0], levels[-1]
    if _below(worst, levels[1]) and all(_below(worst, other) for other in levels[1:]):
        return f"{solved}; {_said(worst)} the weakest level"
    if all(_below(other, best) for other in levels[:-1]):
        return f"{solved}; {_said(best)} the strongest level"
    if _below(worst, best):
        return f"{solved}; {_said(worst)} below {_said(best)}"
    return f"{solved}; no level is clearly apart from the others"


def _below(one: LevelSummary, other: LevelSummary) -> bool:
    """Whether the whole interval of one level lies below the other's."""
    return one.mean.interval.high < other.mean.interval.low


def _said(level: LevelSummary) -> str:
    rate = level.rate
    return f"{style.name(level.level)} ({rate.successes} of {rate.n})"


def _draw_level(axes: Axes, y: float, level: LevelSummary) -> None:
    mean = level.mean.estimate or 0.0
    axes.barh(y, mean, height=0.75, color=BLUE, alpha=0.35)
    _whisker(axes, y, mean, level.mean.interval, level=True)
    _counts(axes, y, level.rate, level.void, weight="bold")


def _draw_challenge(axes: Axes, y: float, one: ChallengeSummary) -> None:
    if one.rate.estimate is not None:  # else "0/0" on the right says enough
        _whisker(axes, y, one.rate.estimate, one.rate.interval, level=False)
    _counts(axes, y, one.rate, one.void, weight="normal")


def _whisker(axes: Axes, y: float, x: float, ends: Interval, level: bool) -> None:
    axes.errorbar(
        x,
        y,
        xerr=style.whiskers(x, ends),
        marker="D" if level else "o",
        markersize=8 if level else 5,
        color=BLUE if level else "black",
        linewidth=2 if level else 1,
        capsize=4 if level else 2,
        clip_on=False,
    )


def _counts(axes: Axes, y: float, rate: Rate, void: int, weight: str) -> None:
    said = f"{rate.successes}/{rate.n}" + (f"  +{void} void" if void else "")
    axes.text(1.02, y, said, va="center", fontweight=weight, size=10)
