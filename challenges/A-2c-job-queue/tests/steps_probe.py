"""Text for the child: counts what calls take. Made ready before the answer is.

Lines are told by the interpreter, and so is the use of methods that go through a whole
container. ``min``, ``sorted`` and the like count the items that they take. What is
copied as a whole shows in the memory that a call holds for a moment.
"""

from __future__ import annotations

import builtins
import heapq
import sys
import tracemalloc
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

THROUGH_ALL = {"copy", "count", "index", "remove", "reverse", "sort"}
"""Methods that are counted as one step for each item."""

_seen = 0


def _trace(frame: Any, event: str, argument: Any) -> Any:
    global _seen
    if frame.f_globals is globals():
        return None
    _seen += event == "line"
    return _trace


def _profile(frame: Any, event: str, argument: Any) -> None:
    global _seen
    if event == "c_call" and argument.__name__ in THROUGH_ALL:
        held = argument.__self__
        if isinstance(held, Collection) and not isinstance(held, str | bytes):
            _seen += len(held)


def _counted(items: Iterable[Any]) -> Iterator[Any]:
    global _seen
    for item in items:
        _seen += 1
        yield item


def _counting(function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*given: Any, **named: Any) -> Any:
        if len(given) == 1 or function is sum:
            given = (_counted(given[0]), *given[1:])
        return function(*given, **named)

    return counted


def _heapify(heap: list[Any]) -> None:
    global _seen
    _seen += len(heap)
    _heapified(heap)


_heapified = heapq.heapify
heapq.heapify = _heapify
for _function in (min, max, sorted, sum, any, all):
    setattr(builtins, _function.__name__, _counting(_function))


def steps(calls: Iterable[None], most: int) -> int:
    """Of all calls; one is made whenever the iterator goes on. Ends above ``most``."""
    global _seen
    _seen = 0
    sys.setprofile(_profile)
    sys.settrace(_trace)
    try:
        for _ in calls:
            if _seen > most:
                break
    finally:
        sys.settrace(None)
        sys.setprofile(None)
    return _seen


def copied(calls: Iterable[None], most: int) -> int:
    """Bytes that each call holds at most beyond what there was, all calls together."""
    total = 0
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in calls:
        after, peak = tracemalloc.get_traced_memory()
        total += peak - before
        tracemalloc.reset_peak()
        before = after
        if total > most:
            break
    tracemalloc.stop()
    return total
