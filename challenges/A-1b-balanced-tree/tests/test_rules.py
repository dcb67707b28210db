"""The rules one by one, and random acts against a row of keys and values."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("tree_model.py"))))


def new(code: Any, keys: Any = ()) -> Any:
    """A tree of these keys; each key is its own value."""
    tree = code.new("balanced_tree:BalancedTree")
    for key in keys:
        assert tree.insert(key, key) is True
    return tree


def place(entries: list[list[Any]], key: Any) -> int:
    """Where the key is, -1 for nowhere. Keys need have no hash."""
    return next((i for i, entry in enumerate(entries) if entry[0] == key), -1)


def check_act(rng: Random, tree: Any, entries: list[list[Any]], key: Any) -> None:
    """One call on both."""
    at = place(entries, key)
    act = rng.choice("insert insert delete search in between".split())
    if act == "insert":
        value = rng.choice(model.VALUES)
        assert tree.insert(key, value) is (at < 0), key
        if at < 0:
            entries.append([key, value])
        entries[at][1] = value
    elif act == "delete":
        assert tree.delete(key) is (at >= 0), key
        if at >= 0:
            del entries[at]
    elif act == "search":
        expected = entries[at][1] if at >= 0 else "none"
        assert same(tree.search(key, "none"), expected), key
    elif act == "in":
        assert (key in tree) is (at >= 0), key
    else:
        ends = sorted([key, rng.choice([key, *(one for one, _ in entries)])])
        inside = sorted(one for one, _ in entries if ends[0] <= one <= ends[1])
        assert same(tree.between(*ends), inside), ends


@pytest.mark.parametrize("kind", list(model.KINDS))
def test_random_acts_against_a_row(code: Any, rng: Random, kind: str) -> None:
    keys = model.KINDS[kind]
    for _ in range(3):
        tree = new(code)
        entries: list[list[Any]] = []
        for _ in range(80):
            check_act(rng, tree, entries, rng.choice(keys))
            assert len(tree) == len(entries)
        expected = sorted(key for key, _ in entries)
        assert same(list(code.iterate(tree, batch=99)), expected)


def test_an_empty_tree(code: Any) -> None:
    tree = new(code)
    assert len(tree) == 0
    assert 1 not in tree
    assert tree.search(1) is None
    assert tree.search(1, 2) == 2
    assert tree.delete(1) is False
    assert same(tree.between(0, 9), [])
    assert same(tree.height(), 0)
    assert code.attr(tree, "root") is None
    assert list(code.iterate(tree)) == []


def test_a_tree_of_one_key(code: Any) -> None:
    tree = new(code, ["a"])
    root = code.attr(tree, "root")
    assert code.attr(root, "key") == "a"
    assert code.attr(root, "left") is None
    assert code.attr(root, "right") is None
    assert same(tree.height(), 1)
    assert tree.delete("a") is True
    assert code.attr(tree, "root") is None
    assert len(tree) == 0


def test_an_equal_key_stays_and_gets_the_new_value(code: Any) -> None:
    tree = new(code, [1, 2, 3])
    for key, value in ((2.0, "b"), (1.0, None), (3.0, [])):
        assert tree.insert(key, value) is False
        assert same(tree.search(int(key), "none"), value)
    assert same(list(code.iterate(tree)), [1, 2, 3])
    assert len(tree) == 3


def test_what_is_not_there_is_not_deleted(code: Any) -> None:
    tree = new(code, "bdfhj")
    for key in "acegik":
        assert tree.delete(key) is False
        assert len(tree) == 5
    assert list(code.iterate(tree)) == [*"bdfhj"]


def test_keys_with_two_children_are_deleted(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    keys = rng.sample(range(1000), 40)
    tree = new(code, keys)
    for _ in range(35):
        shape = code.call(probe.shape, tree)
        key = rng.choice([one for one, left, right in shape if left and right] or keys)
        assert tree.delete(key) is True, key
        keys.remove(key)
        model.check(code.call(probe.shape, tree), keys, tree.height())
        assert key not in tree
        assert len(tree) == len(keys)
        for other in rng.sample(keys, 3):
            assert same(tree.search(other), other)
    assert [tree.search(key) for key in keys] == keys


def test_any_value_may_be_kept(code: Any) -> None:
    tree = new(code)
    for number, value in enumerate(model.VALUES):
        assert tree.insert(number, value) is True
    for number, value in enumerate(model.VALUES):
        assert same(tree.search(number, "none"), value)
        assert number in tree
    assert tree.insert(99) is True
    assert tree.search(99, "none") is None
    assert tree.search(98, default="none") == "none"
    assert tree.insert(98, value="v") is True
    assert tree.search(98) == "v"


def test_nothing_is_done_with_values(code: Any) -> None:
    nothing = code.counter(0)
    values = [code.key(number, nothing, "") for number in range(30)]
    tree = new(code)
    for number, value in enumerate(values):
        tree.insert(number, value)
    assert tree.insert(5, values[6]) is False
    for number in range(0, 30, 3):
        assert tree.delete(number) is True
    assert tree.search(5) is values[6]
    assert tree.search(6, values[0]) is values[0]
    for number in (1, 2, 4, 28, 29):
        assert tree.search(number) is values[number]


def test_keys_need_nothing_but_an_order(code: Any, rng: Random) -> None:
    counter = code.counter(100_000)
    numbers = rng.sample(range(100), 30)
    tree = new(code)
    for number in numbers:
        assert tree.insert(code.key(number, counter, "eq lt le"), number) is True
    for number in numbers:
        key = code.key(number, counter, "eq lt le")
        assert tree.insert(key, -number) is False
        assert same(tree.search(key), -number)
    ends = [code.key(number, counter, "eq lt le") for number in (20, 60)]
    found = [key.value for key in tree.between(*ends)]
    assert found == sorted(number for number in numbers if 20 <= number <= 60)
    for number in numbers[:15]:
        assert tree.delete(code.key(number, counter, "eq lt le")) is True
    found = [key.value for key in code.iterate(tree)]
    assert found == sorted(numbers[15:])


def test_between_takes_both_ends(code: Any, rng: Random) -> None:
    keys = rng.sample(range(0, 200, 2), 60)
    tree = new(code, keys)
    for _ in range(60):
        low = rng.randint(-5, 205)
        high = rng.choice([low, low + 1, rng.randint(-5, 205), rng.choice(keys)])
        expected = sorted(key for key in keys if low <= key <= high)
        assert same(tree.between(low, high), expected)
    for key in keys[:5]:
        assert same(tree.between(key, key), [key])
    assert same(tree.between(-5, 999), sorted(keys))


def test_keys_that_cannot_be_compared_change_nothing(code: Any, rng: Random) -> None:
    keys = rng.sample(range(100), 20)
    tree = new(code, keys)
    for key in ("a", None, [1]):
        for call in (tree.insert, tree.delete, tree.search):
            with code.raises("TypeError"):
                call(key)
        with code.raises("TypeError"):
            assert key in tree
        assert len(tree) == 20
    assert same(list(code.iterate(tree)), sorted(keys))
    assert same(tree.search(keys[3]), keys[3])


def test_iterating_begins_anew_each_time(code: Any) -> None:
    tree = new(code, "dacb")
    first, second = code.iterate(tree), code.iterate(tree)
    assert [next(first), next(second), next(first)] == ["a", "a", "b"]
    assert list(first) == ["c", "d"]
    assert list(second) == ["b", "c", "d"]


def test_looking_makes_no_nodes(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    tree = new(code, rng.sample(range(100), 20))
    assert code.call(probe.nodes_stay, tree) is True
    tree.delete(code.attr(tree, "root.key"))
    assert code.call(probe.nodes_stay, tree) is True


def test_trees_are_independent(code: Any, rng: Random) -> None:
    pairs: list[tuple[Any, list[list[Any]]]] = [(new(code), []) for _ in range(3)]
    for _ in range(90):
        tree, entries = rng.choice(pairs)
        check_act(rng, tree, entries, rng.randint(0, 9))
    for tree, entries in pairs:
        expected = sorted(key for key, _ in entries)
        assert same(list(code.iterate(tree)), expected)
        assert len(tree) == len(entries)
