"""Whether outcomes changed as the night went on, and what would make it surer.

Everything is asked *within* challenges: that hard ones came late is no trend.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from itertools import pairwise
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.reporting.statistics import NORMAL
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST_WAYS = 20_000
"""That outcomes could have fallen, up to which all are looked at."""

Series = Mapping[str, Sequence[tuple[float, bool]]]
"""Challenge → its runs: an order (repetition, or any other quantity), and solved."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How the odds of solving go with the order of runs, challenge by challenge."""

    slope: float | None
    """Change of the log-odds per unit of order. Null where no finite one fits best: all
    solved runs of each challenge lie on one side of the missed ones."""
    interval: Interval | None
    """95 % of the slope, by likelihood ratio; null with it."""
    chance: float
    """Probability of a trend at least as strong, either way, if order meant nothing."""
    runs: int
    """Of the challenges that tell: both solved and missed, at different orders."""
    challenges: int


@dataclass(frozen=True, slots=True)
class RunsTest:
    """Whether equal outcomes come in clumps, or by turns (Wald & Wolfowitz 1940)."""

    runs: int
    """Stretches of equal outcomes."""
    expected: float
    """Their mean number over all orders of the same outcomes."""
    chance: float
    """Probability of a number at least as far from the expected one, either way."""
    n: int
    """Outcomes."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What the squared error of the mean, for challenges like these, is made of."""

    within: float
    """Luck of runs, 0 … 1: as much as more repetitions of them could take away."""
    between: float
    """Challenges differ, 0 … 1: only more challenges could take that away."""


def trend(series: Series) -> Trend | None:
    """Logistic regression of solved on order, with an intercept for each challenge.

    Null where no challenge tells. The likelihood is conditional on how many runs of a
    challenge were solved, so that many challenges with few runs do not inflate the
    slope (Breslow & Day 1980, chapter 7). ``chance`` is the permutation test of the
    same model: outcomes are dealt anew within each challenge.
    """
    strata = [points for points in series.values() if _tells(points)]
    if not strata:
        return None
    centred = [_centred(points) for points in strata]
    slope, interval = _slope(centred)
    return Trend(
        slope=slope,
        interval=interval,
        chance=_chance(centred),
        runs=sum(map(len, strata)),
        challenges=len(strata),
    )


def _tells(points: Sequence[tuple[float, bool]]) -> bool:
    orders, solved = ({point[side] for point in points} for side in (0, 1))
    return len(orders) > 1 and len(solved) > 1


def _centred(points: Sequence[tuple[float, bool]]) -> list[tuple[float, bool]]:
    """The order less its mean, in order: sums then have mean 0 over permutations."""
    mean = statistics.fmean(order for order, _ in points)
    return sorted((order - mean, solved) for order, solved in points)


Strata = Sequence[Sequence[tuple[float, bool]]]


def _slope(strata: Strata) -> tuple[float | None, Interval | None]:
    """The likeliest slope, and all that are not less likely by a factor of e^1.92."""
    from scipy.optimize import brentq
    from scipy.optimize import minimize_scalar

    if _is_separated(strata):
        return None, None
    likelihood = ConditionalLikelihood(strata)
    unit = 1 / math.sqrt(_variance(strata))  # the slope's error, were the slope 0
    start = _sum_of_solved(strata) * unit * unit
    found = minimize_scalar(lambda b: -likelihood(b), bracket=(start, start + unit))
    best = float(found.x)
    least = likelihood(best) - NORMAL.inv_cdf(0.975) ** 2 / 2

    def end(step: float) -> float:
        beyond = best + step
        while likelihood(beyond) > least:
            beyond += (step := 2 * step)
        return float(brentq(lambda b: likelihood(b) - least, best, beyond))

    return best, Interval(end(-unit), end(unit))


def _is_separated(strata: Strata) -> bool:
    """Whether the solved runs have the highest, or the lowest, orders there are."""
    total, solved = _sum_of_solved(strata), [_solved(points) for points in strata]
    orders = [[order for order, _ in points] for points in strata]
    high = sum(sum(xs[-c:]) for xs, c in zip(orders, solved, strict=True))
    low = sum(sum(xs[:c]) for xs, c in zip(orders, solved, strict=True))
    slack = 1e-9 * (high - low)
    return total > high - slack or total < low + slack


def _sum_of_solved(strata: Strata) -> float:
    """The statistic of the test: the order, summed over solved runs."""
    return sum(order for points in strata for order, solved in points if solved)


def _solved(points: Sequence[tuple[float, bool]]) -> int:
    return sum(solved for _, solved in points)


def _variance(strata: Strata) -> float:
    """Of the sum of solved over all permutations within challenges; its mean is 0."""
    total = 0.0
    for points in strata:
        n, c = len(points), _solved(points)
        total += c * (n - c) / (n * (n - 1)) * sum(order**2 for order, _ in points)
    return total


