"""Whether the machine stayed the same all night, told from the records."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.drift import Drift
from pytest_overnight.records.drift import Third
from pytest_overnight.records.drift import drift_of
from pytest_overnight.records.drift import spearman
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import MachineState
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from tests.reporting.nights import a_run


def at(
    number: int,
    speed: float | None = None,
    challenge: str = "L3-1",
    state: dict[str, Any] | None = None,
    **changes: Any,
) -> RunRecord:
    """The run that began so many minutes after ten in the evening."""
    hours, minutes = divmod(number, 60)
    plain = {"free_disk_bytes": 10**10, "load": 1.0}
    return a_run(
        challenge,
        number + 1,
        timestamp_start=f"2025-01-21T{22 + hours}:{minutes:02d}:00.000Z",
        performance=Performance(tokens_per_second=speed),
        machine=None if state is None else MachineState(**{**plain, **state}),
        **changes,
    )


def of_speeds(*speeds: float | None) -> Drift:
    """A night of runs of one challenge."""
    return drift_of(at(number, speed) for number, speed in enumerate(speeds))


# -- speed ---------------------------------------------------------------------------


def test_thirds_are_of_the_measured_runs_in_order_of_their_start() -> None:
    speeds = [40.0, None, 50.0, 45.0, 30.0, 31.0, 20.0]
    runs = [at(number, speed) for number, speed in enumerate(speeds)]
    speed = drift_of(reversed(runs)).speed
    assert speed is not None
    assert (speed.first, speed.last) == (Third(45.0, 2), Third(25.5, 2))
    assert speed.change == pytest.approx(-0.4333, abs=1e-4)
    assert speed.trend is None  # of six runs nothing can be said


@pytest.mark.parametrize("speeds", [(), (40.0, 41.0), (None,) * 9, (0.0,) * 9])
def test_too_few_figures_say_nothing(speeds: tuple[float | None, ...]) -> None:
    assert of_speeds(*speeds).speed is None


@pytest.mark.parametrize(
    ("last", "runs", "fell"),
    [(31.0, 5, True), (32.0, 5, False), (33.0, 5, False), (10.0, 4, False)],
)
def test_a_fall_is_of_more_than_a_fifth_over_enough_runs(
    last: float, runs: int, fell: bool
) -> None:
    speed = of_speeds(*[40.0] * runs, *[36.0] * runs, *[last] * runs).speed
    assert speed is not None
    assert speed.fell is fell


def test_a_machine_that_grows_slow_shows_a_trend() -> None:
    speed = of_speeds(*(60.0 - number for number in range(12))).speed
    assert speed is not None
    assert speed.trend is not None
    assert speed.trend.rho == -1.0
    assert speed.trend.chance < 0.001


def test_hard_challenges_that_come_late_are_no_trend() -> None:
    """Each as fast at its last run as at its first: thirds differ, ranks do not."""
    easy = [at(n, 50.0 + n % 2, "L3-1") for n in range(8)]
    hard = [at(n, 25.0 + n % 2, "L6-1") for n in range(8, 16)]
    speed = drift_of(easy + hard).speed
    assert speed is not None
    assert speed.fell
    assert speed.trend is not None
    assert speed.trend.chance > 0.3


def test_what_a_script_did_says_nothing_of_a_model() -> None:
    script = AgentInfo(spec="rehearsal", scripted=True)
    assert drift_of(at(n, 40.0, agent=script) for n in range(9)).speed is None


numbers = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40)


@given(numbers.filter(lambda values: len(set(values)) > 1), st.randoms())
def test_rank_correlation_keeps_its_laws(values: list[float], draw: Any) -> None:
    order = list(range(len(values)))
    rho = spearman(order, values)
    assert -1.0000001 <= rho <= 1.0000001
    assert spearman(values, order) == pytest.approx(rho)
    assert spearman(order, [-value for value in values]) == pytest.approx(-rho)
    assert spearman(values, values) == pytest.approx(1.0)


def test_rank_correlation_gives_the_published_value_and_scipys() -> None:
    # https://en.wikipedia.org/wiki/Spearman's_rank_correlation_coefficient#Example
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert spearman(iq, hours) == pytest.approx(-29 / 165)
    stats = pytest.importorskip("scipy.stats")
    with_equals = [1.0, 2.0, 2.0, 5.0, 2.0, 0.0, 5.0, 9.0]
    theirs = stats.spearmanr(range(8), with_equals).statistic
    assert spearman(range(8), with_equals) == pytest.approx(theirs)


# -- the machine ---------------------------------------------------------------------


def of_shares(*shares: float | None) -> Drift:
    """A night of runs that began with these shares of the model on the GPU."""
    return drift_of(at(n, state={"gpu_share": share}) for n, share in enumerate(shares))


def test_the_first_fall_of_the_gpu_share_is_found() -> None:
    gpu = of_shares(None, 1.0, 1.0, 0.62, 0.5, 1.0).gpu
    assert gpu is not None
    assert (gpu.low, gpu.high, gpu.runs, gpu.spilled) == (0.5, 1.0, 5, True)
    assert gpu.since is not None
    assert gpu.since.run_id == "L3-1-run-0004"


@pytest.mark.parametrize(
    ("shares", "spilled"),
    [((1.0, 1.0), False), ((0.995, 1.0, 0.995), False), ((0.0,), 1)],
)
def test_a_share_that_stays_never_fell(shares: Any, spilled: bool) -> None:
    gpu = of_shares(*shares).gpu
    assert gpu is not None
    assert gpu.since is None
    assert gpu.spilled == spilled


def test_the_least_of_disk_and_memory_is_found_with_its_run() -> None:
    states = [
        {"free_disk_bytes": disk, "available_memory_bytes": memory}
        for disk, memory in [(9, None), (7, 30), (8, 20)]
    ]
    drift = drift_of(at(number, state=state) for number, state in enumerate(states))
    assert drift.disk is not None
    assert (drift.disk.bytes, drift.disk.run.attempt) == (7, 2)
    assert drift.memory is not None
    assert (drift.memory.bytes, drift.memory.run.attempt) == (20, 3)


def test_what_nobody_measured_is_left_out() -> None:
    nothing = Drift(None, None, None, None)
    assert drift_of([]) == drift_of([at(0), at(1)]) == nothing
    assert of_shares(None, None).gpu is None
