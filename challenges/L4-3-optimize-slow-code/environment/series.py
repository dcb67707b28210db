"""Questions about series of values: what is repeated, out of order, highest, in force.

Of the values only those operations are used that a docstring names: they need not be
numbers or text.  Values that are compared have one order, as int and float have, and
are equal to themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def repeated(items: Iterable[Any]) -> list[Any]:
    """The values that occur more than once, each of them once.

    They come in the order in which their second occurrences come.  Of equal values,
    such as 1 and 1.0, the one that came first is returned.

    The items have ``==`` and a hash, and need no order.

    >>> repeated(["a", "b", "c", "a", "b"])
    ['a', 'b']
    """
    met: list[Any] = []
    found: list[Any] = []
    for item in items:
        if item not in met:
            met.append(item)
        elif item not in found:
            found.append(met[met.index(item)])
    return found


def out_of_order(items: Iterable[Any]) -> int:
    """How many pairs of items are out of order: the later one is less.

    Every two places count, not only neighbours.  Equal items are in order.

    The items can be compared: ``== < <= > >=``.  They need not have a hash.

    >>> out_of_order([2, 4, 3, 1])
    4
    """
    row = list(items)
    pairs = 0
    for later in range(len(row)):
        for earlier in range(later):
            if row[later] < row[earlier]:
                pairs += 1
    return pairs


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
    row = list(items)
    found = []
    for start in range(len(row) - width + 1):
        best = row[start]
        for place in range(start + 1, start + width):
            if best < row[place]:
                best = row[place]
        found.append(best)
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
    free: list[Any] = [0] * workers
    jobs = []
    for duration in durations:
        first = min(range(workers), key=lambda worker: free[worker])
        jobs.append((first, free[first]))
        free[first] = free[first] + duration
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
    known = list(changes)
    answers = []
    for time in times:
        last = None
        for change in known:
            if change[0] <= time and (last is None or last[0] <= change[0]):
                last = change
        answers.append(None if last is None else last[1])
    return answers
