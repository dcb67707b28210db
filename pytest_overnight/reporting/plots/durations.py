"""How long runs took, by challenge."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.style import MISSED
from pytest_overnight.reporting.plots.style import SOLVED
from pytest_overnight.reporting.summary import NightSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SKEWED = 20.0
"""The axis is logarithmic once the longest run took so many times the median."""
SHORTEST = 0.01
"""Seconds: the left end of a logarithmic axis, where runs of no time at all are put."""
UNITS = (("hours", 3600), ("minutes", 60), ("seconds", 1))
DECADES = {
    0.01: "0.01 s",
    0.1: "0.1 s",
    1: "1 s",
    10: "10 s",
    60: "1 min",
    600: "10 min",
    3600: "1 h",
    36000: "10 h",
}
"""Grid lines of a logarithmic axis."""
STEPS = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 36000)
"""Seconds between two grid lines."""
MOST_TICKS = 12
FEW = 100
"""Runs of a row whose marks can still be told apart at full size."""


def duration_distribution(night: Night, summary: NightSummary) -> Figure | None:
    """Draw a row a challenge, a mark a run, a line for the median.

    With more challenges than can be read a row is a level. None without a run that
    counts.
    """
    counted = [run for run in night.runs if run.counted]
    if not counted:
        return None
    many = len(summary.challenges) > style.MOST_ROWS
    names = [one.level if many else one.test_id for one in summary.challenges]
    rows: dict[str, list[RunRecord]] = {key: [] for key in names}
    for run in counted:
        rows[run.level if many else run.test_id].append(run)
    shown = [(key, runs) for key, runs in rows.items() if runs][: style.MOST_ROWS]
    figure = style.new_figure(night, finding(counted), 1.3 + 0.33 * len(shown))
    axes = figure.add_subplot()
    for y, (_, runs) in enumerate(shown):
        _draw_row(axes, y, runs)
    style.row_axis(axes, [f"{style.name(key)}  n={len(runs)}" for key, runs in shown])
    _time_axis(axes, [run.duration for run in counted])
    style.legend_above(axes)
    return figure


def finding(counted: Sequence[RunRecord]) -> str:
    """What the times are like; ``counted`` is not empty."""
    times = sorted(run.duration for run in counted)
    longest = max(counted, key=lambda run: run.duration)
    most = f"{span(longest.duration)} ({style.name(longest.run_id)})"
    if len(times) < 3:
        return f"The longest run took {most}"
    half = f"The median run took {span(statistics.median(times))}"
    cut = sum(run.outcome == "timeout" for run in counted)
    if not cut:
        return f"{half}, the longest {most}"
    stopped = "1 was" if cut == 1 else f"{cut} were"
    return f"{half}; {stopped} stopped by the time limit"


def _draw_row(axes: Axes, y: int, runs: Sequence[RunRecord]) -> None:
    size = 6 if len(runs) <= FEW else 3
    for mark, solved in ((SOLVED, True), (MISSED, False)):
        times = [max(run.duration, SHORTEST) for run in runs if run.success is solved]
        middle = y - 0.18 if solved else y + 0.18
        # Spread by the golden ratio: the same picture each time, no pattern in it.
        heights = [middle + 0.2 * (i * 0.618 % 1 - 0.5) for i in range(len(times))]
        if times:
            axes.plot(times, heights, linestyle="", markersize=size, alpha=0.7, **mark)
    median = statistics.median(run.duration for run in runs)
    axes.vlines(max(median, SHORTEST), y - 0.38, y + 0.38, "black", linewidth=2)


def _time_axis(axes: Axes, times: Sequence[float]) -> None:
    from matplotlib.ticker import FixedLocator
    from matplotlib.ticker import MultipleLocator
    from matplotlib.ticker import NullLocator

    where = "checking included; black line: median"
    if max(times) > SKEWED * max(statistics.median(times), SHORTEST):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(list(DECADES)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda value, _: DECADES.get(value, ""))
        what = f"wall time of a run, {where}; logarithmic axis"
    else:
        axes.set_xlim(left=0)
        fits = (step for step in STEPS if max(times) / step <= MOST_TICKS)
        step = next(fits, max(times) / MOST_TICKS)
        axes.xaxis.set_major_locator(MultipleLocator(step))
        unit, size = next(u for u in UNITS if max(times) >= 2 * u[1] or u[1] == 1)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / size:g}")
        what = f"wall time of a run in {unit}, {where}"
    axes.grid(axis="x", alpha=0.3)
    style.caption(axes.xaxis, what)
