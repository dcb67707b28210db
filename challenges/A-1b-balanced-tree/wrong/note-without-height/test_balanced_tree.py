"""The tree against its rules, and against a sorted list."""

import math
import random

import pytest

from balanced_tree import BalancedTree


def planted(keys):
    tree = BalancedTree()
    for key in keys:
        assert tree.insert(key, f"value {key}") is True
    return tree


def check(tree, keys):
    """The whole tree: order, number, height."""
    keys = sorted(keys)
    assert list(tree) == keys
    assert len(tree) == len(keys)
    seen = []
    height = walk(tree.root, seen)
    assert seen == keys
    assert tree.height() == height
    assert height <= 2 * math.log2(len(keys) + 1)


def walk(node, seen):
    """Keys in order into ``seen``; the height, which may be that of a chain."""
    height, above, depth = 0, [], 1
    while above or node is not None:
        while node is not None:
            above.append((node, depth))
            node, depth = node.left, depth + 1
        node, depth = above.pop()
        seen.append(node.key)
        height = max(height, depth)
        node, depth = node.right, depth + 1
    return height


def longest_way(tree):
    """Keys on the longest way down."""
    longest, todo = [], [(tree.root, [])]
    while todo:
        node, above = todo.pop()
        if node is None:
            longest = max(longest, above, key=len)
        else:
            way = [*above, node.key]
            todo += [(node.left, way), (node.right, way)]
    return longest


def test_empty():
    tree = BalancedTree()
    check(tree, [])
    assert tree.root is None
    assert tree.search(1) is None
    assert tree.delete(1) is False
    assert tree.between(0, 9) == []


@pytest.mark.parametrize(
    "keys",
    [
        list(range(80)),
        list(range(80, 0, -1)),
        [key for pair in zip(range(40), range(80, 40, -1)) for key in pair],
        [key for pair in zip(range(40, 0, -1), range(41, 81)) for key in pair],
        random.Random(1).sample(range(1000), 80),
    ],
)
def test_balanced_after_every_call(keys):
    tree = BalancedTree()
    for place, key in enumerate(keys):
        assert tree.insert(key) is True
        check(tree, keys[: place + 1])
    for place, key in enumerate(keys):
        assert tree.delete(key) is True
        check(tree, keys[place + 1 :])


@pytest.mark.parametrize("size", [10, 50, 200])
def test_the_longest_way_down_becomes_shorter(size):
    keys = set(range(size))
    tree = planted(keys)
    way = longest_way(tree)
    for key in sorted(keys - set(way)):
        assert tree.delete(key)
        keys.discard(key)
        check(tree, keys)


def test_keys_with_two_children():
    for gone in range(31):
        tree = planted([16, 8, 24, 4, 12, 20, 28, *range(1, 32, 2), *range(2, 32, 4), 0])
        key = list(tree)[gone]
        assert tree.delete(key) is True
        assert key not in tree
        check(tree, set(range(32)) - {key})
        for other in set(range(32)) - {key}:
            assert tree.search(other) == f"value {other}"


def test_a_key_that_is_not_there():
    tree = planted("bdf")
    for key in "aceg":
        assert tree.delete(key) is False
        assert tree.search(key) is None
        assert tree.search(key, default=0) == 0
        assert key not in tree
    check(tree, "bdf")


def test_a_key_that_is_there_gets_another_value():
    tree = planted([1, 2, 3])
    assert tree.insert(2.0, "new") is False
    check(tree, [1, 2, 3])
    assert [type(key) for key in tree] == [int] * 3
    assert tree.search(2) == "new"


def test_any_value():
    tree = BalancedTree()
    value = []
    tree.insert(1)
    tree.insert(2, value)
    assert tree.search(1, "default") is None
    assert tree.search(2) is value
    assert 1 in tree


def test_between():
    tree = planted(range(0, 100, 5))
    assert tree.between(10, 25) == [10, 15, 20, 25]
    assert tree.between(11, 24) == [15, 20]
    assert tree.between(-9, 0) == [0]
    assert tree.between(95, 200) == [95]
    assert tree.between(30, 30) == [30]
    assert tree.between(31, 34) == []
    assert tree.between(25, 10) == []


def test_keys_that_cannot_be_compared():
    tree = planted([1, 2, 3])
    for call in (tree.insert, tree.delete, tree.search, tree.__contains__):
        with pytest.raises(TypeError):
            call("a")
    check(tree, [1, 2, 3])


@pytest.mark.parametrize("seed", range(5))
def test_against_a_dict(seed):
    rng = random.Random(seed)
    tree, model = BalancedTree(), {}
    for step in range(200):
        key = rng.randint(0, 30)
        if rng.random() < 0.6:
            assert tree.insert(key, step) is (key not in model)
            model[key] = step
        else:
            assert tree.delete(key) is (key in model)
            model.pop(key, None)
        key = rng.randint(0, 30)
        assert tree.search(key, "none") == model.get(key, "none")
        assert (key in tree) is (key in model)
        check(tree, model)


class Key:
    """Counts comparisons."""

    asked = 0

    def __init__(self, number):
        self.number = number

    def __lt__(self, other):
        Key.asked += 1
        return self.number < other.number

    def __le__(self, other):
        Key.asked += 1
        return self.number <= other.number

    def __gt__(self, other):
        Key.asked += 1
        return self.number > other.number

    def __ge__(self, other):
        Key.asked += 1
        return self.number >= other.number

    def __eq__(self, other):
        Key.asked += 1
        return self.number == other.number

    def __ne__(self, other):
        Key.asked += 1
        return self.number != other.number

    __hash__ = None


@pytest.mark.parametrize("size", [10, 1000])
def test_few_comparisons(size):
    tree = BalancedTree()
    most = 10 * math.log2(size + 1) + 10
    for number in range(size):
        tree.insert(Key(number))
    for number in (0, size // 2, size // 3, size - 1):
        for call in (tree.search, tree.__contains__, tree.delete, tree.insert):
            Key.asked = 0
            call(Key(number))
            assert Key.asked <= most
