"""Old names say so when they are used."""

from __future__ import annotations

import warnings
from collections.abc import Callable

__all__ = ["old_names", "warn_deprecated"]


def warn_deprecated(old: str, new: str) -> None:
    """Warn the caller of the function that calls this one."""
    text = f"meterbill.{old} is deprecated: use meterbill.core.{new}"
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def old_names(
    module: str, names: dict[str, tuple[Callable[..., object], str]]
) -> Callable[[str], object]:
    """A module's ``__getattr__`` that warns of its old names."""

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module has no attribute {name!r}")
        function, new = names[name]
        warn_deprecated(f"{module}.{name}", new)
        return function

    return find
