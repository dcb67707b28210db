"""Questions about series of values: what is repeated, out of order, highest, in force.

Of the values only those operations are used that a docstring names: they need not be
numbers or text.  Values that are compared have one order, as int and float have, and
are equal to themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from heapq import heapreplace
from operator import itemgetter
from typing import Any


def repeated(items: Iterable[Any]) -> list[Any]:
    """The values that occur more than once, each of them once.

    They come in the order in which their second occurrences come.  Of equal values,
    such as 1 and 1.0, the one that came first is returned.

    The items have ``==`` and a hash, and need no order.

    >>> repeated(["a", "b", "c", "a", "b"])
    ['a', 'b']
    """
    met: dict[Any, Any] = {}
    found: list[Any] = []
    for item in items:
        if item not in met:
            met[item] = item
        elif item not in found:
            found.append(met[item])
    return found


def out_of_order(items: Iterable[Any]) -> int:
    """How many pairs of items are out of order: the later one is less.

    Every two places count, not only neighbours.  Equal items are in order.

    The items can be compared: ``== < <= > >=``.  They need not have a hash.

    >>> out_of_order([2, 4, 3, 1])
    4
    """
    return _sorted_and_pairs(list(items))[1]


def _sorted_and_pairs(row: list[Any]) -> tuple[list[Any], int]:
    """The row in order, and how many of its pairs were not."""
    if len(row) < 2:
        return row, 0
    middle = len(row) // 2
    left, left_pairs = _sorted_and_pairs(row[:middle])
    right, right_pairs = _sorted_and_pairs(row[middle:])
    merged: list[Any] = []
    pairs = left_pairs + right_pairs
    taken = 0  # of the left half: what is left of it is greater than the item
    for item in right:
        while taken < len(left) and left[taken] <= item:
            merged.append(left[taken])
            taken += 1
        merged.append(item)
        pairs += len(left) - taken
    return merged + left[taken:], pairs


def peaks(items: Iterable[Any], width: int) -> list[Any]:
    """The greatest of each ``width`` items that follow one another.

    First that of the first ``width`` items, then that of the ``width`` items from the
    second on, and so on to the last ``width`` items: the result is empty when there
    are fewer items than that.  Of equal items, such as 1 and 1.0, the one that stands
    first among the ``width`` is returned.  ``ValueError`` for a ``width`` below 1.

    The items can be compared: ``== < <= > >=``.  They need not have a hash.

    >>> peaks([3, 1, 2, 5, 4], 3)
    [3, 5, 5]
    """
    if width < 1:
        raise ValueError(f"width below 1: {width}")
    # Places and items that may yet be a peak: none is less than one after it.
    hopeful: deque[tuple[int, Any]] = deque()
    found = []
    for place, item in enumerate(items):
        while hopeful and hopeful[-1][1] < item:
            hopeful.pop()
        hopeful.append((place, item))
        if hopeful[0][0] == place - width:
            hopeful.popleft()
        if place >= width - 1:
            found.append(hopeful[0][1])
    return found


def assign(durations: Iterable[Any], workers: int) -> list[tuple[int, Any]]:
    """Who does each job, and when it starts: a tuple ``(worker, start)`` a job.

    The workers are 0, 1, 2 … and all of them are free from 0 on.  The jobs are given
    out in order: each goes to the worker who is free first, to the lowest number of
    those who are free at the same time, and starts when that worker is free.  It ends
    at its start plus its duration, and then the worker is free again.  ``ValueError``
    for ``workers`` below 1.

    The durations are numbers, 0 or more: int, float, Fraction, Decimal or any other
    type whose values can be added and compared, with one another and with int.

    >>> assign([5, 2, 2, 4], 2)
    [(0, 0), (1, 0), (1, 2), (1, 4)]
    """
    if workers < 1:
        raise ValueError(f"workers below 1: {workers}")
    free: list[tuple[Any, int]] = [(0, worker) for worker in range(workers)]  # a heap
    jobs = []
    for duration in durations:
        start, worker = free[0]
        jobs.append((worker, start))
        heapreplace(free, (start + duration, worker))
    return jobs


def in_force(changes: Iterable[tuple[Any, Any]], times: Iterable[Any]) -> list[Any]:
    """The value that is in force at each of the times, in the order of the times.

    A change is a pair ``(start, value)``, a tuple: from ``start`` on, the start
    included, the value is in force, until the next start.  The changes come in any
    order.  Of changes with equal starts the last one counts.  Before the first start,
    and when there are no changes, None is in force.

    Starts and times can be compared: ``== < <= > >=``.  They need not have a hash.
    The values are anything at all: nothing can be done with them but to return them.

    >>> in_force([(10, "b"), (5, "a")], [6, 8, 12])
    ['a', 'a', 'b']
    """
    ordered = sorted(changes, key=itemgetter(0))
    starts = [start for start, _ in ordered]
    values = [None, *(value for _, value in ordered)]
    return [values[bisect_right(starts, time)] for time in times]
