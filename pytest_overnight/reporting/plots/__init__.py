"""The plan's plots and two more, each to be understood in a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_overnight.records.store import write_whole
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots.durations import duration_distribution
from pytest_overnight.reporting.plots.hrm import hrm_bars
from pytest_overnight.reporting.plots.levels import pass_rate_by_level
from pytest_overnight.reporting.plots.matrix import hidden_tests
from pytest_overnight.reporting.plots.modes import failure_modes
from pytest_overnight.reporting.plots.rounds import rounds_vs_success
from pytest_overnight.reporting.plots.style import REHEARSAL
from pytest_overnight.reporting.plots.style import plain_style
from pytest_overnight.reporting.plots.style import png
from pytest_overnight.reporting.plots.timeline import timeline
from pytest_overnight.reporting.summary import NightSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pytest_overnight.reporting.failures import FailurePatterns
    from pytest_overnight.reporting.hrm import HrmProgress

__all__ = ["REHEARSAL", "Plot", "draw_plots"]


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture and what it shows, for those who cannot see it."""

    name: str
    """File name without folder: ``failure_modes.png``."""
    shows: str


def draw_plots(
    night: Night,
    summary: NightSummary,
    patterns: FailurePatterns | None,
    hrm: HrmProgress | None,
    folder: Path,
) -> tuple[Plot, ...]:
    """Draw what there is data for into ``folder``; a picture without data is removed.

    Raises :class:`ImportError` without matplotlib, :class:`OSError` when the folder
    cannot be written.
    """
    draws: dict[Plot, Callable[[], Figure | None]] = {
        Plot(
            "pass_rate_by_level.png", "Share of runs solved by level and challenge"
        ): lambda: pass_rate_by_level(night, summary),
        Plot(
            "duration_distribution.png", "Wall time of each run by challenge"
        ): lambda: duration_distribution(night, summary),
        Plot("failure_modes.png", "Share of counted runs by way of failing"): lambda: (
            failure_modes(night, summary, patterns)
        ),
        Plot(
            "rounds_vs_success.png", "Share of runs solved by number of rounds"
        ): lambda: rounds_vs_success(night),
        Plot(
            "hrm_progress.png", "HRM-JEPA tasks, and their numbers against their bars"
        ): lambda: hrm_bars(night, hrm),
        Plot(
            "timeline.png", "Each run in time: when it was played, when nothing ran"
        ): lambda: timeline(night),
        Plot(
            "test_matrix.png", "Hidden test by run: which test failed where"
        ): lambda: hidden_tests(night, summary),
    }
    drawn = []
    with plain_style():
        folder.mkdir(parents=True, exist_ok=True)
        for plot, draw in draws.items():
            path = folder / plot.name
            figure = draw()
            if figure is None:
                path.unlink(missing_ok=True)
            else:
                write_whole(path, png(figure))
                drawn.append(plot)
    return tuple(drawn)
