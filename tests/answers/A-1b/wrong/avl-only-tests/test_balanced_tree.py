import math
import random

import pytest

from balanced_tree import BalancedTree


def height(node):
    """Height of the subtree; fails where it is out of order or out of balance."""
    if node is None:
        return 0
    assert node.left is None or node.left.key < node.key
    assert node.right is None or node.key < node.right.key
    left, right = height(node.left), height(node.right)
    assert abs(left - right) <= 1, f"unbalanced at {node.key}"
    return 1 + max(left, right)


def check(tree, model):
    assert len(tree) == len(model)
    assert list(tree) == sorted(model)
    assert tree.height() == height(tree.root)
    if model:
        assert tree.height() <= 1.4405 * math.log2(len(model) + 2)


def test_empty():
    tree = BalancedTree()
    check(tree, {})
    assert tree.search(1) is None
    assert tree.delete(1) is False


@pytest.mark.parametrize("keys", [range(300), range(300, 0, -1)])
def test_in_order(keys):
    tree, model = BalancedTree(), {}
    for key in keys:
        assert tree.insert(key, -key)
        model[key] = -key
        check(tree, model)
    for key in list(model)[::2]:
        assert tree.delete(key)
        del model[key]
        check(tree, model)


def test_update():
    tree = BalancedTree()
    assert tree.insert("a", 1) is True
    assert tree.insert("a", 2) is False
    assert tree.search("a") == 2 and len(tree) == 1 and list(tree) == ["a"]


def test_delete_missing():
    tree = BalancedTree()
    for key in range(10):
        tree.insert(key)
    assert tree.delete(99) is False
    assert len(tree) == 10


def test_random():
    rng = random.Random(0)
    tree, model = BalancedTree(), {}
    for i in range(1500):
        key = rng.randrange(100)
        if rng.random() < 0.5:
            assert tree.insert(key, i) == (key not in model)
            model[key] = i
        else:
            assert tree.delete(key) == (key in model)
            model.pop(key, None)
        check(tree, model)
    for key in range(100):
        assert tree.search(key) == model.get(key)
        assert (key in tree) == (key in model)


def test_between():
    tree = BalancedTree()
    for key in range(0, 20, 2):
        tree.insert(key)
    assert tree.between(4, 10) == [4, 6, 8, 10]
    assert tree.between(5, 9) == [6, 8]
    assert tree.between(9, 5) == []


def test_search_is_logarithmic():
    class Key:
        count = 0

        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            Key.count += 1
            return self.n == other.n

        def __lt__(self, other):
            Key.count += 1
            return self.n < other.n

        def __gt__(self, other):
            Key.count += 1
            return self.n > other.n

        def __le__(self, other):
            Key.count += 1
            return self.n <= other.n

        def __ge__(self, other):
            Key.count += 1
            return self.n >= other.n

    tree = BalancedTree()
    for n in range(1000):
        tree.insert(Key(n), n)
    Key.count = 0
    assert tree.search(Key(700)) == 700
    assert Key.count < 100
