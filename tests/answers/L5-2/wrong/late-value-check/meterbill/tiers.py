"""What makes the tiers of a tariff usable."""

from __future__ import annotations

from collections.abc import Sequence

from meterbill.errors import RateError
from meterbill.models import Tier

__all__ = ["check_tiers"]


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raise RateError unless the tiers rise and the last one has no end."""
    if not tiers or tiers[-1].upto is not None:
        raise RateError("the last tier must have no end")
    below = 0
    for tier in tiers[:-1]:
        if tier.upto is None or tier.upto <= below:
            raise RateError("tiers must rise")
        below = tier.upto
