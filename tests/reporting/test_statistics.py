"""Rates, intervals and spreads: known values, and laws that hold for all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.statistics import mean_rate
from pytest_overnight.reporting.statistics import spread
from pytest_overnight.reporting.statistics import wilson

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
rates = st.integers(0, 30).flatmap(
    lambda n: st.builds(Rate, st.integers(0, n), st.just(n))
)
seconds = st.floats(0, 1e5, allow_nan=False)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (3, 3, 0.439, 1.0),
        (5, 5, 0.566, 1.0),
        (10, 10, 0.722, 1.0),
        (9, 10, 0.596, 0.982),
        (5, 10, 0.237, 0.763),
        (0, 10, 0.0, 0.278),
        (20, 20, 0.839, 1.0),
    ],
)
def test_wilson_gives_the_published_values(
    successes: int, n: int, low: float, high: float
) -> None:
    ends = wilson(successes, n)
    assert (ends.low, ends.high) == pytest.approx((low, high), abs=5e-4)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_is_the_closed_formula(count: tuple[int, int], level: float) -> None:
    from scipy.stats import norm

    successes, n = count
    p, z = successes / n, norm.ppf(0.5 + level / 2)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    ends = wilson(successes, n, level)
    assert (ends.low, ends.high) == pytest.approx(
        (centre - half, centre + half), abs=1e-9
    )


def test_wilson_knows_nothing_of_no_runs() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (1, 0)])
def test_wilson_refuses_counts_that_cannot_be(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        wilson(successes, n)


@given(counts)
def test_wilson_stays_in_bounds_and_contains_the_estimate(
    count: tuple[int, int],
) -> None:
    ends = wilson(*count)
    assert 0 <= ends.low <= count[0] / count[1] <= ends.high <= 1
    assert ends.low < ends.high


@given(counts.filter(lambda count: count[0] < count[1]))
def test_one_more_success_moves_both_ends_up(count: tuple[int, int]) -> None:
    successes, n = count
    less, more = wilson(successes, n), wilson(successes + 1, n)
    assert less.low < more.low
    assert less.high < more.high or more.high == 1


@given(counts)
def test_more_confidence_is_a_wider_interval(count: tuple[int, int]) -> None:
    narrow, wide = wilson(*count, 0.8), wilson(*count, 0.99)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_a_mean_gives_each_challenge_one_voice() -> None:
    assert mean_rate([Rate(10, 10), Rate(0, 2)]).estimate == 0.5


def test_the_error_of_a_mean_is_the_one_for_these_challenges_only() -> None:
    # p smoothed to 11/12 and 6/12; SE = ½·√(Σ p(1-p)/9) = 0.095218
    ends = mean_rate([Rate(10, 10), Rate(5, 10)]).interval
    assert (ends.low, ends.high) == pytest.approx((0.563377, 0.936623), abs=1e-6)


def test_a_night_in_which_all_passed_is_not_certain() -> None:
    all_passed = mean_rate([Rate(10, 10)] * 3)
    assert all_passed.estimate == 1
    assert all_passed.interval.low < 0.95


def test_a_single_challenge_has_the_interval_of_its_own_row() -> None:
    assert mean_rate([Rate(9, 10)]).interval == wilson(9, 10)


def test_challenges_without_a_counted_run_have_no_voice() -> None:
    mean = mean_rate([Rate(5, 10), Rate(0, 0)])
    assert (mean.estimate, mean.challenges) == (0.5, 1)
    assert mean_rate([Rate(0, 0)]).estimate is None


@settings(max_examples=50)
@given(st.lists(rates, max_size=8))
def test_a_mean_lies_in_its_interval(seen: list[Rate]) -> None:
    mean = mean_rate(seen)
    assert 0 <= mean.interval.low < mean.interval.high <= 1
    if mean.estimate is not None:
        assert mean.interval.low <= mean.estimate <= mean.interval.high


@given(st.lists(seconds, min_size=1))
def test_a_spread_lies_between_its_ends(times: list[float]) -> None:
    found = spread(times)
    assert found is not None
    slack = 1e-9 * max(1.0, found.high)
    assert found.low == min(times)
    assert found.high == max(times)
    assert found.low - slack <= found.mean <= found.high + slack
    assert found.low <= found.median <= found.high


def test_a_spread_is_what_a_pocket_calculator_says() -> None:
    found = spread([2.0, 4.0, 4.0, 10.0])
    assert found is not None
    assert (found.n, found.mean, found.median) == (4, 5.0, 4.0)
    assert found.sd == pytest.approx(math.sqrt(12))


def test_one_value_has_no_deviation_and_none_has_no_spread() -> None:
    one = spread([3.0])
    assert one is not None
    assert one.sd is None
    assert spread([]) is None