class ConditionalLikelihood:
    """Log-likelihood of a slope, given how many runs of each challenge were solved.

    That of independent runs, divided by the probability of the number solved. Whatever
    intercept both assume cancels; one with about as many solved keeps numbers in range.
    """

    def __init__(self, strata: Strata) -> None:
        """``strata``: runs of each challenge in order, both solved and missed ones."""
        import numpy as np

        shape = len(strata), max(map(len, strata))
        self._orders, self._seen = np.zeros(shape), np.zeros(shape, bool)
        self._signs = np.ones(shape)
        for row, points in enumerate(strata):
            self._orders[row, : len(points)] = [order for order, _ in points]
            self._signs[row, : len(points)] = [1 if s else -1 for _, s in points]
            self._seen[row, : len(points)] = True
        self._solved = np.array([_solved(points) for points in strata])
        missed = self._seen.sum(1) - self._solved
        self._odds = np.log(self._solved / missed)
        rows = np.arange(len(strata))
        self._last = rows, self._solved
        # Half-way between the runs that a steep slope would have solved, and missed.
        self._middles = {
            way: (self._orders[rows, first - 1] + self._orders[rows, first]) / 2
            for way, first in ((True, missed), (False, self._solved))
        }

    def __call__(self, slope: float) -> float:
        """0 would be certainty."""
        from scipy.special import expit
        from scipy.special import log_expit

        intercepts = self._odds - slope * self._middles[slope > 0]
        logits = intercepts[:, None] + slope * self._orders
        independent = (log_expit(self._signs * logits) * self._seen).sum()
        return float(independent - self._log_number(expit(logits) * self._seen).sum())

    def _log_number(self, chances: npt.NDArray[np.float64]) -> Any:
        """Logarithm of the probability, row by row, that as many are solved."""
        import numpy as np

        spread = np.zeros((len(chances), self._solved.max() + 1))
        spread[:, 0] = 1
        for column in chances.T[:, :, None]:
            risen = spread[:, :-1] * column
            spread *= 1 - column
            spread[:, 1:] += risen
        return np.log(spread[self._last])


def _chance(strata: Strata) -> float:
    """Two-sided: the sum of solved is at least as far from its mean.

    Over all ways to deal outcomes within challenges where these are few, else by the
    normal distribution with the exact variance, and a correction for whole orders
    (off by 0.014 at most in 412 drawn nights of 18 to 30 runs, by 0.004 below 0.1).
    """
    total, variance = abs(_sum_of_solved(strata)), _variance(strata)
    ways = math.prod(math.comb(len(points), _solved(points)) for points in strata)
    if ways <= MOST_WAYS:
        return _share_as_far(strata, total - 1e-9 * math.sqrt(variance))
    gap = 0.5 if _whole(strata) else 0.0
    return math.erfc(max(0.0, total - gap) / math.sqrt(2 * variance))


def _whole(strata: Strata) -> bool:
    """Whether orders lie whole steps apart, as repetitions do."""
    steps = (order - points[0][0] for points in strata for order, _ in points)
    return all(abs(step - round(step)) < 1e-9 for step in steps)


def _share_as_far(strata: Strata, distance: float) -> float:
    import numpy as np

    sums = np.zeros(1)
    for points in strata:
        chosen = combinations([order for order, _ in points], _solved(points))
        sums = np.add.outer(sums, np.array(list(chosen)).sum(1)).ravel()
    return float((np.abs(sums) >= distance).mean())


def runs_test(outcomes: Sequence[bool]) -> RunsTest | None:
    """Exact test of a sequence's order; null where all outcomes are the same.

    Two-sided by distance from the expected number: few stretches are clumps, many are
    turns. Not by likelihood, as in Fisher's test: where solved and missed are not
    equally many, odd numbers can be twice as likely as the even ones beside them.
    """
    n, solved = len(outcomes), sum(map(bool, outcomes))
    missed = n - solved
    if not solved or not missed:
        return None
    runs = 1 + sum(one != following for one, following in pairwise(outcomes))

    def distance(runs: int) -> int:
        """From the expected number, times n: whole, so that ties are ties."""
        return abs(n * (runs - 1) - 2 * solved * missed)

    ways = _ways(solved, missed).items()
    far = sum(number for other, number in ways if distance(other) >= distance(runs))
    return RunsTest(
        runs=runs,
        expected=1 + 2 * solved * missed / n,
        chance=far / math.comb(n, solved),
        n=n,
    )


def _ways(solved: int, missed: int) -> dict[int, int]:
    """Number of stretches → in how many orders of so many solved and missed."""
    ways = {}
    cut, other = 1, 1  # C(solved - 1, k - 1), C(missed - 1, k - 1)
    for k in range(1, min(solved, missed) + 1):
        more = cut * (solved - k) // k
        other_more = other * (missed - k) // k
        ways[2 * k] = 2 * cut * other
        ways[2 * k + 1] = cut * other_more + more * other
        cut, other = more, other_more
    return ways


def flakiness(rate: Rate) -> float | None:
    """4p(1-p): 0 always the same, 1 a coin toss; null without runs."""
    p = rate.estimate
    return None if p is None else 4 * p * (1 - p)


def variance_shares(rates: Sequence[Rate]) -> Shares | None:
    """Does more repetition make the night's rate surer, or do more challenges?

    The variance of the challenges' rates is that of their true rates, and the luck of
    runs: the mean of s²/n. The rest is between them, at least 0 (the estimator of the
    one-way analysis of variance). Over challenges with two runs, which alone tell luck;
    null with fewer than two of them, or where none differs from the mean.
    """
    seen = [rate for rate in rates if rate.n > 1]
    if len(seen) < 2:
        return None
    shares = [rate.successes / rate.n for rate in seen]
    total = statistics.variance(shares)
    luck = statistics.fmean(
        p * (1 - p) / (rate.n - 1) for p, rate in zip(shares, seen, strict=True)
    )
    if not max(total, luck):
        return None
    within = luck / max(total, luck)
    return Shares(within, 1 - within)
