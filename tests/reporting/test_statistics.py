"""Rates, intervals and spreads: known values, and laws that hold for all."""

from __future__ import annotations

import itertools
import math
import random
import statistics
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import binom
from scipy.stats import binomtest
from scipy.stats import norm
from scipy.stats import t as student
from statsmodels.stats.power import normal_power
from statsmodels.stats.proportion import proportion_confint

from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.statistics import bounds
from pytest_overnight.reporting.statistics import detectable
from pytest_overnight.reporting.statistics import mean_pass
from pytest_overnight.reporting.statistics import mean_rate
from pytest_overnight.reporting.statistics import pass_at_k
from pytest_overnight.reporting.statistics import pass_hat_k
from pytest_overnight.reporting.statistics import population_rate
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


def test_wilson_is_scipys() -> None:
    for n in range(1, 61):
        for successes in range(n + 1):
            test = binomtest(successes, n)
            theirs = test.proportion_ci(confidence_level=0.95, method="wilson")
            ours = wilson(successes, n)
            assert ours.low == pytest.approx(float(theirs.low), abs=1e-12)
            assert ours.high == pytest.approx(float(theirs.high), abs=1e-12)


@given(counts, st.sampled_from([0.8, 0.9, 0.99]))
def test_wilson_is_statsmodels_at_any_confidence(
    count: tuple[int, int], level: float
) -> None:
    theirs = proportion_confint(*count, alpha=1 - level, method="wilson")
    ours = wilson(*count, level)
    assert (ours.low, ours.high) == pytest.approx(theirs, abs=1e-12)


def test_who_only_wants_wilson_does_not_wait_for_scipy() -> None:
    code = (
        "import sys, pytest_overnight.reporting.statistics as s\n"
        "import pytest_overnight.reporting.trends\n"
        "s.wilson(3, 4)\n"
        "print({'numpy', 'scipy'} & set(sys.modules))"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


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
    # m = 0.75, m(1-m) = 0.1875; v = 3·0.1875/12 and (10·0.25 + 3·0.1875)/12, so
    # V = (0.046875 + 0.2552083)/10/4 = 0.00755208: m(1-m)/V = 24.8276 runs; degrees of
    # freedom 0.3020833²/((0.046875² + 0.2552083²)/12) = 16.264, Student's t 2.11714
    ends = mean_rate([Rate(10, 10), Rate(5, 10)]).interval
    t, n = 2.11714, 24.8276
    centre = (0.75 + t * t / (2 * n)) / (1 + t * t / n)
    half = t / (1 + t * t / n) * math.sqrt(0.1875 / n + t * t / (4 * n * n))
    expected = (centre - half, centre + half)
    assert (ends.low, ends.high) == pytest.approx(expected, abs=1e-5)


some = st.lists(rates.filter(lambda rate: rate.n > 0), min_size=2, max_size=30)


@given(some)
def test_a_mean_has_wilsons_interval_for_the_effective_number_of_runs(
    seen: list[Rate],
) -> None:
    c, n = (np.array([getattr(r, k) for r in seen]) for k in ("successes", "n"))
    p = c / n
    m, most = p.mean(), p.mean() * (1 - p.mean())
    within = p * (1 - p) * n / np.maximum(n - 1, 1)
    v = (np.maximum(n - 1, 0) * within + 3 * most + (n == 1) * p * (1 - p)) / (n + 2)
    v = v if most else np.ones(len(seen))
    variance = (v / n).sum() / len(seen) ** 2
    freedom = (v / n).sum() ** 2 / ((v / n) ** 2 / (n + 2)).sum()
    # Student's quantile is as many fewer runs: Korn & Graubard's way to put it.
    worth = (
        (most or 1) / variance * (norm.ppf(0.975) / student.ppf(0.975, freedom)) ** 2
    )
    expected = proportion_confint(m * worth, worth, method="wilson")
    ends = mean_rate(seen).interval
    assert (ends.low, ends.high) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("challenges", "n"), [(2, 5), (3, 3), (3, 5)])
