"""``repeated`` and ``out_of_order``: each rule by itself, and seeded random rows."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("series_model.py"))))

CALLS = 40
PLENTY = 100_000  # operations, where they are not what is tested


def test_repeated_values_come_in_the_order_of_their_second_occurrences(
    code: Any, rng: Random
) -> None:
    assert code.call("series:repeated", [5, 6, 7, 6, 6, 5, 6]) == [6, 5]
    for kind in model.KINDS.values():
        for _ in range(CALLS // 4):
            items = [kind(number) for number in model.few(rng, 20)]
            assert same(code.call("series:repeated", items), model.repeated(items))


def test_of_equal_repeated_values_the_first_is_returned(code: Any, rng: Random) -> None:
    assert same(code.call("series:repeated", [1.0, 1, True]), [1.0])
    for _ in range(CALLS):
        items = [model.written(rng, number) for number in model.few(rng, 20)]
        assert same(code.call("series:repeated", items), model.repeated(items))


def test_repeated_needs_nothing_but_equality_and_a_hash(code: Any, rng: Random) -> None:
    counter = code.counter(PLENTY)
    for _ in range(5):
        numbers = model.few(rng, 20)
        items = [code.key(number, counter, "hash eq") for number in numbers]
        found = code.call("series:repeated", items)
        first = [items[numbers.index(one)] for one in model.repeated(numbers)]
        assert [id(one) for one in found] == [id(one) for one in first]


def test_values_of_one_hash_are_told_apart(code: Any, rng: Random) -> None:
    counter = code.counter(PLENTY)
    numbers = model.few(rng, 20)
    items = [code.key(number, counter, "hash eq", hash_bits=1) for number in numbers]
    found = code.call("series:repeated", items)
    assert [one.value for one in found] == model.repeated(numbers)


def test_what_is_not_repeated_is_left_out(code: Any) -> None:
    for items in ([], ["a"], ["a", "b"], [None], [0, None, "", ()]):
        assert same(code.call("series:repeated", items), [])


def test_pairs_out_of_order_are_counted(code: Any, rng: Random) -> None:
    for kind in model.KINDS.values():
        for _ in range(CALLS // 4):
            items = [kind(number) for number in model.few(rng, 20)]
            found = code.call("series:out_of_order", items)
            assert same(found, model.out_of_order(items))


def test_equal_items_are_in_order(code: Any, rng: Random) -> None:
    assert same(code.call("series:out_of_order", [2] * 9), 0)
    assert same(code.call("series:out_of_order", [2, 2.0, 1, 1.0]), 4)
    items = [model.real(rng, rng.randint(1, 3)) for _ in range(60)]
    found = code.call("series:out_of_order", items)
    assert same(found, model.out_of_order(items))


def test_short_rows_have_few_pairs(code: Any) -> None:
    for items in ([], [3], [3, 4], [4, 3], [3, 2, 1], [1, 3, 2]):
        found = code.call("series:out_of_order", items)
        assert same(found, model.out_of_order(items))


def test_out_of_order_needs_no_hash(code: Any, rng: Random) -> None:
    numbers = [rng.randint(1, 9) for _ in range(30)]
    counter = code.counter(PLENTY)
    expected = model.out_of_order(numbers)
    items = [code.key(number, counter, "eq lt le") for number in numbers]
    assert same(code.call("series:out_of_order", items), expected)
    rows = [[number // 4, number % 4] for number in numbers]
    assert same(code.call("series:out_of_order", rows), expected)
