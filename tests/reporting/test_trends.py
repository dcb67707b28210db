"""Trends, clumps and flakiness, held against statsmodels, scipy and brute force."""

from __future__ import annotations

import itertools
import math
import random
import statistics
import warnings
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import chi2
from scipy.stats import f_oneway
from statsmodels.discrete.conditional_models import ConditionalLogit
from statsmodels.sandbox.stats.runs import runstest_1samp

from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.trends import Series
from pytest_overnight.reporting.trends import flakiness
from pytest_overnight.reporting.trends import runs_test
from pytest_overnight.reporting.trends import trend
from pytest_overnight.reporting.trends import variance_shares

outcomes = st.lists(st.booleans(), min_size=1, max_size=9)
nights = st.lists(outcomes, min_size=1, max_size=5)


def series(*rows: Sequence[bool]) -> Series:
    """Challenges with repetitions 1, 2, 3 …"""
    return {
        f"L3-{number}": [(float(n), solved) for n, solved in enumerate(row, 1)]
        for number, row in enumerate(rows)
    }


def drawn(seed: int, challenges: int, runs: int, slope: float) -> Series:
    """A night whose log-odds change by ``slope`` a repetition."""
    draw = random.Random(seed)

    def row() -> list[bool]:
        level = draw.gauss(0, 1)
        odds = [level + slope * (n - runs / 2) for n in range(runs)]
        return [draw.random() < 1 / (1 + math.exp(-odd)) for odd in odds]

    return series(*(row() for _ in range(challenges)))


