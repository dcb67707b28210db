"""How long to wait before a model call is made again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from pytest_overnight.models.base import ModelFault


@dataclass(frozen=True, slots=True)
class _Rule:
    """Where one kind of fault is waited for in its own way. Seconds."""

    base: float = 1.0
    cap: float = 60.0
    least: float = 0.0
    retries: float = 6


_RULES = {
    # The server may be starting: look often, for as long as the caller has patience.
    "refused": _Rule(cap=10.0, retries=math.inf),
    "rate": _Rule(base=5.0),
    # A process that died is started anew; one that dies each time will do so again.
    "runner": _Rule(least=5.0, retries=3),
}
_USUAL = _Rule()
_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Backoff:
    """The retry policy of model calls: exponential backoff with full jitter.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015:
    drawing the whole pause at random spreads clients best for the work it costs.
    """

    scale: float = 1.0
    """Divides every pause; above 1 only where time is shortened."""

    def pause(
        self, fault: ModelFault, retry: int, random: Callable[[], float]
    ) -> float | None:
        """Seconds before the ``retry``-th repetition, from 1; ``None``: give up.

        Only faults of the kind ``infra`` are repeated; never sooner than the server
        asks. ``random`` draws from [0, 1).
        """
        rule = _RULES.get(fault.reason, _USUAL)
        if fault.kind != "infra" or retry > rule.retries:
            return None
        end = min(rule.cap, rule.base * 2.0 ** min(retry - 1, _DOUBLINGS))
        pause = max(random() * end, rule.least, fault.retry_after or 0.0)
        return pause / self.scale
