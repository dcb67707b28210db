"""The night from its start to its end: what ran when, and what stood still."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.lanes import Bar
from pytest_overnight.reporting.plots.lanes import Gap
from pytest_overnight.reporting.plots.lanes import gaps
from pytest_overnight.reporting.plots.lanes import lay_out
from pytest_overnight.reporting.plots.lanes import moment
from pytest_overnight.reporting.plots.lanes import waiting
from pytest_overnight.reporting.plots.style import BLUE
from pytest_overnight.reporting.plots.style import GREY
from pytest_overnight.reporting.plots.style import PALE
from pytest_overnight.reporting.plots.style import VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHORT_GAP, LONG_GAP = 5.0, 60.0
"""Seconds without a run that are worth showing: 1 % of the night within these."""
LEAST_WAITS = 0.01
"""Share of all running time from which on waits have a panel of their own."""
WAIT_BINS = 160
NAMED_LANES = 16
"""Lanes that are numbered; of more, only how many they are is said."""
PIXEL = 0.001
"""Of the night, about a pixel: no run is drawn thinner, or it could not be seen."""
FEW = 300
"""Tries that have room for a seam between them."""
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400)
"""Seconds between two ticks of the clock."""
MOST_TICKS = 9

# Solved stands on its lane's line, missed hangs from it, void lies on it: told apart
# where a bar is one pixel wide, too.
_PLACES: tuple[tuple[bool | None, str, float, float, str], ...] = (
    (True, "solved ↑", -0.42, 0.0, BLUE),
    (False, "missed ↓", 0.0, 0.42, VERMILION),
    (None, "void –", -0.1, 0.1, "black"),
)


def timeline(night: Night) -> Figure | None:
    """Draw each try of each run as a bar; None where no times can be read."""
    bars = lay_out(night.runs)
    if not bars:
        return None
    start, end = extent(night, bars)
    still = gaps(bars, start, end, least_gap(start, end))
    busy = sum(bar.end - bar.start for bar in bars)
    waits = sum(bar.waited for bar in bars) > LEAST_WAITS * busy
    lanes = 1 + max(bar.lane for bar in bars)
    heights = [min(7.0, 0.5 + 0.5 * lanes), *([0.9] if waits else [])]
    figure = style.new_figure(night, finding(night, bars, still), 0.8 + sum(heights))
    panels = figure.subplots(
        len(heights), height_ratios=heights, sharex=True, squeeze=False
    )[:, 0]
    _draw_bars(panels[0], bars, lanes)
    _draw_gaps(panels[0], still)
    _draw_end(panels[0], night, end)
    if waits:
        _draw_waits(panels[1], bars, start, end)
    _clock_axis(panels[-1], start, end)
    return figure


def extent(night: Night, bars: Sequence[Bar]) -> tuple[float, float]:
    """Start and end of the night, Unix seconds; ``bars`` is not empty."""
    master = night.master
    begun = moment(master.start_time) if master else None
    ended = moment(master.end_time) if master else None
    first, last = bars[0].start, max(bar.end for bar in bars)
    start = first if begun is None else min(begun, first)
    end = last if ended is None else max(ended, last)
    return start, end if end > start else start + 1.0


def least_gap(start: float, end: float) -> float:
    """Seconds without a run from which on the picture shows them."""
    return min(LONG_GAP, max(SHORT_GAP, 0.01 * (end - start)))


def finding(night: Night, bars: Sequence[Bar], still: Sequence[Gap]) -> str:
    """How many runs in what time, and how long nothing ran."""
    start, end = extent(night, bars)
    void = sum(not run.counted for run in night.runs)
    runs = plural(len({bar.run_id for bar in bars}), "run")
    said = f"{runs}{f' ({void} void)' if void else ''} in {span(end - start)}"
    if night.master and night.master.ended_early:
        said += ", ended early"
    if not still:
        return f"{said}; never {least_gap(start, end):.0f} s without a run"
    longest = max(still, key=lambda gap: gap.length)
    since = datetime.fromtimestamp(longest.start, UTC)
    at = f"{span(longest.length)} from {since:%H:%M} UTC"
    if len(still) == 1:
        return f"{said}; nothing ran for {at}"
    whole = span(sum(gap.length for gap in still))
    return f"{said}; nothing ran for {whole} in {len(still)} gaps, the longest {at}"


def _draw_bars(axes: Axes, bars: Sequence[Bar], lanes: int) -> None:
    from matplotlib.collections import PolyCollection

    pixel = PIXEL * (max(bar.end for bar in bars) - bars[0].start)
    seam = pixel if len(bars) <= FEW else 0.0
    for success, label, above, below, color in _PLACES:
        corners = [
            [(bar.start, top), (end, top), (end, bottom), (bar.start, bottom)]
            for bar in bars
            if bar.success is success
            for end in (max(bar.end - seam, bar.start + pixel),)
            for top, bottom in ((bar.lane + above, bar.lane + below),)
        ]
        if corners:
            drawn = PolyCollection(corners, facecolor=color, linewidth=0)
            drawn.set_snap(False)  # to whole pixels: short runs would vanish
            drawn.set_label(label)
            axes.add_collection(drawn, autolim=False)
    axes.hlines(range(min(lanes, 200)), 0, 1, GREY, linewidth=0.5).set_transform(
        axes.get_yaxis_transform()
    )
    named = range(lanes) if lanes <= NAMED_LANES else ()
    axes.set_yticks(list(named), [f"{lane + 1}" for lane in named])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(lanes - 0.45, -0.55)
    style.caption(axes.yaxis, "lane")
    style.legend_above(axes, loc="lower left", bbox_to_anchor=(0.0, 1.0))


def _draw_gaps(axes: Axes, still: Sequence[Gap]) -> None:
    for gap in still:
        axes.axvspan(
            gap.start, gap.end, facecolor=PALE, edgecolor=GREY, hatch="...", zorder=0
        )


def _draw_end(axes: Axes, night: Night, end: float) -> None:
    master = night.master
    if master is None or moment(master.end_time) is None:
        return
    early = master.ended_early
    said = f"ended early: {style.name(early, 70)} ▾" if early else "end ▾"
    axes.axvline(end, color="black", linewidth=1.2, linestyle="--")
    axes.text(
        1.0,
        1.01,
        said,
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        size=style.CAPTION,
    )


def _draw_waits(axes: Axes, bars: Sequence[Bar], start: float, end: float) -> None:
    width = (end - start) / WAIT_BINS
    edges = [start + at * width for at in range(WAIT_BINS + 1)]
    axes.stairs(
        waiting(bars, start, end, WAIT_BINS), edges, fill=True, color=GREY, alpha=0.8
    )
    axes.set_ylim(bottom=0)
    style.caption(axes.yaxis, "runs that\nwaited")


def _clock_axis(axes: Axes, start: float, end: float) -> None:
    length = end - start
    dated = length > 86400
    most = 5 if dated else MOST_TICKS
    step = next((s for s in STEPS if length / s <= most), None)
    if step is None:  # weeks: a clock that was set, or a night that was gone on with
        step = STEPS[-1] * (1 + int(length / STEPS[-1] / most))
    first = int(-(-start // step)) * step
    ticks = list(range(first, int(end) + 1, step))
    form = "%H:%M:%S" if step < 60 else "%d %b %H:%M" if dated else "%H:%M"
    axes.set_xticks(ticks, [f"{_utc(tick):{form}}" for tick in ticks])
    axes.set_xlim(start - 0.005 * length, end + 0.005 * length)
    what = f"clock in UTC, from {_utc(start):%Y-%m-%d}; dotted: nothing ran"
    style.caption(axes.xaxis, what)


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
