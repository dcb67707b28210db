"""How long to wait before a model call is made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015:
    drawing the whole pause at random spreads clients best for the work it costs.
    """

    base: float = 1.0
    """Upper end of the first pause, seconds."""
    cap: float = 60.0
    """Upper end of any pause, seconds."""
    retries: int = 6
    """Most retries of one call."""

    def pause(self, retry: int, random: Callable[[], float]) -> float:
        """Seconds before the ``retry``-th repetition, counted from 1."""
        return random() * min(self.cap, self.base * 2.0 ** (retry - 1))
