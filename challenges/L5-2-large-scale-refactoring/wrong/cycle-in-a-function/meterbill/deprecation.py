"""Old names say so when they are used."""

from __future__ import annotations

import warnings

__all__ = ["warn_deprecated"]


def warn_deprecated(old: str, new: str) -> None:
    """Warn the caller of the function that calls this one."""
    text = f"meterbill.{old} is deprecated: use meterbill.core.{new}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)
