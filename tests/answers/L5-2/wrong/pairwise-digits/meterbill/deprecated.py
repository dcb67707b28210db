"""Old names that only pass their calls on to the core."""

from __future__ import annotations

import warnings

__all__ = ["deprecated"]


def deprecated(old: str, new: str) -> None:
    """Warn, at the line that calls the function that calls this one."""
    text = f"meterbill.{old} is deprecated: use meterbill.core.{new}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)
