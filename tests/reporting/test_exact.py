"""Exact tests: against scipy, statsmodels, and counting everything by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests

from pytest_overnight.reporting.exact import holm
from pytest_overnight.reporting.exact import sign_flip_chance
from pytest_overnight.reporting.exact import stratified_chance
from pytest_overnight.reporting.exact import table_chance
from pytest_overnight.reporting.statistics import Rate

Pairs = Sequence[tuple[Rate, Rate]]


def rates(most: int) -> st.SearchStrategy[Rate]:
    """Of 1 … ``most`` runs."""
    return st.integers(1, most).flatmap(
        lambda n: st.builds(Rate, st.integers(0, n), st.just(n))
    )


def pairs(challenges: int, most: int) -> st.SearchStrategy[list[tuple[Rate, Rate]]]:
    """Of 1 … ``challenges``."""
    pair = st.tuples(rates(most), rates(most))
    return st.lists(pair, min_size=1, max_size=challenges)


def by_dealing(these: Pairs) -> float:
    """The stratified test's chance by dealing all runs to the nights in every way."""
    ways = []
    for one, other in these:
        solved, runs = one.successes + other.successes, one.n + other.n
        deck = [True] * solved + [False] * (runs - solved)
        ways.append([sum(hand) for hand in itertools.combinations(deck, one.n)])
    sums = [sum(dealt) for dealt in itertools.product(*ways)]
    seen = sum(one.successes for one, _ in these)
    up = sum(dealt >= seen for dealt in sums) / len(sums)
    down = sum(dealt <= seen for dealt in sums) / len(sums)
    return min(1.0, 2 * min(up, down))


@given(pairs(challenges=3, most=3))
@settings(deadline=None)
def test_the_stratified_test_is_dealing_runs_to_nights(these: Pairs) -> None:
    assert stratified_chance(these)[0] == pytest.approx(by_dealing(these), abs=1e-12)


@given(rates(40), rates(40))
def test_with_one_challenge_it_is_fishers_smaller_tail_twice(
    one: Rate, other: Rate
) -> None:
    from scipy.stats import fisher_exact

    table = [[r.successes, r.n - r.successes] for r in (one, other)]
    tails = [fisher_exact(table, side).pvalue for side in ("less", "greater")]
    known = min(1.0, 2 * min(tails))
    assert stratified_chance([(one, other)])[0] == pytest.approx(known, rel=1e-9)


def test_with_many_runs_it_is_cochran_mantel_haenszels() -> None:
    these = [
        (Rate(210, 400), Rate(180, 390)),
        (Rate(350, 380), Rate(361, 400)),
        (Rate(40, 300), Rate(25, 310)),
    ]
    tables = [[[r.successes, r.n - r.successes] for r in pair] for pair in these]
    known = StratifiedTable(tables).test_null_odds(correction=True)
    chance, direction = stratified_chance(these)
    assert direction == 1
    assert chance == pytest.approx(known.pvalue, rel=0.02)


@given(pairs(challenges=6, most=12))
def test_the_other_way_round_the_direction_turns_and_the_chance_stays(
    these: Pairs,
) -> None:
    chance, direction = stratified_chance(these)
    turned = stratified_chance([(other, one) for one, other in these])
    assert turned[0] == pytest.approx(chance, rel=1e-9)
    assert turned[1] == -direction


@given(pairs(challenges=6, most=12))
def test_equal_nights_are_no_surprise(these: Pairs) -> None:
    assert stratified_chance([(one, one) for one, _ in these]) == (1.0, 0)


@given(st.lists(st.integers(-10, 10), min_size=1, max_size=10))
def test_sign_flips_are_counted_one_by_one(tenths: list[int]) -> None:
    reached = abs(sum(tenths))
    sums = [
        sum(sign * one for sign, one in zip(signs, tenths, strict=True))
        for signs in itertools.product((1, -1), repeat=len(tenths))
    ]
    known = sum(abs(one) >= reached for one in sums) / len(sums)
    assert sign_flip_chance([one / 10 for one in tenths]) == known


