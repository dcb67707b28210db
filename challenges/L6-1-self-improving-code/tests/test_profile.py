"""``profile`` and ``slow_lines``, against the judge's own counts."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("optimizer_model.py"))))

BODIES = model.IMPROVABLE | model.OTHERS | model.FAST


def profiled(code: Any, source: str, arguments: list[Any]) -> Any:
    """What the answer says of the function ``f``."""
    return code.call("performance_optimizer:profile", source, "f", arguments)


def assert_counts(found: Any, expected: dict[int, int]) -> None:
    """Equal, whatever the order of the lines."""
    assert type(found) is dict
    assert same(sorted(found.items()), sorted(expected.items()))


def check_profile(code: Any, source: str, arguments: list[Any]) -> None:
    expected = model.profile(source, "f", arguments)
    assert_counts(profiled(code, source, arguments), expected)


def one(expression: str) -> str:
    """A function that returns this expression, on line 2."""
    return f"def f(items, other):\n    return {expression}\n"


def test_operations_are_counted_by_line(code: Any, rng: Random) -> None:
    for body in BODIES.values():
        case = model.function_case(rng, body, model.two_lists(rng))
        arguments = case.make_input(rng.randint(1, 12), 0)
        expected = model.profile(case.source, case.name, arguments)
        found = code.call(
            "performance_optimizer:profile", case.source, case.name, arguments
        )
        assert_counts(found, expected)


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("items[0] == items[1]", 1),
        ("items[0] != items[1]", 1),
        ("items[0] < items[1]", 1),
        ("items[0] > items[1]", 1),
        ("hash(items[0]) + hash(items[0])", 2),
        ("items[3] in items", 3),
        ("other[0] in items", 4),
        ("items.count(other[0])", 4),
        ("items.count(items[1])", 3),
        ("items.index(items[2])", 2),
        ("len(set(items))", 4),
        ("items[0] == 4, 4 == items[0], 4 in items", 3),
        ("items[:2] == other[1:] + other[:1]", 1),
        ("max(items)", 3),
        ("sorted(items)", 3),
    ],
)
def test_each_operation_counts_once(code: Any, expression: str, count: int) -> None:
    found = profiled(code, one(expression), [[4, 5, 6, 7], [8, 9]])
    assert_counts(found, {2: count})


def test_equal_elements_are_different_items(code: Any, rng: Random) -> None:
    value = rng.randrange(100)
    arguments = [[value, value, value], [value]]
    assert_counts(profiled(code, one("items.count(items[0])"), arguments), {2: 2})
    assert_counts(profiled(code, one("len(set(items + other))"), arguments), {2: 7})


def test_lines_without_operations_are_left_out(code: Any) -> None:
    assert_counts(profiled(code, one("[items, len(other)]"), [[1, 2], [3]]), {})
    assert_counts(profiled(code, one("items in [other]"), [[], []]), {})


def test_other_arguments_are_passed_as_they_are(code: Any, rng: Random) -> None:
    source = one("[items[other] == 5, other == 2, hash(other), other in {2: 3}]")
    check_profile(code, source, [[1, 2, 3], 2])
    source = one("[x == items[0] for x in other] + [type(other) is tuple][0:9]")
    check_profile(code, source, [[1, 2], (1, 2, rng.randrange(9))])


@pytest.mark.parametrize("kind", list(model.KINDS))
def test_items_of_any_built_in_type(code: Any, rng: Random, kind: str) -> None:
    arguments = model.two_lists(rng, kind)(8, 0)
    source = one(
        "[x in other for x in items] + sorted(items) + [max(other), len(set(items))]"
    )
    check_profile(code, source, arguments)


def test_items_without_a_hash(code: Any, rng: Random) -> None:
    rows = [[[rng.randrange(3)] for _ in range(8)] for _ in "ab"]
    check_profile(code, one("[x in other for x in items]"), rows)
    assert_counts(profiled(code, one("set(items)"), rows), {2: 1})


def test_a_line_of_another_function_has_its_own_count(code: Any, rng: Random) -> None:
    source = (
        "def same(one, other):\n"
        "    return one == other\n"
        "\n"
        "def f(items, other):\n"
        "    found = 0\n"
        "    for x in items:\n"
        "        found += same(x, other[0])\n"
        "        found += any(x == y for y in other)\n"
        "    return found\n"
    )
    check_profile(code, source, model.two_lists(rng)(rng.randint(3, 9), 0))
    assert_counts(profiled(code, source, [[1, 2], [3]]), {2: 2, 8: 2})


def test_a_call_that_raises_is_counted_up_to_there(code: Any, rng: Random) -> None:
    size = rng.randint(2, 20)
    items = [*range(size)]
    assert_counts(
        profiled(code, one("items.index(other[0])"), [items, [-1]]), {2: size}
    )
    source = (
        "class Late(Exception): pass\n"
        "def f(items, other):\n"
        "    for x in items:\n"
        "        if x > other[0]:\n"
        "            raise Late(x)\n"
    )
    assert_counts(profiled(code, source, [items, [0]]), {4: 2})


def test_the_lists_of_the_caller_are_not_changed(code: Any) -> None:
    arguments = code.make([[3, 1, 2], [5]])
    source = one("[items.sort(), other.append(1), items.clear(), len(set(other))]")
    assert_counts(
        profiled(code, source, arguments), model.profile(source, "f", [[3, 1, 2], [5]])
    )
    assert same(code.plain(arguments, 2), [[3, 1, 2], [5]])


def test_each_call_finds_the_module_newly_loaded(code: Any) -> None:
    source = (
        "seen = []\n"
        "def f(items, other):\n"
        "    seen.extend(items)\n"
        "    return [other[0] == x for x in seen]\n"
    )
    for _ in range(3):
        assert_counts(profiled(code, source, [[1, 2, 3], [4]]), {4: 3})


def told_slow(code: Any, case: Any) -> Any:
    make_input = code.callback(case.make_input)
    return code.call(
        "performance_optimizer:slow_lines", case.source, case.name, make_input
    )


def test_slow_lines_are_those_that_grow(code: Any, rng: Random) -> None:
    for body in rng.sample(sorted(model.IMPROVABLE.values()), 3):
        case = model.function_case(rng, body, model.two_lists(rng))
        assert same(
            told_slow(code, case),
            model.slow_lines(case.source, case.name, case.make_input),
        )


def test_fast_functions_have_no_slow_lines(code: Any, rng: Random) -> None:
    for body in model.FAST.values():
        assert same(
            told_slow(code, model.function_case(rng, body, model.two_lists(rng))), []
        )


def counted_case(small: list[int], large: list[int]) -> Any:
    """Line 3 takes so many operations for each of the seeds."""
    source = (
        "def f(items, times):\n    for _ in range(times):\n        hash(items[0])\n"
    )
    counts = {10: small, 80: large}
    return model.Case(source, "f", lambda n, seed: [[n], counts[n][seed]])


def test_slow_is_more_than_24_times_the_sum_over_the_seeds(code: Any) -> None:
    for small, large, slow in (
        ([1, 0, 0, 0, 0], [0, 0, 0, 0, 24], []),
        ([1, 0, 0, 0, 0], [0, 0, 0, 0, 25], [3]),
        ([0, 0, 0, 0, 0], [24, 0, 0, 0, 0], []),
        ([0, 0, 0, 0, 0], [9, 0, 0, 0, 16], [3]),
        ([2, 3, 0, 1, 4], [40, 50, 60, 70, 20], []),
        ([2, 3, 0, 1, 4], [40, 50, 60, 70, 21], [3]),
    ):
        assert same(told_slow(code, counted_case(small, large)), slow)


def test_slow_lines_are_sorted(code: Any, rng: Random) -> None:
    lines = "".join(
        f"    if times > {limit}:\n        [hash(x) for x in items * times]\n"
        for limit in rng.sample(range(6), 6)
    )
    source = (
        f"def f(items, times):\n{lines}    for x in items * times * times: hash(x)\n"
    )
    case = model.Case(source, "f", lambda n, seed: [[*range(n)], n // 10])
    assert same(told_slow(code, case), model.slow_lines(source, "f", case.make_input))
