"""Text for the child: counts what calls of a cache do. Made ready before the answer is.

Lines are told by the interpreter. ``min``, ``max``, ``sorted`` and ``sum`` count the
items that they are given; copies of whole containers show in the memory of a call.
"""

from __future__ import annotations

import builtins
import gc
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

CALLS: dict[str, Callable[..., Any]] = {
    "put": lambda cache, key: cache.put(key, 0),
    "get": lambda cache, key: cache.get(key),
    "delete": lambda cache, key: cache.delete(key),
    "contains": lambda cache, key: key in cache,
    "len": lambda cache, key: len(cache),
    "keys": lambda cache, key: cache.keys(),
    "resize": lambda cache, key: cache.resize(0),
}
"""Name in the note → one call."""

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


def use(cache: Any, acts: list[list[Any]]) -> None:
    """Each act is the name of a call and its key."""
    for name, key in acts:
        CALLS[name](cache, key)


def most_steps(cache: Any, name: str, keys: list[Any]) -> int:
    """The most that one call takes; a deleted key comes back each time."""
    global _seen
    most = 0
    for key in keys:
        _seen = 0
        sys.settrace(_trace)
        try:
            found = CALLS[name](cache, key)
        finally:
            sys.settrace(None)
        handed_out = len(found) if isinstance(found, list) else 0
        most = max(most, _seen + handed_out)
        if name == "delete":
            cache.put(key, 0)
    return most


def usual_bytes(cache: Any, name: str, keys: list[Any]) -> int:
    """What a call holds at most beyond what there was: the median of the calls.

    Now and then a dict makes room for itself; a median does not see it.
    """
    found = []
    tracemalloc.start()
    for key in keys:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        CALLS[name](cache, key)
        _, peak = tracemalloc.get_traced_memory()
        found.append(peak - before)
        if name == "delete":
            cache.put(key, 0)
    tracemalloc.stop()
    found.sort()
    return found[len(found) // 2]


class Value:
    """Tells whether anybody holds it."""


_values: weakref.WeakValueDictionary[str, Value] = weakref.WeakValueDictionary()


def put_value(cache: Any, key: str, name: str) -> None:
    """Put a value that nobody else holds."""
    _values[name] = value = Value()
    cache.put(key, value)


def held() -> list[str]:
    """Names of the values that are still there."""
    gc.collect()
    return list(_values)
