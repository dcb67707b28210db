"""The plots: drawn where there is data, readable as pictures, never half written."""

from __future__ import annotations

import struct
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.breakdown import round_bins
from pytest_overnight.reporting.failures import failure_patterns
from pytest_overnight.reporting.hrm import hrm_progress
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import REHEARSAL
from pytest_overnight.reporting.plots import draw_plots
from pytest_overnight.reporting.summary import summarise_night
from tests.reporting.nights import a_run
from tests.reporting.pictures import an_hrm_record

ALWAYS = {
    "pass_rate_by_level.png",
    "duration_distribution.png",
    "rounds_vs_success.png",
    "timeline.png",
}
"""Of any night with a run that counts."""
NAMES = {*ALWAYS, "failure_modes.png", "test_matrix.png", "hrm_progress.png"}
FAILED = [Check(name="test_sum", passed=False), Check(name="test_cli", passed=True)]
SCRIPT = AgentInfo(spec="rehearsal", scripted=True)


def draw(folder: Path, *runs: RunRecord, hrm: tuple[HrmRecord, ...] = ()) -> set[str]:
    """Names of the pictures of a night with these runs, all of which lie there."""
    night = Night(None, runs, ())
    patterns = failure_patterns(runs, {})
    progress = hrm_progress(hrm)
    plots = draw_plots(night, summarise_night(night), patterns, progress, folder)
    drawn = {plot.name for plot in plots}
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


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of a PNG, pixels."""
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_all_plots_are_drawn_as_pictures_of_a_sane_size(tmp_path: Path) -> None:
    runs = [
        a_run("L3-1", 1),
        a_run("L3-1", 2, "timeout", checks=FAILED),
        a_run("A-1a", 1, "loop"),
    ]
    assert draw(tmp_path, *runs, hrm=(an_hrm_record(),)) == NAMES
    for path in tmp_path.iterdir():
        width, height = size_of(path)
        assert width == 1080
        assert 200 < height < 1600


def test_a_night_that_solved_all_has_no_plot_of_failures(tmp_path: Path) -> None:
    assert draw(tmp_path, a_run()) == ALWAYS


def test_a_plot_that_has_lost_its_data_is_removed(tmp_path: Path) -> None:
    draw(tmp_path, a_run("L3-1", 1, "loop", checks=FAILED), hrm=(an_hrm_record(),))
    assert draw(tmp_path, a_run("L3-1", 1, "infra")) == {"timeline.png"}
    assert draw(tmp_path) == set()


def test_without_patterns_and_hrm_the_others_are_drawn(tmp_path: Path) -> None:
    night = Night(None, (a_run("L3-1", 1, "loop"),), ())
    plots = draw_plots(night, summarise_night(night), None, None, tmp_path)
    assert {plot.name for plot in plots} == {*ALWAYS, "failure_modes.png"}


@pytest.mark.parametrize("rounds", [0, 1, 40])
def test_runs_of_any_number_of_rounds_can_be_drawn(tmp_path: Path, rounds: int) -> None:
    assert "rounds_vs_success.png" in draw(tmp_path, a_run(rounds=rounds))


@pytest.mark.parametrize("duration", [0.0, 0.004, 15.0, 5e6])
def test_runs_of_any_duration_can_be_drawn(tmp_path: Path, duration: float) -> None:
    assert "duration_distribution.png" in draw(tmp_path, a_run(duration=duration))


def test_times_that_differ_widely_can_be_drawn(tmp_path: Path) -> None:
    runs = [a_run("L3-1", n, duration=d) for n, d in enumerate((0.0, 1, 2, 3e4), 1)]
    assert "duration_distribution.png" in draw(tmp_path, *runs)


def test_every_plot_of_a_scripted_night_says_so_in_its_title(tmp_path: Path) -> None:
    runs = [
        a_run(agent=SCRIPT),
        a_run("L3-1", 2, "loop", agent=SCRIPT, checks=FAILED),
    ]
    draw(tmp_path, *runs, hrm=(an_hrm_record(),))
    titles = titles_in(tmp_path)
    assert titles.keys() == NAMES
    # HRM tasks measure in a rehearsal, too.
    assert titles.pop("hrm_progress.png").startswith("REHEARSAL – agents were scripts")
    assert all(title.startswith(REHEARSAL) for title in titles.values())


def test_no_plot_of_a_models_night_speaks_of_a_rehearsal(tmp_path: Path) -> None:
    draw(tmp_path, a_run("L3-1", 1), a_run("L3-1", 2, "loop"), hrm=(an_hrm_record(),))
    titles = titles_in(tmp_path)
    assert not any("REHEARSAL" in title for title in titles.values())
    assert titles["pass_rate_by_level.png"] == "Solved 1 of 2 counted runs"


def test_names_are_shown_as_they_are_whatever_they_say(tmp_path: Path) -> None:
    hostile = ["L3-$x_1^2$", "L4-\\frac{1}", "L5-" + "long" * 60, "L3-日本\x1b[31m\n"]
    checks = [Check(name=f"test[{name}]$\\bad$", passed=False) for name in hostile]
    runs = [a_run(name, n, "loop", checks=checks) for name in hostile for n in (1, 2)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # neither a layout that fails nor a glyph
        drawn = draw(tmp_path, *runs)
    assert drawn == NAMES - {"hrm_progress.png"}
    title = titles_in(tmp_path)["test_matrix.png"]
    assert "test[L3-$x_1^2$]$\\bad$" in title
    assert all(len(line) <= 80 for line in title.splitlines())


def test_a_night_of_many_challenges_is_drawn_by_level(tmp_path: Path) -> None:
    runs = [a_run(f"L{n % 4}-{n}", 1, "loop", checks=FAILED) for n in range(400)]
    assert draw(tmp_path, *runs) == NAMES - {"hrm_progress.png"}
    assert max(size_of(path)[1] for path in tmp_path.iterdir()) < 3000


def test_the_users_own_style_of_matplotlib_is_left_alone(tmp_path: Path) -> None:
    import matplotlib

    draw(tmp_path / "a", a_run())
    plain = (tmp_path / "a" / "timeline.png").read_bytes()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        draw(tmp_path / "b", a_run())
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "b" / "timeline.png").read_bytes() == plain


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
        "heavy = {'matplotlib', 'numpy', 'scipy'};"
        "sys.exit(any(name.split('.')[0] in heavy for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