def test_sign_flips_are_scipys() -> None:
    import numpy as np
    from scipy.stats import permutation_test

    differences = [0.3, -0.1, 0.25, 0.4, 0.05, 0.2, -0.15, 0.35, 0.1, 0.45]
    known = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=math.inf
    )
    assert sign_flip_chance(differences) == pytest.approx(known.pvalue, abs=1e-12)


@pytest.mark.parametrize("challenges", [2, 3, 4, 5])
def test_few_challenges_cannot_convince_by_their_signs(challenges: int) -> None:
    assert sign_flip_chance([1.0] * challenges) == 2 / 2**challenges > 0.05


def test_where_not_all_signs_are_tried_the_draws_come_near() -> None:
    from scipy.stats import binom

    differences = [0.1] * 16 + [-0.1] * 8
    known = 2 * binom.sf(15, 24, 0.5)
    assert sign_flip_chance(differences) == pytest.approx(known, abs=0.005)
    assert sign_flip_chance(differences) == sign_flip_chance(differences)
    assert sign_flip_chance([0.1] * 30) == 1 / 100_000


def by_grid(one: Rate, other: Rate) -> float:
    """Boschloo's test, written out: the largest chance over shared rates, twice."""
    from scipy.stats import binom

    def ways(a: int, both: int) -> int:
        return math.comb(one.n, a) * math.comb(other.n, both - a)

    def tail(a: int, b: int, side: int) -> Fraction:
        hands = [k for k in range(a + b + 1) if (k - a) * side >= 0]
        return Fraction(
            sum(ways(k, a + b) for k in hands), math.comb(one.n + other.n, a + b)
        )

    tables = list(itertools.product(range(one.n + 1), range(other.n + 1)))
    chances = []
    for side in (-1, 1):
        reached = tail(one.successes, other.successes, side)
        beyond = [(a, b) for a, b in tables if tail(a, b, side) <= reached]
        chances.append(
            max(
                sum(
                    binom.pmf(a, one.n, p) * binom.pmf(b, other.n, p) for a, b in beyond
                )
                for p in (step / 400 for step in range(1, 400))
            )
        )
    return min(1.0, 2 * min(chances))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Rate(4, 4), Rate(0, 3)),
        (Rate(5, 5), Rate(2, 5)),
        (Rate(1, 5), Rate(4, 6)),
        (Rate(3, 6), Rate(2, 4)),
    ],
)
def test_one_challenge_by_boschloos_test(one: Rate, other: Rate) -> None:
    assert table_chance(one, other) == pytest.approx(by_grid(one, other), rel=2e-3)


def test_one_challenge_with_many_runs_by_fishers() -> None:
    from scipy.stats import fisher_exact

    known = fisher_exact([[90, 30], [70, 50]]).pvalue
    assert table_chance(Rate(90, 120), Rate(70, 120)) == pytest.approx(known)


@pytest.mark.parametrize("solved", [0, 10])
def test_where_all_runs_are_alike_there_is_nothing_to_tell(solved: int) -> None:
    assert table_chance(Rate(solved, 10), Rate(solved, 10)) == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_the_closed_test_of_bonferronis(chances: list[float]) -> None:
    """The largest of Bonferroni's chances over all families that one belongs to."""
    places = range(len(chances))
    families = [
        family for size in places for family in itertools.combinations(places, size + 1)
    ]
    known = [
        max(
            min(1.0, len(family) * min(chances[other] for other in family))
            for family in families
            if place in family
        )
        for place in places
    ]
    assert holm(chances) == pytest.approx(known, abs=1e-12)


def test_holm_is_statsmodels() -> None:
    chances = [0.01, 0.04, 0.001, 0.5, 0.04, 0.9, 0.012, 0.2]
    known = multipletests(chances, method="holm")[1]
    assert holm(chances) == pytest.approx(list(known), abs=1e-12)


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == []
