"""Counts what series.py does with the values it is given: python measure.py

One line for each function and each order of the values: the operations for a small
input, for one 8 times as large, and whether that is within the limits.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import series

SMALL, LARGE = 40, 320


class Value:
    """A number that counts each operation, its own and those of its sums."""

    operations = 0

    def __init__(self, number: int) -> None:
        self._number = number

    def __hash__(self) -> int:
        Value.operations += 1
        return hash(("salt", self._number))

    def __add__(self, other: Any) -> Value:
        Value.operations += 1
        return Value(self._number + number_of(other))

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        Value.operations += 1
        return self._number == number_of(other)

    def __lt__(self, other: Any) -> bool:
        Value.operations += 1
        return self._number < number_of(other)

    def __le__(self, other: Any) -> bool:
        Value.operations += 1
        return self._number <= number_of(other)

    def __gt__(self, other: Any) -> bool:
        Value.operations += 1
        return self._number > number_of(other)

    def __ge__(self, other: Any) -> bool:
        Value.operations += 1
        return self._number >= number_of(other)


def number_of(value: Any) -> int:
    """What a value is added to or compared with may be a plain number."""
    return value._number if isinstance(value, Value) else int(value)


ORDERS: dict[str, Callable[[int], list[int]]] = {
    "shuffled": lambda n: random.sample(range(1, n + 1), n),
    "rising": lambda n: list(range(1, n + 1)),
    "falling": lambda n: list(range(n, 0, -1)),
    "equal": lambda n: [7] * n,
    "twice": lambda n: [*range(1, n - n // 2 + 1), *range(1, n // 2 + 1)],
}


def run(function: str, order: str, size: int) -> int:
    """The operations of one call."""
    half = size // 2
    values = [Value(number) for number in ORDERS[order](size)]
    times = [Value(number) for number in random.sample(range(size), half)]
    Value.operations = 0
    if function == "peaks":
        series.peaks(values, half)
    elif function == "assign":
        series.assign(values[size // 4 :], size // 4)
    elif function == "in_force":
        series.in_force([(start, "value") for start in values[half:]], times)
    else:
        getattr(series, function)(values)
    return Value.operations


def main() -> None:
    """Print the table."""
    most = 8 * LARGE * math.log2(LARGE)
    for function in ("repeated", "out_of_order", "peaks", "assign", "in_force"):
        for order in ORDERS:
            small, large = run(function, order, SMALL), run(function, order, LARGE)
            within = large <= most and large <= max(24 * small, 6 * LARGE)
            verdict = "ok" if within else "TOO MANY"
            print(f"{function:13}{order:10}{small:8}{large:8}  {verdict}")


if __name__ == "__main__":
    main()
