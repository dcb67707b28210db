"""How the work grows: operations counted here, and the kernel's CPU time.

Operations are counted on values that can do nothing without asking this process; CPU
time is taken on built-in values. An answer must be fast on both kinds, and right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("series_model.py"))))

SMALL, LARGE = 32, 256
TRIES = 3
ALLOWED_SECONDS = 0.05
ALWAYS_ALLOWED = 6  # operations an item

Lend = Callable[[int], Any]


def some_input(
    rng: Random, function: str, order: str, size: int, lend: Lend
) -> list[Any]:
    """Arguments of this size, of values made by ``lend`` in the order's order."""
    numbers = model.ORDERS[order](rng, size)
    if function == "peaks":
        return [[lend(one) for one in numbers], size // 2]
    if function == "assign":
        workers = size // 4
        return [[lend(one) for one in numbers[workers:]], workers]
    if function == "in_force":
        starts, times = numbers[: size // 2], rng.sample(range(size), size // 2)
        changes = [(lend(start), place) for place, start in enumerate(starts)]
        return [changes, [lend(time) for time in times]]
    return [[lend(one) for one in numbers]]


def bare(x: Any) -> Any:
    """The same data with the judge's objects replaced by their values."""
    if type(x) in (list, tuple):
        return type(x)(bare(one) for one in x)
    return getattr(x, "value", x)


def operations(
    code: Any, rng: Random, function: str, order: str, size: int, ops: str
) -> int:
    """How many operations one call takes; it must be right and within the budget."""
    counter = code.counter(int(8 * size * math.log2(size)))

    def lend(value: int) -> Any:
        if function == "assign":
            return code.number(value, counter)
        return code.key(value, counter, ops)

    arguments = some_input(rng, function, order, size, lend)
    found = bare(code.call(f"series:{function}", *arguments))
    assert same(found, getattr(model, function)(*bare(arguments)))
    total: int = counter.total
    return total


def check_operations(
    code: Any, rng: Random, function: str, ops: str, orders: str
) -> None:
    """An input 8 times as large: 24 times the operations at most, in each order."""
    for order in orders.split():
        small = operations(code, rng, function, order, SMALL, ops)
        large = operations(code, rng, function, order, LARGE, ops)
        most = max(24 * small, ALWAYS_ALLOWED * LARGE)
        assert large <= most, f"{order}: {small} operations, then {large}"


def cpu_seconds(code: Any, function: str, arguments: list[Any]) -> float:
    """CPU time of one call, which must be right."""
    before = code.cpu()
    found = code.call(f"series:{function}", *arguments)
    seconds: float = code.cpu() - before
    assert same(found, getattr(model, function)(*arguments))
    return seconds


def check_cpu(
    code: Any, rng: Random, function: str, size: int, kinds: dict[str, str]
) -> None:
    """The same for CPU time, on a kind of built-in values for each order."""
    cpu_seconds(code, function, some_input(rng, function, "equal", 8, int))  # imports
    for order, kind in kinds.items():
        lend = model.KINDS[kind]
        seen = []
        for _ in range(TRIES):
            few = [some_input(rng, function, order, size // 8, lend) for _ in "abc"]
            many = some_input(rng, function, order, size, lend)
            small = min(cpu_seconds(code, function, one) for one in few)
            large = cpu_seconds(code, function, many)
            seen.append((small, large))
            if large <= max(24 * small, ALLOWED_SECONDS):
                break
        else:
            pytest.fail(f"{order}, {kind}: CPU seconds {seen}")


def test_repeated_operations_grow_with_the_items(code: Any, rng: Random) -> None:
    orders = "shuffled equal twice"
    check_operations(code, rng, "repeated", "hash eq", orders)


def test_out_of_order_operations_grow_little_faster_than_the_items(
    code: Any, rng: Random
) -> None:
    orders = "shuffled rising falling equal"
    check_operations(code, rng, "out_of_order", "eq lt le", orders)


def test_peaks_operations_grow_with_the_items(code: Any, rng: Random) -> None:
    orders = "shuffled rising falling equal"
    check_operations(code, rng, "peaks", "eq lt le", orders)


def test_assign_operations_grow_little_faster_than_jobs_and_workers(
    code: Any, rng: Random
) -> None:
    orders = "shuffled falling equal"
    check_operations(code, rng, "assign", "", orders)


def test_in_force_operations_grow_little_faster_than_changes_and_times(
    code: Any, rng: Random
) -> None:
    orders = "shuffled falling equal"
    check_operations(code, rng, "in_force", "eq lt le", orders)


def test_repeated_is_fast_on_builtin_values(code: Any, rng: Random) -> None:
    kinds = {"shuffled": "int", "falling": "tuple", "twice": "text"}
    check_cpu(code, rng, "repeated", 8000, kinds)


def test_out_of_order_is_fast_on_builtin_values(code: Any, rng: Random) -> None:
    kinds = {"shuffled": "int", "falling": "text", "equal": "float"}
    check_cpu(code, rng, "out_of_order", 4000, kinds)


def test_peaks_is_fast_on_builtin_values(code: Any, rng: Random) -> None:
    kinds = {"shuffled": "int", "falling": "float", "rising": "text"}
    check_cpu(code, rng, "peaks", 8000, kinds)


def test_assign_is_fast_on_builtin_values(code: Any, rng: Random) -> None:
    kinds = {"shuffled": "int", "equal": "int", "falling": "float"}
    check_cpu(code, rng, "assign", 6000, kinds)


def test_in_force_is_fast_on_builtin_values(code: Any, rng: Random) -> None:
    kinds = {"shuffled": "int", "equal": "float", "falling": "text"}
    check_cpu(code, rng, "in_force", 6000, kinds)
