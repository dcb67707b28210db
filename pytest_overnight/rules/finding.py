"""That a loop rule holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that holds."""

    rule: str
    """``L1`` … ``L11``."""
    first: int
    """Index of the step, for L6, L9 and L10 of the round, where the streak begins."""
    count: int
    """How often: equal steps, periods, actions, returns, errors, rounds."""
    stop: bool
    """Beyond the second threshold: the work is to end."""
    detail: str
    """What happened, without a full stop."""
