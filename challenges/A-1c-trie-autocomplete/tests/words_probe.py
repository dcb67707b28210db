"""Text for the child: counts what calls of a system do. Run before the answer is.

Lines are told by the interpreter. ``min``, ``max``, ``sorted`` and ``sum`` count the
items that they are given.
"""

from __future__ import annotations

import builtins
import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

CALLS: dict[str, Callable[..., Any]] = {
    "insert": lambda system, text, weight: system.insert(text, weight),
    "delete": lambda system, text: system.delete(text),
    "weight": lambda system, text: system.weight(text),
    "contains": lambda system, text: text in system,
    "complete": lambda system, prefix, k: system.complete(prefix, k),
    "count": lambda system, prefix: system.count(prefix),
    "len": lambda system: len(system),
}

_seen = 0


def _trace(frame: Any, event: str, argument: Any) -> Any:
    global _seen
    if frame.f_globals is globals():
        return None
    _seen += event == "line"
    return _trace


def _counting(function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*given: Any, **named: Any) -> Any:
        global _seen
        if len(given) == 1 or function is sum:
            items = [*given[0]]
            _seen += len(items)
            given = (items, *given[1:])
        return function(*given, **named)

    return counted


for _function in (min, max, sorted, sum):
    setattr(builtins, _function.__name__, _counting(_function))


def use(system: Any, acts: list[list[Any]]) -> None:
    """Each act is the name of a call and its arguments."""
    for name, *given in acts:
        CALLS[name](system, *given)


def most_steps(system: Any, acts: list[list[Any]]) -> int:
    """The most that one of the calls takes."""
    global _seen
    most = 0
    for name, *given in acts:
        _seen = 0
        sys.settrace(_trace)
        try:
            CALLS[name](system, *given)
        finally:
            sys.settrace(None)
        most = max(most, _seen)
    return most


def held_bytes(make: Any, few: list[list[Any]], many: list[list[Any]]) -> list[int]:
    """What two systems hold, one after few acts and one after many."""
    found = []
    tracemalloc.start()
    for acts in (few, many):
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        system = make()
        use(system, acts)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        found.append(after - before)
        del system
    tracemalloc.stop()
    return found
