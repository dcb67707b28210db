"""Exact test within challenges and standardised gain, against other ways to them."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from scipy.stats import hypergeom
from statsmodels.stats.contingency_tables import StratifiedTable

from pytest_overnight.reporting.advice.association import Stratum
from pytest_overnight.reporting.advice.association import chance
from pytest_overnight.reporting.advice.association import least_chance
from pytest_overnight.reporting.advice.association import stratum
from pytest_overnight.reporting.advice.association import turned


@st.composite
def strata_of(draw: st.DrawFn, most: int = 20, challenges: int = 6) -> list[Stratum]:
    found = []
    for _ in range(draw(st.integers(1, challenges))):
        runs, others = draw(st.integers(0, most)), draw(st.integers(0, most))
        found.append(
            Stratum(
                draw(st.integers(0, runs)), runs, draw(st.integers(0, others)), others
            )
        )
    return found


def by_enumeration(strata: Sequence[Stratum]) -> float:
    """Every way to deal out the missed runs within challenges, one by one."""
    ways = []
    for one in strata:
        sums = [
            sum(place < one.with_runs for place in missed)
            for missed in itertools.combinations(range(one.runs), one.missed)
        ]
        ways.append(sums)
    reached = sum(one.with_missed for one in strata)
    totals = [sum(picked) for picked in itertools.product(*ways)]
    return sum(total >= reached for total in totals) / len(totals)


def by_scipy(strata: Sequence[Stratum]) -> float:
    """The convolution, with scipy's probabilities and a dict."""
    sums = {0: 1.0}
    for one in filter(lambda one: one.runs, strata):
        law = hypergeom(one.runs, one.missed, one.with_runs)
        nexts: dict[int, float] = {}
        for before, likely in sums.items():
            for k in range(one.least, one.most + 1):
                nexts[before + k] = nexts.get(before + k, 0.0) + likely * law.pmf(k)
        sums = nexts
    reached = sum(one.with_missed for one in strata)
    return float(sum(likely for total, likely in sums.items() if total >= reached))


class TestChance:
    @settings(max_examples=60, deadline=None)
    @given(strata_of(most=4, challenges=3))
    def test_is_the_share_of_all_ways_to_deal_out_the_outcomes(
        self, strata: list[Stratum]
    ) -> None:
        assert chance(strata) == pytest.approx(by_enumeration(strata), abs=1e-9)

    @settings(max_examples=60, deadline=None)
    @given(strata_of())
    def test_is_scipys_distribution_summed_up(self, strata: list[Stratum]) -> None:
        assert chance(strata) == pytest.approx(by_scipy(strata), abs=1e-9)

    @pytest.mark.parametrize("cells", [(9, 10, 3, 12), (2, 9, 8, 9), (5, 5, 1, 30)])
    def test_of_one_challenge_is_fishers(self, cells: tuple[int, ...]) -> None:
        missed, runs, missed_without, without = cells
        table = [
            [missed, runs - missed],
            [missed_without, without - missed_without],
        ]
        expected = fisher_exact(table, alternative="greater").pvalue
        assert chance([Stratum(*cells)]) == pytest.approx(expected)

    def test_is_near_the_cochran_mantel_haenszel_test_for_many_runs(self) -> None:
        strata = [Stratum(30, 60, 80, 200), Stratum(40, 70, 60, 150)]
        tables = [
            [[s.with_missed, s.with_runs - s.with_missed],
             [s.without_missed, s.without_runs - s.without_missed]]
            for s in strata
        ]  # fmt: skip
        two_sided = StratifiedTable(tables).test_null_odds(correction=True).pvalue
        assert chance(strata) == pytest.approx(two_sided / 2, rel=0.05)

    def test_a_feature_of_hard_challenges_alone_is_no_cause(self) -> None:
        hard, easy = Stratum(20, 20, 0, 0), Stratum(0, 0, 0, 20)
        assert chance([hard, easy]) == 1.0

    def test_of_nothing_is_certain(self) -> None:
        assert chance([]) == least_chance([]) == 1.0

    def test_thousands_of_runs_do_not_overflow(self) -> None:
        strata = [Stratum(900, 1500, 800, 1500)] * 3
        assert 0 <= chance(strata) < 1e-9

    @settings(max_examples=60, deadline=None)
    @given(strata_of())
    def test_the_least_is_a_lower_bound_that_outcomes_do_not_move(
        self, strata: list[Stratum]
    ) -> None:
        assert least_chance(strata) <= chance(strata) + 1e-12
        extreme = [
            Stratum(one.most, one.with_runs, one.missed - one.most, one.without_runs)
            for one in strata
        ]
        assert chance(extreme) == pytest.approx(least_chance(strata))
        assert least_chance(extreme) == pytest.approx(least_chance(strata))


def test_a_stratum_counts_pairs() -> None:
    pairs = [(True, True), (True, False), (False, True), (True, True)]
    assert stratum(pairs) == Stratum(2, 3, 1, 1)


class TestTurned:
    def test_measures_each_challenge_against_itself(self) -> None:
        # 8 of 10 missed where half would be; 4 of 4 where a quarter would be.
        found = turned([Stratum(8, 10, 10, 20), Stratum(4, 4, 2, 8)])
        assert found.runs == pytest.approx((8 - 5) + (4 - 1))

    def test_a_challenge_without_other_runs_adds_nothing(self) -> None:
        assert turned([Stratum(9, 9, 0, 0)]).high == 0.0

    @given(strata_of())
    def test_lies_between_nothing_and_the_missed_runs(
        self, strata: list[Stratum]
    ) -> None:
        found = turned(strata)
        missed = sum(one.with_missed for one in strata)
        assert 0 <= found.low <= found.runs <= found.high <= missed

    @pytest.mark.parametrize("remains", [0.1, 0.4, 0.8])
    @pytest.mark.parametrize("runs", [2, 6, 12])
    def test_its_interval_covers_the_truth(self, remains: float, runs: int) -> None:
        draw = random.Random(1)
        hits = []
        for _ in range(600):
            strata, truth = [], 0.0
            for base in (0.3, 0.5, 0.6, 0.8, 0.9):
                missed = sum(draw.random() > base * remains for _ in range(runs))
                without = sum(draw.random() > base for _ in range(20 - runs))
                strata.append(Stratum(missed, runs, without, 20 - runs))
                truth += runs * base * (1 - remains)
            found = turned(strata)
            hits.append(found.low <= truth <= found.high)
        covered = statistics.fmean(hits)
        print(f"covered: {covered:.3f}")
        assert covered >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / 600)
