"""What is killed, and when."""

from __future__ import annotations

from dataclasses import dataclass

RANDOM = "random"
"""Instant of a kill that comes from outside, whatever its victim is doing."""

CONTROLLER = "controller"
WORKER = "worker"
TRY_SERVER = "try server"
JUDGE_SERVER = "judge server"
TRY = "try"
"""The fork of the try server that plays a try."""
VERIFICATION = "verification"
"""The fork of the judge server that runs hidden tests."""
BOX = "box"
"""Any process below a try or a verification."""
ALL = "all"
"""Every process of the session at once, as a power cut does it."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL."""

    victim: str
    instant: str = RANDOM
    """``random``, or one of ``instants.INSTANTS``."""
    after: int = 0
    """Runs that must first have finished in this process of the session."""
    call: int = 1
    """Of a chosen instant: how many times it must be met by one process."""
    delay: float = 0.0
    """Seconds after that."""
    pick: float = 0.0
    """Of several possible victims: which, 0 … 1."""

    def __str__(self) -> str:
        """``worker, verify: before, call 2, after 1 run``."""
        parts = [self.victim, self.instant]
        parts += [f"call {self.call}"] if self.call > 1 else []
        parts += [f"after {self.after}"] if self.after else []
        parts += [f"+{self.delay:.2f} s"] if self.delay else []
        return ", ".join(parts)
