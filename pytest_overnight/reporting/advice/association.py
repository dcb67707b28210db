"""Whether runs with some feature were missed more often, challenge by challenge.

Each challenge is a stratum of its own: a hard challenge whose runs all show the feature
is no evidence against the feature. Within a stratum outcomes are exchangeable where the
feature plays no part, so the chance is that of a permutation test, computed exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING
from typing import Any

from pytest_overnight.reporting.statistics import NORMAL
from pytest_overnight.reporting.statistics import PSEUDO_RUNS
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import score_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stratum:
    """The counted runs of one challenge: with and without the feature."""

    with_missed: int
    with_runs: int
    without_missed: int
    without_runs: int

    @property
    def runs(self) -> int:
        """All of them."""
        return self.with_runs + self.without_runs

    @property
    def missed(self) -> int:
        """Of all of them."""
        return self.with_missed + self.without_missed

    @property
    def most(self) -> int:
        """Missed runs with the feature, at most, given how many have it."""
        return min(self.with_runs, self.missed)

    @property
    def least(self) -> int:
        """The same at least."""
        return max(0, self.with_runs - (self.runs - self.missed))


@dataclass(frozen=True, slots=True)
class Turned:
    """Missed runs with the feature that would be solved without it."""

    runs: float
    low: float
    high: float


def stratum(pairs: Iterable[tuple[bool, bool]]) -> Stratum:
    """Of one challenge's runs: (has the feature, was missed)."""
    counts = [0, 0, 0, 0]
    for has, missed in pairs:
        counts[2 * has + missed] += 1
    solved_without, missed_without, solved_with, missed_with = counts
    return Stratum(
        missed_with,
        missed_with + solved_with,
        missed_without,
        missed_without + solved_without,
    )


def chance(strata: Iterable[Stratum]) -> float:
    """Probability of so many missed runs with the feature, or more, by chance alone.

    One-sided and exact: given how many runs of each challenge have the feature and how
    many were missed, the missed ones among them follow a hypergeometric distribution,
    and their sum over challenges the convolution. This is the exact conditional test of
    a common odds ratio (Mehta, Patel & Gray 1985), whose asymptotic form is the
    Cochran–Mantel–Haenszel test. 1 where no challenge can tell.
    """
    seen = _informative(strata)
    return _tail(seen, sum(one.with_missed for one in seen))


def least_chance(strata: Iterable[Stratum]) -> float:
    """The smallest :func:`chance` that other outcomes of the same runs could give.

    It does not depend on which runs were missed: candidates may be chosen by it.
    """
    seen = _informative(strata)
    return _tail(seen, sum(one.most for one in seen))


def _informative(strata: Iterable[Stratum]) -> list[Stratum]:
    return [one for one in strata if one.least < one.most]


def _tail(strata: Sequence[Stratum], reached: int) -> float:
    """P(sum of the missed with the feature >= ``reached``)."""
    import numpy  # half a second: only who reports pays

    if not strata:
        return 1.0
    logs = _log_factorials(max(one.runs for one in strata))
    sums = reduce(numpy.convolve, (_distribution(one, logs) for one in strata))
    first = reached - sum(one.least for one in strata)
    return min(1.0, float(sums[first:].sum()))


def _distribution(one: Stratum, logs: NDArray[Any]) -> NDArray[Any]:
    """Hypergeometric probabilities of ``least`` … ``most``."""
    import numpy

    solved = one.runs - one.missed
    with_missed = numpy.arange(one.least, one.most + 1)
    with_solved = one.with_runs - with_missed
    ways = logs[one.missed] - logs[with_missed] - logs[one.missed - with_missed]
    ways += logs[solved] - logs[with_solved] - logs[solved - with_solved]
    likely = numpy.exp(ways - ways.max())
    shares: NDArray[Any] = likely / likely.sum()
    return shares


def _log_factorials(most: int) -> NDArray[Any]:
    import numpy

    steps = numpy.log(numpy.arange(1, most + 1))
    return numpy.concatenate([[0.0], numpy.cumsum(steps)])


def turned(strata: Iterable[Stratum]) -> Turned:
    """Runs that would turn, had those with the feature the solve rate of the others.

    Standardised: each challenge's runs are measured against its own runs without the
    feature; a challenge that has none of these adds nothing. The 95 % interval joins
    those of both rates (MOVER, Zou & Donner 2008), within 0 and the missed runs
    concerned.
    """
    seen = [one for one in strata if one.with_runs and one.without_runs]
    if not seen:
        return Turned(0.0, 0.0, 0.0)
    runs = [one.with_runs for one in seen]
    here, our = _mean_share(runs, [(one.with_missed, one.with_runs) for one in seen])
    there, their = _mean_share(
        runs, [(one.without_missed, one.without_runs) for one in seen]
    )
    below = math.hypot(here - our.low, their.high - there)
    above = math.hypot(our.high - here, there - their.low)
    most = float(sum(one.with_missed for one in seen))
    ends = (here - there, here - there - below, here - there + above)
    return Turned(*(min(max(0.0, sum(runs) * end), most) for end in ends))


def _mean_share(
    weights: Sequence[int], counts: Sequence[tuple[int, int]]
) -> tuple[float, Interval]:
    """Weighted mean of the shares ``counts``, with its 95 % interval.

    Wilson's for the effective number of runs m(1-m)/V, m the mean and V its variance,
    each challenge's own smoothed as in :func:`.statistics.mean_rate`.
    """
    whole = sum(weights)
    mean = sum(w * k / n for w, (k, n) in zip(weights, counts, strict=True)) / whole
    most = mean * (1 - mean)
    if most == 0:  # all missed, or none: as one share of so many runs
        parts = [
            (w / whole) ** 2 / n for w, (_, n) in zip(weights, counts, strict=True)
        ]
    else:
        parts = [
            (w / whole) ** 2
            * (k * (n - k) / n + PSEUDO_RUNS * most)
            / (n - 1 + PSEUDO_RUNS)
            / n
            / most
            for w, (k, n) in zip(weights, counts, strict=True)
        ]
    return mean, score_interval(mean, 1 / sum(parts), NORMAL.inv_cdf(0.975))