def test_the_interval_of_a_mean_holds_what_it_should(challenges: int, n: int) -> None:
    # All nights there can be, for many draws of true rates
    true = np.random.default_rng(1).random((400, challenges))
    cover = np.zeros(len(true))
    for solved in itertools.product(range(n + 1), repeat=challenges):
        ends = mean_rate(Rate(c, n) for c in solved).interval
        inside = (ends.low <= true.mean(1)) & (true.mean(1) <= ends.high)
        cover += binom.pmf(solved, n, true).prod(1) * inside
    assert cover.mean() >= 0.95
    assert cover.min() >= 0.83, "no worse anywhere than Wilson's own"


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


def test_challenges_like_these_are_known_less_well_than_these() -> None:
    ten = [Rate(c, 10) for c in (10, 10, 9, 8, 3, 0)]
    same, others = mean_rate(ten), population_rate(ten)
    assert others.estimate == same.estimate
    assert others.challenges == 6
    assert others.interval.low < same.interval.low
    assert others.interval.high > same.interval.high


def test_the_error_for_challenges_like_these_is_between_challenges() -> None:
    # Rates 0.2, 0.4, 0.9: m = 0.5, squares 0.09 + 0.01 + 0.16, one challenge more has
    # 0.25: 0.51/3 = 0.17 a challenge, so 3·0.25/0.17 effective challenges
    ends = population_rate([Rate(2, 10), Rate(4, 10), Rate(9, 10)]).interval
    t, n = float(student.ppf(0.975, 2)), 3 * 0.25 / 0.17
    half = t / (1 + t * t / n) * math.sqrt(0.25 / n + t * t / (4 * n * n))
    assert (ends.low, ends.high) == pytest.approx((0.5 - half, 0.5 + half))


def test_one_challenge_says_nothing_of_others() -> None:
    one = population_rate([Rate(9, 10), Rate(0, 0)])
    assert (one.estimate, one.challenges) == (0.9, 1)
    assert one.interval == Interval(0.0, 1.0)
    assert population_rate([]).estimate is None


@given(st.integers(2, 40), st.integers(1, 20))
def test_challenges_that_agree_are_not_certain_of_others(number: int, n: int) -> None:
    all_solved = population_rate([Rate(n, n)] * number).interval
    t = float(student.ppf(0.975, number - 1))
    assert all_solved.low <= number / (number + t * t) + 1e-12
    assert all_solved.high == 1
    # One miss makes nobody surer
    missed = population_rate([Rate(n, n)] * (number - 1) + [Rate(n - 1, n)]).interval
    assert missed.low <= all_solved.low


@given(some)
def test_what_is_not_sure_here_is_not_sure_elsewhere(seen: list[Rate]) -> None:
    same, others = mean_rate(seen).interval, population_rate(seen).interval
    assert 0 <= others.low <= same.low < same.high <= others.high <= 1


@given(some)
def test_misses_mirror_successes(seen: list[Rate]) -> None:
    turned = [Rate(rate.n - rate.successes, rate.n) for rate in seen]
    for method in (mean_rate, population_rate):
        one, other = method(seen).interval, method(turned).interval
        assert other.low == pytest.approx(1 - one.high, abs=1e-9)
        assert other.high == pytest.approx(1 - one.low, abs=1e-9)


def test_bounds_are_what_the_missing_runs_leave_open() -> None:
    assert bounds(6, 2, 10) == Interval(0.6, 0.8)
    assert bounds(6, 4, 10) == Interval(0.6, 0.6)
    assert bounds(0, 0, 10) == bounds(0, 0, 0) == Interval(0.0, 1.0)
    for wrong in [(6, 5, 10), (-1, 0, 3), (0, -1, 3)]:
        with pytest.raises(ValueError, match="cannot be"):
            bounds(*wrong)


@given(st.lists(st.sampled_from(["solved", "missed", "void"]), min_size=1))
def test_whatever_became_of_missing_runs_lies_in_the_bounds(runs: list[str]) -> None:
    solved, missed = runs.count("solved"), runs.count("missed")
    ends = bounds(solved, missed, len(runs))
    for more in range(runs.count("void") + 1):
        assert ends.low <= (solved + more) / len(runs) <= ends.high


