"""Estimates that know how sure they are: rates, means over challenges, spreads.

Three kinds of interval, never mixed: Wilson's for one challenge and for one way of
failing; the task-level one for a mean over challenges; none for times, whose spread is
shown as it is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends of a confidence interval of a share, 0 … 1."""

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


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share; nothing seen (``n`` = 0) gives 0 … 1.

    Unlike mean ± error it never has width 0: 10 of 10 gives 0.722 … 1.
    Wilson 1927; scipy's ``binomtest(…).proportion_ci(method="wilson")``.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} cannot be")
    if n == 0:
        return Interval(0.0, 1.0)
    from scipy.stats import binomtest  # takes a second: only who reports pays

    test = binomtest(successes, n)
    ends = test.proportion_ci(confidence_level=confidence, method="wilson")
    return Interval(float(ends.low), float(ends.high))


def mean_rate(rates: Iterable[Rate], confidence: float = 0.95) -> MeanRate:
    """Mean over challenges, with the error *for these challenges only*.

    It answers "what if the same challenges were run again", not "what would it do on
    others". SE = (1/T)·√(Σ p(1-p)/(n-1)) with p smoothed to (c+1)/(n+2), so that a
    night in which all passed is not certain. The smoothing is too weak for a single
    challenge, which has Wilson's interval as in the challenge's own row.
    """
    seen = [rate for rate in rates if rate.n]
    if not seen:
        return MeanRate(None, Interval(0.0, 1.0), 0)
    mean = statistics.fmean(rate.successes / rate.n for rate in seen)
    if len(seen) == 1:
        return MeanRate(mean, wilson(seen[0].successes, seen[0].n, confidence), 1)
    error = math.sqrt(sum(_smoothed_variance(rate) for rate in seen)) / len(seen)
    half = statistics.NormalDist().inv_cdf(0.5 + confidence / 2) * error
    ends = Interval(max(0.0, mean - half), min(1.0, mean + half))
    return MeanRate(mean, ends, len(seen))


def _smoothed_variance(rate: Rate) -> float:
    smoothed = (rate.successes + 1) / (rate.n + 2)
    return smoothed * (1 - smoothed) / max(rate.n - 1, 1)


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
