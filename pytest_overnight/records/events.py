"""One event of a ledger, and how its fields are read.

A user's own agent writes what it likes into its ledger, so nothing about a field is
certain but that it is JSON.
"""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]

LARGEST = 1e15
"""Of a figure that can be meant."""


def figure(event: Event, key: str) -> float:
    """A number of an event; 0 where there is none."""
    value = event.get(key, 0)
    is_figure = isinstance(value, int | float) and -LARGEST < value < LARGEST
    return value if is_figure else 0


def text(event: Event, key: str) -> str:
    """A text of an event; empty where there is none."""
    value = event.get(key)
    return value if isinstance(value, str) else ""


def texts(event: Event, key: str) -> list[str]:
    """A list of texts of an event, without what is no text."""
    value = event.get(key)
    if not isinstance(value, list | tuple):
        return []
    return [one for one in value if isinstance(one, str)]
