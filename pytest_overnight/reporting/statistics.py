"""Estimates that know how sure they are: rates, means over challenges, spreads.

Intervals are never mixed: Wilson's for one challenge and for one way of failing; two
for a mean over challenges, for *these* challenges and for challenges *like* these;
bounds for what is missing; none for times, whose spread is shown as it is. How often
they hold what they should: ``benchmarks/coverage.py``, ``docs/decisions/0009``.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

NORMAL = statistics.NormalDist()
POWER = 0.8
SIGNIFICANCE = 0.05
PSEUDO_RUNS, PSEUDO_CHALLENGES = 3, 1
"""Weights of the largest variance that a mean allows, beside the variance seen."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends of a confidence interval: of a share (0 … 1) unless said otherwise."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rate:
    """``successes`` of ``n``."""

    successes: int
    n: int

    @property
    def estimate(self) -> float | None:
        """The share, 0 … 1; null when ``n`` is 0."""
        return self.successes / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval."""
        return wilson(self.successes, self.n)


@dataclass(frozen=True, slots=True)
class MeanRate:
    """The mean over challenges of their pass rates, each challenge with one voice."""

    estimate: float | None
    """0 … 1; null when no challenge has a counted run."""
    interval: Interval
    challenges: int
    """Challenges with at least one counted run: only these are in the mean."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a quantity lies over runs, in its own unit."""

    n: int
    mean: float
    median: float
    sd: float | None
    """Sample standard deviation (n - 1); null for one value."""
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PassAt:
    """What ``k`` runs of a challenge come to, averaged over challenges."""

    k: int
    at: float | None
    """pass@k, 0 … 1: at least one of k runs solves. Null when none had k runs."""
    hat: float | None
    """pass^k, 0 … 1: all k runs solve."""
    challenges: int
    """With at least k counted runs: only these are in the means."""
    too_few: int
    """Other challenges with a counted run."""


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share; nothing seen (``n`` = 0) gives 0 … 1.

    Unlike mean ± error it never has width 0: 10 of 10 gives 0.722 … 1.
    Wilson 1927; scipy's ``binomtest(…).proportion_ci(method="wilson")``, whose import
    takes a second that ``pytest-overnight watch`` should not pay.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} cannot be")
    if n == 0:
        return Interval(0.0, 1.0)
    return score_interval(successes / n, n, NORMAL.inv_cdf(0.5 + confidence / 2))


def score_interval(p: float, n: float, z: float) -> Interval:
    """All shares that differ from ``p`` by at most ``z`` of *their own* errors.

    Wilson's, for a number of runs ``n`` that need not be whole.
    """
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    low, high = ((centre + end) / (1 + z * z / n) for end in (-half, half))
    # Rounding must not part an end from an estimate that it meets.
    return Interval(max(0.0, low) if p > 0 else 0.0, min(1.0, high) if p < 1 else 1.0)


def mean_rate(rates: Iterable[Rate], confidence: float = 0.95) -> MeanRate:
    """Mean over challenges, with the error *for these challenges only*.

    It answers "what if the same challenges were run again", not "what would it do on
    others". Wilson's interval for the *effective* number of runs m(1-m)/V, as surveys
    have it (Korn & Graubard 1998); m the mean, V = Σ v/n / T² its variance. Of each
    challenge v = ((n-1)·s² + 3·m(1-m)) / (n+2): its own variance s² and, as if by three
    runs more, the largest that m allows, so that few runs that agree are not certain.
    The quantile is Student's, with Satterthwaite's degrees of freedom for V. A single
    challenge has the interval of its own row.
    """
    seen = [rate for rate in rates if rate.n]
    if not seen:
        return MeanRate(None, Interval(0.0, 1.0), 0)
    mean = _mean(seen)
    if len(seen) == 1:
        return MeanRate(mean, wilson(seen[0].successes, seen[0].n, confidence), 1)
    most = mean * (1 - mean)
    parts = [_variance(rate, most) / rate.n for rate in seen]
    if not most:  # all solved, or none: as one share of so many runs
        parts = [1 / rate.n for rate in seen]
    freedom = sum(parts) ** 2 / sum(
        part**2 / (rate.n - 1 + PSEUDO_RUNS)
        for part, rate in zip(parts, seen, strict=True)
    )
    effective = (most or 1.0) * len(seen) ** 2 / sum(parts)
    ends = score_interval(mean, effective, _student(freedom, confidence))
    return MeanRate(mean, ends, len(seen))


def _variance(rate: Rate, most: float) -> float:
    p = rate.successes / rate.n
    # n·p(1-p) is (n-1)·s²
    return (rate.n * p * (1 - p) + PSEUDO_RUNS * most) / (rate.n - 1 + PSEUDO_RUNS)


