"""The plan's plots, each to be understood in a few seconds.

Colours are Okabe and Ito's, told apart by colour-blind readers, and never the only
sign: marks differ in shape too. Whiskers are 95 % intervals, as in the tables.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.records.store import write_whole
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import NightSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REHEARSAL = "REHEARSAL – no model was measured"

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#7F7F7F"
SOLVED: dict[str, Any] = {"marker": "o", "color": BLUE, "label": "solved"}
MISSED: dict[str, Any] = {"marker": "x", "color": ORANGE, "label": "missed"}


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture and what it shows, for those who cannot see it."""

    name: str
    """File name without folder: ``failure_modes.png``."""
    shows: str


def draw_plots(night: Night, summary: NightSummary, folder: Path) -> tuple[Plot, ...]:
    """Draw what there is data for into ``folder``; a picture without data is removed.

    Raises :class:`ImportError` without matplotlib, :class:`OSError` when the folder
    cannot be written.
    """
    import matplotlib  # takes a second: only who reports pays

    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # the same picture whatever the user's own settings
        matplotlib.rcParams.update(_STYLE)
        for plot, draw in _PLOTS:
            path = folder / plot.name
            figure = draw(night, summary)
            if figure is None:
                path.unlink(missing_ok=True)
            else:
                write_whole(path, _png(figure))
                drawn.append(plot)
    return tuple(drawn)


_STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.parse_math": False,
}


def _png(figure: Figure) -> bytes:
    """Turn into a picture whose file bears the title too, for those who cannot see."""
    picture = io.BytesIO()
    title = {"Title": figure.axes[0].get_title("left")}
    figure.savefig(picture, format="png", dpi=120, bbox_inches="tight", metadata=title)
    return picture.getvalue()