def reference(night: Series) -> ConditionalLogit:
    """The same model in statsmodels."""
    points = [(t, *point) for t, row in enumerate(night.values()) for point in row]
    groups, orders, solved = (np.array(column) for column in zip(*points, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that groups of one outcome tell nothing
        return ConditionalLogit(solved.astype(int), orders[:, None], groups=groups)


def by_brute_force(night: Series) -> float:
    """Share of all ways to deal outcomes within challenges with as far a sum."""
    middles = [statistics.fmean(x for x, _ in row) for row in night.values()]

    def distance(dealt: Sequence[Sequence[bool]]) -> float:
        rows = zip(night.values(), dealt, middles, strict=True)
        return abs(
            sum(
                (x - middle) * solved
                for row, solveds, middle in rows
                for (x, _), solved in zip(row, solveds, strict=True)
            )
        )

    seen = distance([[solved for _, solved in row] for row in night.values()])
    orders = [
        set(itertools.permutations([solved for _, solved in row]))
        for row in night.values()
    ]
    far = [distance(d) >= seen - 1e-9 for d in itertools.product(*orders)]
    return statistics.fmean(far)


@pytest.mark.parametrize(
    ("seed", "challenges", "runs", "slope"),
    [(1, 3, 10, 0.3), (2, 23, 10, -0.1), (3, 1, 20, 0.1), (4, 8, 5, 0.2), (5, 9, 3, 0)],
)
def test_the_slope_is_statsmodels(
    seed: int, challenges: int, runs: int, slope: float
) -> None:
    night = drawn(seed, challenges, runs, slope)
    found, theirs = trend(night), reference(night)
    assert found is not None
    assert found.slope is not None
    assert found.interval is not None
    fitted = theirs.fit(disp=0)
    assert found.slope == pytest.approx(fitted.params[0], abs=1e-4)
    best = theirs.loglike(np.array([found.slope]))
    assert best >= fitted.llf - 1e-9
    for end in (found.interval.low, found.interval.high):
        drop = 2 * (best - theirs.loglike(np.array([end])))
        assert drop == pytest.approx(chi2.ppf(0.95, 1), abs=1e-6)


def test_far_orders_and_many_runs_are_within_range() -> None:
    # 999 of 1000 missed; only the last but one solved: Σ e^(-bi) = 1 at b = ln 2
    night = {"L3-1": [(1e6 * n, n == 998) for n in range(1000)]}
    found = trend(night)
    assert found is not None
    assert found.slope == pytest.approx(math.log(2) / 1e6, rel=1e-5)
    assert found.interval is not None
    assert 0 < found.interval.low < found.slope < found.interval.high
    assert found.chance == pytest.approx(4 / 1000), "two places as far out on each side"


@settings(max_examples=40, deadline=None)
@given(nights.filter(lambda rows: math.prod(map(len, rows)) < 300))
def test_chance_is_that_of_all_ways_to_deal_the_outcomes(
    rows: list[list[bool]],
) -> None:
    ways = math.prod(math.comb(len(row), sum(row)) for row in rows)
    assume(ways <= 3000)
    assume(all(len(row) <= 7 for row in rows))
    found = trend(series(*rows))
    if found is None:
        assert ways == 1
    else:
        assert found.chance == pytest.approx(by_brute_force(series(*rows)))


@pytest.mark.parametrize(
    ("seed", "challenges", "runs", "whole"),
    [
        (1, 2, 10, True),
        (2, 1, 18, True),
        (3, 3, 10, True),
        (4, 6, 6, True),
        (5, 2, 10, False),
        (6, 23, 10, True),
        (7, 4, 30, False),
    ],
)
def test_chance_of_many_runs_is_that_of_many_shuffles(
    seed: int, challenges: int, runs: int, whole: bool
) -> None:
    draw = np.random.default_rng(seed)
    night = drawn(seed, challenges, runs, 2.5 / runs / math.sqrt(challenges))
    if not whole:
        night = {k: [(x + draw.random(), s) for x, s in v] for k, v in night.items()}
    found = trend(night)
    assert found is not None
    shuffles, sums, seen = 100_000, 0.0, 0.0
    for row in night.values():
        x = np.array([order for order, _ in row])
        solved = np.array([s for _, s in row], dtype=float)
        x -= x.mean()
        seen += float(x @ solved)
        sums = sums + draw.permuted(np.tile(solved, (shuffles, 1)), axis=1) @ x
    share = (np.abs(sums) >= abs(seen) - 1e-9).mean()
    assert found.chance == pytest.approx(share, abs=0.012)


def test_under_no_trend_chance_is_as_likely_as_it_says() -> None:
    found = [trend(drawn(seed, 6, 10, 0)) for seed in range(600)]
    chances = [one.chance for one in found if one]
    for level in (0.05, 0.2, 0.5):
        share = statistics.fmean(chance <= level for chance in chances)
        assert share == pytest.approx(level, abs=3.5 * math.sqrt(level / 600))
    held = [o.interval.low <= 0 <= o.interval.high for o in found if o and o.interval]
    assert 0.92 <= statistics.fmean(held) <= 0.98


def test_hard_challenges_that_came_late_are_no_trend() -> None:
    night = {
        "L3-1": [(1.0, True), (2.0, True), (3.0, False), (4.0, True)],
        "L6-1": [(11.0, False), (12.0, False), (13.0, True), (14.0, False)],
    }
    found = trend(night)
    assert found is not None
    assert found.slope == pytest.approx(0, abs=1e-6)
    assert found.chance == 1


def test_a_split_by_order_has_a_chance_and_no_slope() -> None:
    found = trend(series([False] * 4 + [True] * 4))
    assert found is not None
    assert (found.slope, found.interval) == (None, None)
    assert found.chance == pytest.approx(2 / 70)
    down = trend(series([True, True, False], [True, False, False]))
    assert down is not None
    assert down.slope is None


def test_only_challenges_with_both_outcomes_tell() -> None:
    rows = [[True, False, True], [True] * 5, [False] * 4]
    found = trend(series(*rows))
    assert found is not None
    assert (found.runs, found.challenges) == (3, 1)
    assert found == trend(series(rows[0]))
    assert trend(series(*rows[1:])) is None
    assert trend({}) is None
    assert trend({"L3-1": []}) is None


def test_runs_at_one_and_the_same_order_tell_nothing() -> None:
    assert trend({"L3-1": [(2.0, True), (2.0, False)]}) is None


@settings(max_examples=30, deadline=None)
@given(nights)
def test_a_night_played_backwards_has_the_opposite_trend(
    rows: list[list[bool]],
) -> None:
    one, other = trend(series(*rows)), trend(series(*(row[::-1] for row in rows)))
    if one is None or other is None:
        assert one is other
        return
    assert other.chance == pytest.approx(one.chance)
    if one.slope is None or one.interval is None:
        assert other.slope is None
        return
    assert other.slope == pytest.approx(-one.slope, abs=1e-5)
    assert other.interval is not None
    assert one.interval.low <= one.slope <= one.interval.high
    assert other.interval.low == pytest.approx(-one.interval.high, rel=1e-5, abs=1e-7)


def stretches(row: Sequence[bool]) -> int:
    return len(list(itertools.groupby(row)))


@settings(deadline=None)
@given(outcomes)
def test_clumps_are_counted_over_all_orders(row: list[bool]) -> None:
    found = runs_test(row)
    if len(set(row)) == 1:
        assert found is None
        return
    assert found is not None
    orders = set(itertools.permutations(row)) if len(row) <= 7 else placed(row)
    counts = [stretches(order) for order in orders]
    mean = statistics.fmean(counts)
    far = [abs(c - mean) >= abs(found.runs - mean) - 1e-9 for c in counts]
    assert found.runs == stretches(row)
    assert found.n == len(row)
    assert found.expected == pytest.approx(mean)
    assert found.chance == pytest.approx(statistics.fmean(far))


def placed(row: Sequence[bool]) -> list[list[bool]]:
    """All orders, one for each choice of places."""
    return [
        [place in places for place in range(len(row))]
        for places in itertools.combinations(range(len(row)), sum(row))
    ]


@pytest.mark.parametrize(("n", "share"), [(4000, 0.5), (10000, 0.8), (9000, 0.3)])
def test_clumps_in_long_rows_are_statsmodels(n: int, share: float) -> None:
    row = np.random.default_rng(n).random(n) < share
    found = runs_test(row.tolist())
    assert found is not None
    _, theirs = runstest_1samp(row.astype(float), cutoff=0.5, correction=False)
    assert found.chance == pytest.approx(theirs, abs=0.03)


def test_turns_and_clumps_are_both_unlikely() -> None:
    turns, clumps = runs_test([True, False] * 6), runs_test([True] * 6 + [False] * 6)
    assert turns is not None
    assert clumps is not None
    assert (turns.runs, clumps.runs) == (12, 2)
    assert turns.chance == clumps.chance == pytest.approx(4 / math.comb(12, 6))


def test_no_outcomes_have_no_order() -> None:
    assert runs_test([]) is None


def test_a_coin_toss_is_as_flaky_as_can_be() -> None:
    seen = [flakiness(Rate(c, 10)) for c in (0, 5, 9, 10)]
    assert seen == pytest.approx([0, 1, 0.36, 0])
    assert flakiness(Rate(0, 0)) is None


def test_the_luck_of_runs_is_that_of_the_analysis_of_variance() -> None:
    rows = [[1] * 9 + [0], [1] * 6 + [0] * 4, [1] * 8 + [0] * 2, [1] * 2 + [0] * 8]
    found = variance_shares([Rate(sum(row), 10) for row in rows])
    assert found is not None
    assert found.within == pytest.approx(1 / f_oneway(*rows).statistic)
    assert found.within + found.between == 1


def test_challenges_that_differ_less_than_luck_are_the_same() -> None:
    found = variance_shares([Rate(5, 10), Rate(5, 10), Rate(4, 10)])
    assert found is not None
    assert (found.within, found.between) == (1, 0)


def test_challenges_that_are_never_flaky_differ_only_among_each_other() -> None:
    found = variance_shares([Rate(10, 10), Rate(0, 10), Rate(0, 1)])
    assert found is not None
    assert (found.within, found.between) == (0, 1)


def test_no_variance_has_no_shares() -> None:
    assert variance_shares([Rate(5, 5), Rate(3, 3)]) is None
    assert variance_shares([Rate(3, 5), Rate(1, 1)]) is None
    assert variance_shares([]) is None


def test_the_shares_are_those_that_were_planted() -> None:
    draw = np.random.default_rng(3)
    true = draw.beta(2, 2, 4000)
    rates = [Rate(int(c), 5) for c in draw.binomial(5, true)]
    found = variance_shares(rates)
    assert found is not None
    # Beta(2, 2): variance 1/20 between; E p(1-p) = 1/5, a fifth of it is 1/25
    assert found.within == pytest.approx(0.04 / 0.09, abs=0.03)