def population_rate(rates: Iterable[Rate], confidence: float = 0.95) -> MeanRate:
    """The same mean, with the error *for challenges like these*.

    It answers "what would it do on others of their kind"; with one challenge nobody
    knows. The error is that of the T challenges' rates, which contains the luck of
    runs; smoothed as if by one challenge more, in Wilson's form as in
    :func:`mean_rate`, with Student's quantile for T-1. It is never surer than for these
    challenges only, nor than T challenges allow: if all T are solved in every run, or
    nearly so, there may still be kinds that are never solved, and were not drawn.
    """
    seen = [rate for rate in rates if rate.n]
    number = len(seen)
    same = mean_rate(seen, confidence)
    if number < 2 or same.estimate is None:
        return MeanRate(same.estimate, Interval(0.0, 1.0), number)
    mean = same.estimate
    most, t = mean * (1 - mean), _student(number - 1, confidence)
    squares = sum((rate.successes / rate.n - mean) ** 2 for rate in seen)
    smoothed = (squares + PSEUDO_CHALLENGES * most) / (number - 1 + PSEUDO_CHALLENGES)
    ends = score_interval(mean, number * most / smoothed if most else number, t)
    low = min(ends.low, same.interval.low, score_interval(1.0, number, t).low)
    high = max(ends.high, same.interval.high, score_interval(0.0, number, t).high)
    return MeanRate(mean, Interval(low, high), number)


def _mean(seen: Sequence[Rate]) -> float:
    return statistics.fmean(rate.successes / rate.n for rate in seen)


def _student(freedom: float, confidence: float) -> float:
    from scipy.special import stdtrit  # a third of a second: only who reports pays

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def bounds(solved: int, missed: int, planned: int) -> Interval:
    """Of the pooled rate, had all runs without a result been missed, or been solved.

    No confidence interval but what is left open by void and unreached runs
    (Manski 1989); nothing planned gives 0 … 1.
    """
    if min(solved, missed) < 0 or solved + missed > planned:
        raise ValueError(f"{solved} solved and {missed} missed of {planned} cannot be")
    if planned == 0:
        return Interval(0.0, 1.0)
    return Interval(solved / planned, (planned - missed) / planned)


def pass_at_k(n: int, c: int, k: int) -> float | None:
    """Share of all choices of ``k`` of ``n`` runs with one of the ``c`` that solved.

    The unbiased estimate of 1 - (1-p)^k (Chen et al. 2021); null where n < k.
    """
    _check_choice(n, c, k)
    return None if n < k else 1 - math.comb(n - c, k) / math.comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float | None:
    """Share of all choices of ``k`` of ``n`` runs in which all solved.

    The unbiased estimate of p^k (Yao et al. 2024); null where n < k.
    """
    _check_choice(n, c, k)
    return None if n < k else math.comb(c, k) / math.comb(n, k)


def _check_choice(n: int, c: int, k: int) -> None:
    if not 0 <= c <= n or k < 1:
        raise ValueError(f"{k} of {n} runs of which {c} solved cannot be")


def mean_pass(rates: Iterable[Rate], k: int) -> PassAt:
    """pass@k and pass^k, each challenge with one voice."""
    seen = [rate for rate in rates if rate.n]
    enough = [(rate.n, rate.successes) for rate in seen if rate.n >= k]
    at = [value for n, c in enough if (value := pass_at_k(n, c, k)) is not None]
    hat = [value for n, c in enough if (value := pass_hat_k(n, c, k)) is not None]
    return PassAt(
        k=k,
        at=statistics.fmean(at) if at else None,
        hat=statistics.fmean(hat) if hat else None,
        challenges=len(enough),
        too_few=len(seen) - len(enough),
    )


def detectable(runs: Sequence[int], before: Sequence[int] | None = None) -> float:
    """Smallest true difference of two nights' mean rates that would be noticed.

    A share, 0 … 1. ``runs``: counted runs of each challenge, at least 1; ``before``:
    those of the other night, challenge by challenge, or the same numbers again. Noticed
    means in 80 % of such pairs of nights, at 5 %, two-sided; at worst, where every run
    is a coin toss. (z₀.₉₇₅ + z₀.₈)·√(Σ ¼(1/n + 1/n′))/T.
    """
    pairs = list(zip(runs, runs if before is None else before, strict=True))
    if not pairs or any(min(pair) < 1 for pair in pairs):
        raise ValueError("a difference needs challenges with runs in both nights")
    quantiles = NORMAL.inv_cdf(1 - SIGNIFICANCE / 2) + NORMAL.inv_cdf(POWER)
    variance = sum((1 / now + 1 / then) / 4 for now, then in pairs)
    return min(1.0, quantiles * math.sqrt(variance) / len(pairs))


def spread(values: Iterable[float]) -> Spread | None:
    """Mean, median, standard deviation and ends; null without values."""
    seen = sorted(values)
    if not seen:
        return None
    return Spread(
        n=len(seen),
        mean=statistics.fmean(seen),
        median=statistics.median(seen),
        sd=statistics.stdev(seen) if len(seen) > 1 else None,
        low=seen[0],
        high=seen[-1],
    )
