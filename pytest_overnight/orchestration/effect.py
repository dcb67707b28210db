"""What difference between two such nights could be seen at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

POWER = 0.8
SIGNIFICANCE = 0.05


def detectable_difference(repetitions: Sequence[int]) -> float:
    """Smallest true difference of two nights' overall rates that would be noticed.

    A share, 0 … 1. ``repetitions``: counted runs of each challenge, each at least 1.
    The rate is the mean over challenges, the same ones in both nights; noticed means
    in 80 % of such pairs, at 5 %, two-sided; at worst, where every run is a coin toss.
    (z₀.₉₇₅ + z₀.₈)·√(2·Σ(¼/n)/T²), T the number of challenges. At most 1.
    """
    normal = NormalDist()
    z = normal.inv_cdf(1 - SIGNIFICANCE / 2) + normal.inv_cdf(POWER)
    variance = sum(0.25 / n for n in repetitions) / len(repetitions) ** 2
    return min(1.0, z * math.sqrt(2 * variance))