@pytest.mark.parametrize(
    ("k", "at", "hat"), [(1, 0.7, 0.7), (2, 0.9333, 0.4667), (3, 0.9917, 0.2917)]
)
def test_pass_at_k_gives_the_published_values(k: int, at: float, hat: float) -> None:
    assert round(pass_at_k(10, 7, k) or 0, 4) == at
    assert round(pass_hat_k(10, 7, k) or 0, 4) == hat


def test_pass_at_k_is_a_share_of_all_choices() -> None:
    for n in range(1, 8):
        for c, k in itertools.product(range(n + 1), range(1, n + 1)):
            choices = list(itertools.combinations([True] * c + [False] * (n - c), k))
            at = statistics.fmean(any(choice) for choice in choices)
            hat = statistics.fmean(all(choice) for choice in choices)
            assert pass_at_k(n, c, k) == pytest.approx(at)
            assert pass_hat_k(n, c, k) == pytest.approx(hat)


def test_fewer_runs_than_k_tell_nothing_of_k() -> None:
    assert pass_at_k(4, 4, 5) is None
    assert pass_hat_k(4, 4, 5) is None
    for wrong in [(4, 5, 1), (4, -1, 1), (4, 2, 0)]:
        with pytest.raises(ValueError, match="cannot be"):
            pass_at_k(*wrong)


def test_pass_at_k_is_averaged_over_challenges_with_enough_runs() -> None:
    found = mean_pass([Rate(7, 10), Rate(0, 3), Rate(2, 2), Rate(0, 0)], 3)
    assert found.at == pytest.approx((119 / 120 + 0) / 2)
    assert found.hat == pytest.approx((35 / 120 + 0) / 2)
    assert (found.challenges, found.too_few) == (2, 1)
    nobody = mean_pass([Rate(2, 2)], 3)
    assert (nobody.at, nobody.hat, nobody.challenges, nobody.too_few) == (
        None,
        None,
        0,
        1,
    )


@pytest.mark.parametrize(
    ("challenges", "runs", "points"),
    [
        (10, 5, "28"),
        (20, 5, "20"),
        (20, 10, "14"),
        (20, 20, "9.9"),
        (40, 10, "9.9"),
        (50, 20, "6.3"),
    ],
)
def test_the_detectable_effect_is_the_published_one(
    challenges: int, runs: int, points: str
) -> None:
    digits = len(points.partition(".")[2])
    assert f"{100 * detectable([runs] * challenges):.{digits}f}" == points


def test_the_detectable_effect_is_statsmodels() -> None:
    # In errors of the difference: ¼(1/5 + 1/10) and ¼(1/8 + 1/2) over two challenges
    error = math.sqrt((0.3 + 0.625) / 4) / 2
    power = normal_power(detectable([5, 8], [10, 2]) / error, 1, 0.05)
    assert power == pytest.approx(0.8, abs=1e-5)


def test_a_difference_needs_runs() -> None:
    assert detectable([1]) == 1
    for wrong in [([], []), ([3], [0])]:
        with pytest.raises(ValueError, match="needs challenges"):
            detectable(*wrong)


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


def test_a_difference_of_this_size_is_noticed_four_times_in_five() -> None:
    draw = random.Random(7)
    repetitions = [10] * 20
    difference = detectable(repetitions)

    def night(p: float) -> float:
        solved = [sum(draw.random() < p for _ in range(n)) / n for n in repetitions]
        return sum(solved) / len(solved)

    error = math.sqrt(2 * sum(0.25 / n for n in repetitions)) / len(repetitions)
    pairs = 2000
    low, high = 0.5 - difference / 2, 0.5 + difference / 2
    seen = sum(abs(night(high) - night(low)) > 1.96 * error for _ in range(pairs))
    assert 0.77 < seen / pairs < 0.85, "p off ½ has a little less noise"
