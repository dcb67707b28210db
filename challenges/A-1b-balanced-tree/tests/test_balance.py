"""The height after every single call, in sequences that unbalance a careless tree."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("tree_model.py"))))

ORDERS = list(model.orders(Random(0), 14))
SMALL, LARGE = 60, 900


def check_acts(code: Any, tree: Any, keys: set[Any], acts: list[list[Any]]) -> None:
    """Do them, and look after each; ``keys`` are those in the tree."""
    probe = code.define(model.PROBE)
    for (name, key), seen in zip(acts, code.call(probe.acted, tree, acts), strict=True):
        answer, size, height, shape = seen
        assert answer is ((key in keys) is (name == "delete")), (name, key)
        keys = keys | {key} if name == "insert" else keys - {key}
        assert same(size, len(keys)), (name, key)
        model.check(shape, keys, height)


def new(code: Any) -> Any:
    return code.new("balanced_tree:BalancedTree")


@pytest.mark.parametrize("order", ORDERS)
def test_insertions_in_this_order(code: Any, rng: Random, order: str) -> None:
    keys = model.orders(rng, SMALL)[order]
    check_acts(code, new(code), set(), [["insert", key] for key in keys])


@pytest.mark.parametrize("order", ORDERS)
def test_deletions_in_this_order(code: Any, rng: Random, order: str) -> None:
    tree, keys = new(code), model.orders(rng, SMALL)[order]
    code.call(code.define(model.PROBE).grown, tree, rng.choice([keys, sorted(keys)]))
    check_acts(code, tree, set(keys), [["delete", key] for key in keys])


def test_insertions_and_deletions_in_turn(code: Any, rng: Random) -> None:
    for most in (4, 12, 60):
        keys = [rng.randrange(most) for _ in range(150)]
        acts = [[rng.choice(["insert", "delete"]), key] for key in keys]
        check_acts(code, new(code), set(), acts)


def test_small_trees_of_all_shapes(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    for _ in range(60):
        tree = new(code)
        keys = rng.sample(range(7), 7)
        code.call(probe.grown, tree, keys)
        acts = [["delete", key] for key in rng.sample(keys, 7)]
        check_acts(code, tree, set(keys), acts)


@pytest.mark.parametrize("order", ["rising", "falling", "inwards", "shuffled"])
def test_many_keys(code: Any, rng: Random, order: str) -> None:
    probe = code.define(model.PROBE)
    tree, keys = new(code), model.orders(rng, LARGE)[order]
    code.call(probe.grown, tree, keys)
    model.check(code.call(probe.shape, tree), keys, tree.height())


@pytest.mark.parametrize("order", ["rising", "shuffled"])
def test_only_the_longest_way_down_is_left(code: Any, rng: Random, order: str) -> None:
    probe = code.define(model.PROBE)
    tree, keys = new(code), model.orders(rng, SMALL * 2)[order]
    code.call(probe.grown, tree, keys)
    way = model.longest_way(code.call(probe.shape, tree))
    others = rng.sample(sorted(set(keys) - set(way)), len(keys) - len(way))
    check_acts(code, tree, set(keys), [["delete", key] for key in others])


def test_one_side_is_deleted(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    for keys in (range(100), range(99, -1, -1)):
        tree = new(code)
        code.call(probe.grown, tree, [*keys])
        gone = [key for key in sorted(keys) if key % 10][:: rng.choice([1, -1])]
        check_acts(code, tree, set(keys), [["delete", key] for key in gone])


def test_the_root_is_deleted_again_and_again(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    keys = set(rng.sample(range(1000), SMALL))
    tree = new(code)
    code.call(probe.grown, tree, rng.sample(sorted(keys), SMALL))
    while keys:
        key = code.attr(tree, "root.key")
        check_acts(code, tree, keys, [["delete", key]])
        keys.remove(key)
    assert code.attr(tree, "root") is None