def _canvas(night: Night, title: str, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure  # no pyplot: no window, no global state

    figure = Figure(figsize=(9, height))
    axes = figure.add_subplot()
    shout = f"{REHEARSAL}\n" if night.scripted else ""
    color = ORANGE if shout else "black"
    axes.set_title(f"{shout}{title}", loc="left", color=color, pad=12)
    return figure, axes


def _whiskers(estimate: float, ends: Interval) -> list[list[float]]:
    """Lengths below and above, as ``errorbar`` wants them; never negative."""
    return [[max(0.0, estimate - ends.low)], [max(0.0, ends.high - estimate)]]


def _share_axis(axis: Any, label: str) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axis.set_label_text(label)


def _pass_rate_by_level(night: Night, summary: NightSummary) -> Figure | None:
    """A bar a level, and its challenges below it with intervals of their own."""
    levels = [level for level in summary.levels if level.rate.n]
    if not levels:
        return None
    rows = len(levels) + len(summary.challenges)
    total = summary.total.rate
    title = f"Solved: {total.successes} of the {total.n} runs that count"
    figure, axes = _canvas(night, title, 1.6 + 0.3 * rows)
    y, ticks = 0.0, {}
    for level in levels:
        axes.barh(y, level.mean.estimate or 0.0, height=0.75, color=BLUE, alpha=0.35)
        _rate_mark(axes, y, level.mean.estimate, level.mean.interval, level.rate, "D")
        ticks[y] = level.level
        y += 1
        for one in (c for c in summary.challenges if c.level == level.level):
            _rate_mark(axes, y, one.rate.estimate, one.rate.interval, one.rate, "o")
            ticks[y] = one.test_id
            y += 0.8
        y += 0.5
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_ylim(y - 0.3, -0.8)
    axes.set_xlim(0, 1)
    axes.grid(axis="x", alpha=0.3)
    _share_axis(
        axes.xaxis,
        "solved; bar and ◆: mean over the level's challenges, ●: one challenge;\n"
        "whiskers: 95 % interval; on the right: solved/counted runs",
    )
    return figure


def _rate_mark(
    axes: Axes, y: float, x: float | None, ends: Interval, rate: Rate, marker: str
) -> None:
    level = marker == "D"
    if x is not None:  # of a challenge whose runs are all void, "0/0" says enough
        axes.errorbar(
            x,
            y,
            xerr=_whiskers(x, ends),
            marker=marker,
            markersize=8 if level else 5,
            color=BLUE if level else "black",
            linewidth=2 if level else 1,
            capsize=4 if level else 2,
            clip_on=False,
        )
    weight = "bold" if level else "normal"
    said = f"{rate.successes}/{rate.n}"
    axes.text(1.03, y, said, va="center", fontweight=weight)


def _duration_distribution(night: Night, summary: NightSummary) -> Figure | None:
    """A row a challenge, a mark a run, a line for the median."""
    members = [one for one in summary.challenges if one.duration]
    if not members:
        return None
    height = 1.8 + 0.33 * len(members)
    figure, axes = _canvas(night, "How long a run took, by challenge", height)
    for y, one in enumerate(members):
        runs = [r for r in night.runs if r.test_id == one.test_id and r.counted]
        for mark, solved in ((SOLVED, True), (MISSED, False)):
            times = [run.duration for run in runs if run.success is solved]
            heights = [y + (0.13 if solved else -0.13)] * len(times)
            axes.plot(times, heights, linestyle="", markersize=6, alpha=0.7, **mark)
        if one.duration:
            median = one.duration.median
            axes.vlines(median, y - 0.38, y + 0.38, "black", linewidth=2, zorder=1)
    names = [f"{one.test_id}  n={one.rate.n}" for one in members]
    axes.set_yticks(range(len(members)), names)
    axes.set_ylim(len(members) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("wall seconds of a run, checking included; black line: median")
    _legend(axes)
    return figure


def _legend(axes: Axes) -> None:
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(
        handles.values(),
        handles.keys(),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=2,
        frameon=False,
    )


def _failure_modes(night: Night, summary: NightSummary) -> Figure | None:
    """A bar a way of failing, as a share of all runs that count."""
    modes = summary.failures
    if not modes:
        return None
    total = summary.total
    title = f"How runs were missed: {total.missed} of {total.rate.n} that count"
    figure, axes = _canvas(night, title, 1.6 + 0.45 * len(modes))
    for y, mode in enumerate(modes):
        share, ends = mode.rate.estimate or 0.0, mode.rate.interval
        axes.barh(y, share, height=0.65, color=ORANGE, alpha=0.55)
        whiskers = _whiskers(share, ends)
        axes.errorbar(share, y, xerr=whiskers, color="black", capsize=3, linewidth=1)
        said = (
            f"  {mode.rate.successes} {'run' if mode.rate.successes == 1 else 'runs'}"
        )
        axes.text(ends.high, y, said, va="center")
    axes.set_yticks(range(len(modes)), [mode.mode for mode in modes])
    axes.set_ylim(len(modes) - 0.4, -0.6)
    axes.set_xlim(0, min(1.0, 1.25 * max(mode.rate.interval.high for mode in modes)))
    axes.grid(axis="x", alpha=0.3)
    _share_axis(
        axes.xaxis, f"share of the {total.rate.n} counted runs; whiskers: Wilson 95 %"
    )
    return figure


def _rounds_vs_success(night: Night, summary: NightSummary) -> Figure | None:
    """Share solved by number of rounds, and the runs themselves along the edges."""
    counted = [run for run in night.runs if run.counted]
    if not counted:
        return None
    figure, axes = _canvas(night, "Rounds taken, and runs solved", 4.8)
    bins = round_bins([run.rounds for run in counted])
    for x, (low, high) in enumerate(bins):
        inside = [run for run in counted if low <= run.rounds <= high]
        rate = Rate(sum(run.success is True for run in inside), len(inside))
        if rate.estimate is not None:
            whiskers = _whiskers(rate.estimate, rate.interval)
            axes.errorbar(
                x, rate.estimate, yerr=whiskers, marker="D", color=BLUE, capsize=4
            )
            said = f"{rate.successes}/{rate.n}"
            axes.text(x + 0.08, rate.estimate, said, va="center", fontweight="bold")
    names = [str(low) if low == high else f"{low}–{high}" for low, high in bins]
    axes.set_xticks(range(len(bins)), names)
    axes.set_xlim(-0.5, len(bins) - 0.3)
    axes.set_ylim(-0.03, 1.03)
    axes.grid(axis="y", alpha=0.3)
    axes.set_xlabel(
        "rounds of a run (hard challenges take more of them: no cause is shown)"
    )
    _share_axis(axes.yaxis, "solved, with Wilson 95 %")
    return figure


def round_bins(rounds: Sequence[int]) -> list[tuple[int, int]]:
    """Classes that double in width, both ends inside: 0, 1, 2–3, 4–7, 8–15, …"""
    if not rounds:
        return []
    first, last = min(rounds).bit_length(), max(rounds).bit_length()
    return [(2**k // 2, 2**k - 1) for k in range(first, last + 1)]


_Draw = Callable[[Night, NightSummary], "Figure | None"]

_PLOTS: tuple[tuple[Plot, _Draw], ...] = (
    (
        Plot("pass_rate_by_level.png", "Share of runs solved by level and challenge"),
        _pass_rate_by_level,
    ),
    (
        Plot("duration_distribution.png", "Wall time of each run by challenge"),
        _duration_distribution,
    ),
    (
        Plot("failure_modes.png", "Share of counted runs by way of failing"),
        _failure_modes,
    ),
    (
        Plot("rounds_vs_success.png", "Share of runs solved by number of rounds"),
        _rounds_vs_success,
    ),
)
