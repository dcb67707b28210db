"""What the five functions must give, in other ways than a good answer's; and inputs.

Rows in order, kept so by ``bisect.insort``, make the models fast enough for the large
inputs of the growth tests. Nothing here reaches the child.
"""

from __future__ import annotations

from bisect import bisect_right
from bisect import insort
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any


def repeated(items: list[Any]) -> list[Any]:
    """By counting up to each place."""
    first: dict[Any, Any] = {}
    count: Counter[Any] = Counter()
    found = []
    for item in items:
        first.setdefault(item, item)
        count[item] += 1
        if count[item] == 2:
            found.append(first[item])
    return found


def out_of_order(items: list[Any]) -> int:
    """Each item is out of order with the greater ones before it."""
    before: list[Any] = []
    pairs = 0
    for item in items:
        place = bisect_right(before, item)
        pairs += len(before) - place
        before.insert(place, item)
    return pairs


def peak_places(items: list[Any], width: int) -> list[int]:
    """Where each peak stands."""
    window: list[tuple[Any, int]] = []
    found = []
    for place, item in enumerate(items):
        insort(window, (item, -place))
        if place >= width:
            gone = (items[place - width], width - place)
            del window[bisect_right(window, gone) - 1]
        if place >= width - 1:
            found.append(-window[-1][1])
    return found


def peaks(items: list[Any], width: int) -> list[Any]:
    """The peaks themselves."""
    return [items[place] for place in peak_places(items, width)]


def assign(durations: list[Any], workers: int) -> list[tuple[int, Any]]:
    """By a row of the workers in the order in which they are chosen."""
    free: list[tuple[Any, int]] = [(0, worker) for worker in range(workers)]
    jobs = []
    for duration in durations:
        start, worker = free.pop(0)
        jobs.append((worker, start))
        insort(free, (start + duration, worker))
    return jobs


def in_force(changes: list[tuple[Any, Any]], times: list[Any]) -> list[Any]:
    """By a row of starts and the places of their changes."""
    starts: list[Any] = []
    values: list[Any] = [None]
    for start, value in changes:
        place = bisect_right(starts, start)
        starts.insert(place, start)
        values.insert(place + 1, value)
    return [values[bisect_right(starts, time)] for time in times]


def shuffled(rng: Random, size: int) -> list[int]:
    """Numbers from 1 on, each once."""
    return rng.sample(range(1, size + 1), size)


ORDERS: dict[str, Callable[[Random, int], list[int]]] = {
    "shuffled": shuffled,
    "rising": lambda rng, size: sorted(shuffled(rng, size)),
    "falling": lambda rng, size: sorted(shuffled(rng, size), reverse=True),
    "equal": lambda rng, size: [rng.randint(1, 9)] * size,
    "twice": lambda rng, size: [*shuffled(rng, size // 2), *shuffled(rng, size // 2)],
}

KINDS: dict[str, Callable[[int], Any]] = {
    "int": lambda number: number,
    "float": lambda number: number / 4,
    "text": lambda number: f"{number:06d}",
    "tuple": lambda number: (number // 10, f"{number % 10}"),
}
"""Built-in values in the order of their numbers."""


def few(rng: Random, most: int) -> list[int]:
    """A short row, often empty or nearly so, with many equal numbers."""
    return [rng.randint(1, 9) for _ in range(rng.randint(0, most))]


def written(rng: Random, number: int) -> Any:
    """A number as one of the values that equal it."""
    return rng.choice([number, float(number), complex(number)])


def real(rng: Random, number: int) -> Any:
    """The same, of a type that has an order."""
    return rng.choice([number, float(number), number == 1 or number])
