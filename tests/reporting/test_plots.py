"""The plots: drawn where there is data, readable as pictures, never half written."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import REHEARSAL
from pytest_overnight.reporting.plots import draw_plots
from pytest_overnight.reporting.plots import round_bins
from pytest_overnight.reporting.summary import summarise_night
from tests.reporting.nights import a_run

NAMES = {
    "pass_rate_by_level.png",
    "duration_distribution.png",
    "failure_modes.png",
    "rounds_vs_success.png",
}


def draw(folder: Path, *runs: RunRecord) -> set[str]:
    night = Night(None, runs, ())
    drawn = {plot.name for plot in draw_plots(night, summarise_night(night), folder)}
    assert {path.name for path in folder.iterdir()} == drawn
    return drawn


def titles_in(folder: Path) -> dict[str, str]:
    """File name → title, as the pictures themselves bear it."""
    from PIL import Image

    titles = {}
    for path in folder.iterdir():
        with Image.open(path) as picture:
            titles[path.name] = str(picture.info["Title"])
    return titles


def test_the_plans_plots_are_drawn_as_pictures_of_a_sane_size(tmp_path: Path) -> None:
    runs = [a_run("L3-1", 1), a_run("L3-1", 2, "timeout"), a_run("A-1a", 1, "loop")]
    assert draw(tmp_path, *runs) == NAMES
    for path in tmp_path.iterdir():
        head = path.read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        width, height = struct.unpack(">II", head[16:])
        assert 600 < width < 1600
        assert 200 < height < 1600


def test_a_night_without_a_miss_has_no_plot_of_failures(tmp_path: Path) -> None:
    assert draw(tmp_path, a_run()) == NAMES - {"failure_modes.png"}


def test_a_plot_that_has_lost_its_data_is_removed(tmp_path: Path) -> None:
    draw(tmp_path, a_run("L3-1", 1, "loop"))
    assert draw(tmp_path, a_run("L3-1", 1, "infra")) == set()


@pytest.mark.parametrize("rounds", [0, 1, 40])
def test_runs_of_any_number_of_rounds_can_be_drawn(tmp_path: Path, rounds: int) -> None:
    assert "rounds_vs_success.png" in draw(tmp_path, a_run(rounds=rounds))


def test_every_plot_of_a_scripted_night_says_so_in_its_title(tmp_path: Path) -> None:
    agent = AgentInfo(spec="rehearsal", scripted=True)
    draw(tmp_path, a_run(agent=agent), a_run("L3-1", 2, "loop", agent=agent))
    titles = titles_in(tmp_path)
    assert titles.keys() == NAMES
    assert all(title.startswith(REHEARSAL) for title in titles.values())


def test_no_plot_of_a_models_night_speaks_of_a_rehearsal(tmp_path: Path) -> None:
    draw(tmp_path, a_run("L3-1", 1), a_run("L3-1", 2, "loop"))
    titles = titles_in(tmp_path)
    assert not any("REHEARSAL" in title for title in titles.values())
    assert titles["pass_rate_by_level.png"] == "Solved: 1 of the 2 runs that count"


@given(st.lists(st.integers(0, 500), min_size=1))
def test_each_number_of_rounds_is_in_exactly_one_class(rounds: list[int]) -> None:
    bins = round_bins(rounds)
    assert all(sum(low <= n <= high for low, high in bins) == 1 for n in rounds)


def test_classes_of_rounds_double() -> None:
    assert round_bins([5, 1, 9]) == [(1, 1), (2, 3), (4, 7), (8, 15)]
    assert round_bins([0, 1]) == [(0, 0), (1, 1)]
    assert round_bins([]) == []


def test_matplotlib_is_not_loaded_before_a_plot_is_drawn() -> None:
    script = (
        "import sys, pytest_overnight.reporting.pages as _;"
        "sys.exit(any(n.split('.')[0] in ('matplotlib', 'scipy') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
