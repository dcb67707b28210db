"""From the values that models send to the types that the tools take."""

from __future__ import annotations

import json
from typing import Any
from typing import TypeGuard

LARGEST = 2**53
"""Largest number that survives every server's JSON."""


def cast(value: Any, wanted: str) -> Any:
    """``value`` as ``integer``, ``boolean`` or ``string``; None if it is none."""
    return _CASTS[wanted](value)


def is_words(value: Any) -> TypeGuard[list[str]]:
    """Whether ``value`` is a list of texts."""
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _integer(value: Any) -> int | None:
    try:
        number = value if type(value) is int else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) <= LARGEST else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, (bool, int)):
        return bool(value)
    words = {"true": True, "yes": True, "1": True}
    words |= {"false": False, "no": False, "0": False}
    return words.get(value.strip().lower()) if isinstance(value, str) else None


def _string(value: Any) -> str | None:
    if value is None:
        return None
    try:
        if is_words(value):
            value = "\n".join(line.rstrip("\n") for line in value)
        elif isinstance(value, (dict, list)):
            value = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        # A lone surrogate could be sent neither to the box nor back to the model.
        return str(value).encode("utf-8", "replace").decode()
    except (TypeError, ValueError, RecursionError):
        # Nested too deeply, a number too long to print, a key that JSON has not.
        return None


_CASTS = {"integer": _integer, "boolean": _boolean, "string": _string}
