"""Exact tests of two nights: nothing in them is an approximation for many runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_overnight.reporting.statistics import Rate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALL_SIGNS = 20
"""Most differences whose signs are all tried: a million combinations."""
DRAWS = 99_999
"""Combinations that are drawn where there are more."""
SMALL = 200
"""Runs of both nights up to which Boschloo's test takes some hundredths of a second."""
ROUNDING = 1e-9
"""Sums that differ by less are equal: they were added up in another order."""


def stratified_chance(pairs: Sequence[tuple[Rate, Rate]]) -> tuple[float, int]:
    """Chance that the runs of two nights fall so unevenly, and which way they fell.

    Null hypothesis: *within each challenge* it makes no difference in which night a run
    was played. Then the solved runs of a challenge are a random draw from those of both
    nights (hypergeometric), and the number solved in the first night is a sum of
    independent draws, whose distribution is computed in full. That is the exact
    Cochran–Mantel–Haenszel test, R's ``mantelhaen.test(exact = TRUE)``; with a single
    pair Fisher's. Two-sided by doubling the smaller tail, so that each direction is
    claimed by chance in at most half of the cases.

    The direction is 1 where the first of each pair did better, -1 where worse, else 0.
    """
    import numpy as np

    whole, seen, expected = np.ones(1), 0, 0.0
    for one, other in pairs:
        if one.n and other.n:
            draws, least = _draws(one, other)
            whole = np.convolve(whole, draws)
            seen += one.successes - least
            expected += float(draws @ np.arange(len(draws)))
    tails = (whole[: seen + 1].sum(), whole[seen:].sum())
    direction = 0 if abs(seen - expected) < ROUNDING else 1 if seen > expected else -1
    return min(1.0, 2 * float(min(tails))), direction


def _draws(one: Rate, other: Rate) -> tuple[NDArray[np.float64], int]:
    """Chance of each number that ``one`` may have solved, and the least number."""
    import numpy as np

    runs, solved = one.n + other.n, one.successes + other.successes
    least, most = max(0, solved - other.n), min(solved, one.n)
    ways = [
        math.comb(solved, k) * math.comb(runs - solved, one.n - k)
        for k in range(least, most + 1)
    ]
    return np.array([way / math.comb(runs, one.n) for way in ways]), least


def sign_flip_chance(differences: Sequence[float], seed: int = 0) -> float:
    """Chance of a mean so far from 0, were each sign as likely as the other.

    Exact over all 2^T signs for T <= 20; above, 99,999 drawn with ``seed``, the
    observed signs counted in (Phipson & Smyth 2010), so that it is never 0. With fewer
    than six differences it cannot be below 5 %: the least is 2 / 2^T.
    """
    import numpy as np

    if not differences:
        return 1.0
    values = np.array(differences)
    reached = abs(values.sum()) - ROUNDING
    if len(values) <= ALL_SIGNS:
        sums = np.zeros(1)
        for value in values:
            sums = np.concatenate([sums + value, sums - value])
        return float(np.mean(np.abs(sums) >= reached))
    signs = np.random.default_rng(seed).integers(0, 2, (DRAWS, len(values)), np.int8)
    sums = signs @ (2 * values) - values.sum()
    return float((1 + np.sum(np.abs(sums) >= reached)) / (1 + DRAWS))


def table_chance(one: Rate, other: Rate) -> float:
    """Chance that two rates of one challenge differ so much, were they the same.

    Boschloo's exact test, two-sided. It keeps its level as Fisher's does and finds
    more: of challenges that fell from 100 % to 40 %, with ten runs a night and Holm's
    correction for nine, 63 % and not 38 %. Its time grows with the square of the runs,
    and its advantage goes: of more than 200 runs it is Fisher's.
    """
    from scipy.stats import boschloo_exact
    from scipy.stats import fisher_exact

    # SciPy takes the columns for the samples: here, the nights.
    table = [
        [one.successes, other.successes],
        [one.n - one.successes, other.n - other.successes],
    ]
    if 0 in (one.n, other.n) or 0 in map(sum, table):
        return 1.0  # where all or none were solved there is nothing to tell
    if one.n + other.n > SMALL:
        return min(1.0, float(fisher_exact(table)[1]))
    return min(1.0, float(boschloo_exact(table).pvalue))


def holm(chances: Sequence[float]) -> list[float]:
    """Holm's adjusted chances: below 5 %, the family as a whole errs in at most 5 %.

    Holm 1979; ``statsmodels.stats.multitest.multipletests(method="holm")``.
    """
    adjusted = [1.0] * len(chances)
    least = 0.0
    order = sorted(range(len(chances)), key=chances.__getitem__)
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(chances) - rank) * chances[index]))
        adjusted[index] = least
    return adjusted
