"""Rounds of a run, and whether it was solved."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.breakdown import round_bins
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.style import BLUE
from pytest_overnight.reporting.plots.style import ORANGE
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.trends import trend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHANCE = 0.05
"""A link that chance alone gives more often is none to speak of."""

Bin = tuple[int, int]


def rounds_vs_success(night: Night) -> Figure | None:
    """Draw the share solved by number of rounds; None without a run that counts.

    Below it: how many runs were solved, standing, and missed, hanging.
    """
    counted = [run for run in night.runs if run.counted]
    if not counted:
        return None
    bins = round_bins([run.rounds for run in counted])
    rates = _rates(counted, bins)
    figure = style.new_figure(night, finding(counted), 4.6)
    shares, runs = figure.subplots(2, height_ratios=(3, 1.2), sharex=True)
    _draw_shares(shares, rates)
    _draw_runs(runs, rates)
    names = [str(low) if low == high else f"{low}–{high}" for low, high in bins]
    runs.set_xticks(range(len(bins)), names)
    aside = max(0.6, 2 - len(bins) / 2)  # a single bin is no wall
    runs.set_xlim(-aside, len(bins) - 1 + aside)
    style.caption(runs.xaxis, "rounds of a run; hard challenges take more of them")
    return figure


def finding(counted: Sequence[RunRecord]) -> str:
    """Whether rounds and success go together *within* challenges.

    Over all challenges they always do: hard ones take more rounds.
    """
    series: dict[str, list[tuple[float, bool]]] = {}
    for run in counted:
        doublings = math.log2(1 + run.rounds)
        series.setdefault(run.test_id, []).append((doublings, run.success is True))
    found = trend(series)
    if found is None:
        return "No challenge was both solved and missed at different numbers of rounds"
    if found.chance > CHANCE:
        return "Within a challenge, no clear link between rounds and success"
    often = "less" if _leaning(series) < 0 else "more"
    return f"Within a challenge, runs of more rounds were solved {often} often"


def _leaning(series: Mapping[str, Sequence[tuple[float, bool]]]) -> float:
    """Whether solved runs lie above (+) or below (-) their challenge's mean."""
    lean = 0.0
    for runs in series.values():
        mean = statistics.fmean(x for x, _ in runs)
        lean += sum(x - mean for x, solved in runs if solved)
    return lean


def _rates(counted: Sequence[RunRecord], bins: Sequence[Bin]) -> list[Rate]:
    """Of the runs in each class; a class is one length in binary digits."""
    runs = Counter(run.rounds.bit_length() for run in counted)
    solved = Counter(run.rounds.bit_length() for run in counted if run.success)
    digits = [last.bit_length() for _, last in bins]
    return [Rate(solved[number], runs[number]) for number in digits]


def _draw_shares(axes: Axes, rates: Sequence[Rate]) -> None:
    for x, rate in enumerate(rates):
        if rate.estimate is None:
            continue
        ends = style.whiskers(rate.estimate, rate.interval)
        axes.errorbar(x, rate.estimate, yerr=ends, marker="D", color=BLUE, capsize=4)
        said = f"{rate.successes}/{rate.n}"
        axes.annotate(
            said,
            (x, rate.estimate),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            size=10,
            weight="bold",
        )
    axes.set_ylim(-0.03, 1.03)
    axes.grid(axis="y", alpha=0.3)
    style.share_axis(axes.yaxis, "solved, with Wilson 95 %")


def _draw_runs(axes: Axes, rates: Sequence[Rate]) -> None:
    places = range(len(rates))
    solved = [rate.successes for rate in rates]
    missed = [rate.successes - rate.n for rate in rates]
    axes.bar(places, solved, width=0.5, color=BLUE, label="solved ↑")
    axes.bar(places, missed, width=0.5, color=ORANGE, hatch="///", label="missed ↓")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.margins(y=0.15)
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.locator_params(axis="y", integer=True, nbins=4)
    style.caption(axes.yaxis, "runs")
    style.legend_above(axes)
