"""Questions about series of values: what is repeated, out of order, highest, in force.

Of the values only those operations are used that a docstring names: they need not be
numbers or text.  Values that are compared have one order, as int and float have, and
are equal to themselves.
"""

from __future__ import annotations

from bisect import bisect_right
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
    met: dict[Any, list[Any]] = {}
    found: list[Any] = []
    for item in items:
        entry = met.setdefault(item, [item, 0])  # first of its equals, how often
        entry[1] += 1
        if entry[1] == 2:
            found.append(entry[0])
    return found


def out_of_order(items: Iterable[Any]) -> int:
    """How many pairs of items are out of order: the later one is less.

    Every two places count, not only neighbours.  Equal items are in order.

    The items can be compared: ``== < <= > >=``.  They need not have a hash.

    >>> out_of_order([2, 4, 3, 1])
    4
    """
    row = list(items)
    rank = {item: number for number, item in enumerate(sorted(set(row)), start=1)}
    tree = [0] * (len(rank) + 1)
    pairs = 0
    for count, item in enumerate(row):
        pairs += count  # less those before it that are not greater
        node = rank[item]
        while node > 0:
            pairs -= tree[node]
            node &= node - 1
        node = rank[item]
        while node < len(tree):
            tree[node] += 1
            node += node & -node
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
    if len(row) < width:
        return []
    # Cut the row into blocks of width items.  Any width items that follow one another are
    # the end of a block and the start of the next (or one block).
    ahead = row[:]  # the greatest from a place to the end of its block
    for place in range(len(row) - 2, -1, -1):
        if (place + 1) % width and ahead[place] < ahead[place + 1]:
            ahead[place] = ahead[place + 1]
    behind = row[:]  # the greatest from the start of its block to a place
    for place in range(1, len(row)):
        if place % width and not behind[place - 1] < behind[place]:
            behind[place] = behind[place - 1]
    found = []
    for start in range(len(row) - width + 1):
        best = ahead[start]
        if start % width and best < behind[start + width - 1]:
            best = behind[start + width - 1]
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
    # A knock-out: the worker at a node is the one of the two below who is free first, the
    # left one when both are free at the same time.  The numbers rise from left to right;
    # the places without a worker are all at the right end.
    size = 1 << (workers - 1).bit_length()
    winner: list[int | None] = [None] * size
    winner += [*range(workers), *[None] * (size - workers)]
    for node in range(size - 1, 0, -1):
        winner[node] = winner[2 * node]  # all are free from 0 on
    jobs = []
    for duration in durations:
        first: Any = winner[1]
        jobs.append((first, free[first]))
        free[first] = free[first] + duration
        node = (size + first) // 2
        while node:
            left: Any = winner[2 * node]
            right: Any = winner[2 * node + 1]
            later = right is None or not free[right] < free[left]
            winner[node] = left if later else right
            node //= 2
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
    known = sorted(changes, key=lambda change: change[0])  # stable: the last of equals is last
    starts = [change[0] for change in known]
    answers = []
    for time in times:
        count = bisect_right(starts, time)
        answers.append(known[count - 1][1] if count else None)
    return answers
