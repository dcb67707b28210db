import math
import operator
import random

import pytest

from balanced_tree import BalancedTree


def filled(keys):
    tree = BalancedTree()
    for key in keys:
        assert tree.insert(key, str(key)) is True
    return tree


def nodes(tree):
    """All nodes with their depths, without recursion."""
    stack = [(tree.root, 1)] if tree.root is not None else []
    while stack:
        node, depth = stack.pop()
        yield node, depth
        for child in (node.left, node.right):
            if child is not None:
                stack.append((child, depth + 1))


def inorder(tree):
    keys, stack, node = [], [], tree.root
    while stack or node is not None:
        while node is not None:
            stack.append(node)
            node = node.left
        node = stack.pop()
        keys.append(node.key)
        node = node.right
    return keys


def longest_way(tree):
    """The keys on a longest way from the root down."""
    best, stack = [], [(tree.root, ())] if tree.root is not None else []
    while stack:
        node, way = stack.pop()
        way = (*way, node.key)
        if len(way) > len(best):
            best = way
        for child in (node.left, node.right):
            if child is not None:
                stack.append((child, way))
    return list(best)


def check_height(tree):
    assert tree.height() <= 2 * math.log2(len(tree) + 1) + 1e-9


def check(tree, keys):
    """All that can be seen of the tree fits the sorted list of its keys."""
    assert len(tree) == len(keys)
    assert list(tree) == keys
    assert inorder(tree) == keys
    assert tree.height() == max((depth for _, depth in nodes(tree)), default=0)
    check_height(tree)


def test_empty():
    tree = BalancedTree()
    check(tree, [])
    assert tree.root is None and tree.height() == 0
    assert tree.search(1) is None and tree.search(1, "no") == "no"
    assert 1 not in tree
    assert tree.delete(1) is False
    assert tree.between(0, 9) == []
    check(tree, [])


def test_one_key():
    tree = BalancedTree()
    assert tree.insert("a") is True
    check(tree, ["a"])
    assert tree.height() == 1
    assert tree.root.key == "a" and tree.root.left is None and tree.root.right is None
    assert tree.delete("a") is True
    check(tree, [])


def test_trees_are_independent():
    one, other = BalancedTree(), BalancedTree()
    one.insert(1, "x")
    check(other, [])
    other.insert(2)
    check(one, [1])


def test_insert_of_a_key_that_is_there():
    tree = filled(range(20))
    for key in range(20):
        assert tree.insert(key, -key) is False
        assert len(tree) == 20
    check(tree, list(range(20)))
    assert [tree.search(key) for key in range(20)] == [-key for key in range(20)]
    assert tree.delete(7) is True
    assert 7 not in tree and tree.delete(7) is False
    check(tree, [k for k in range(20) if k != 7])


def test_the_first_of_equal_keys_stays():
    tree = BalancedTree()
    tree.insert(1, "int")
    assert tree.insert(1.0, "float") is False
    assert type(list(tree)[0]) is int and type(tree.root.key) is int
    assert tree.search(1) == "float"


def test_values_are_left_alone():
    class Touchy:
        def _no(self, *_):
            raise AssertionError("a value was used")

        __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _no
        __len__ = __hash__ = __copy__ = __deepcopy__ = _no

    value = Touchy()
    tree = filled(range(5))
    tree.insert(9, value)
    assert tree.search(9) is value
    assert tree.insert(3, value) is False
    assert tree.search(3) is value
    tree.delete(4)
    assert tree.search(9) is value and tree.search(3) is value


def test_none_as_value():
    tree = BalancedTree()
    tree.insert(1, None)
    tree.insert(2)
    for key in (1, 2):
        assert key in tree
        assert tree.search(key, "default") is None
    tree.insert(1, 0)
    tree.insert(1, None)
    assert tree.search(1, "default") is None


def test_search_and_in():
    tree = filled(range(0, 100, 2))
    for key in range(-1, 101):
        there = 0 <= key < 100 and key % 2 == 0
        assert (key in tree) is there
        assert tree.search(key, "default") == (str(key) if there else "default")


def test_delete_of_a_missing_key():
    tree = filled(range(0, 20, 2))
    for key in (-1, 3, 11, 100):
        assert tree.delete(key) is False
        check(tree, list(range(0, 20, 2)))


@pytest.mark.parametrize("n", range(1, 12))
def test_delete_of_each_key(n):
    """Among them nodes with two children, at the root and elsewhere."""
    for order in (list(range(n)), list(range(n))[::-1], random.Random(n).sample(range(n), n)):
        for key in range(n):
            tree = filled(order)
            assert tree.delete(key) is True
            left = [k for k in range(n) if k != key]
            check(tree, left)
            assert key not in tree
            assert all(tree.search(k) == str(k) for k in left)


def test_delete_of_the_root_until_empty():
    keys = list(range(100))
    tree = filled(random.Random(1).sample(keys, 100))
    while keys:
        key = tree.root.key
        keys.remove(key)
        assert tree.delete(key) is True
        check(tree, keys)


@pytest.mark.parametrize(
    "keys",
    [
        list(range(600)),
        list(range(600))[::-1],
        [k for i in range(300) for k in (i, 1000 - i)],
        [k for i in range(300) for k in (500 - i, 501 + i)],
        random.Random(2).sample(range(600), 600),
    ],
    ids=["up", "down", "inwards", "outwards", "random"],
)
def test_height_while_inserting(keys):
    tree = BalancedTree()
    for number, key in enumerate(keys, 1):
        tree.insert(key)
        assert len(tree) == number
        check_height(tree)
    check(tree, sorted(keys))


@pytest.mark.parametrize("order", ["up", "down", "random", "by turns"])
@pytest.mark.parametrize("size", [20, 100, 600])
def test_height_when_all_but_the_longest_way_are_deleted(order, size):
    keys = list(range(size))
    if order == "down":
        keys.reverse()
    elif order == "random":
        random.Random(size).shuffle(keys)
    elif order == "by turns":
        keys = [k for i in range(size // 2) for k in (i, size - 1 - i)]
    tree = filled(keys)
    way = set(longest_way(tree))
    for key in sorted(set(keys) - way):
        assert tree.delete(key) is True
        check_height(tree)
    check(tree, sorted(way))


@pytest.mark.parametrize("step", [1, -1])
def test_height_when_deleted_from_one_end(step):
    keys = list(range(500))
    tree = filled(keys)
    for key in keys[::step]:
        tree.delete(key)
        check_height(tree)
    check(tree, [])


@pytest.mark.parametrize("seed", range(4))
def test_many_calls_against_a_dict(seed):
    rng, tree, model = random.Random(seed), BalancedTree(), {}
    for number in range(1200):
        key = rng.randrange(60)
        if rng.random() < (0.65 if number // 150 % 2 == 0 else 0.3):
            assert tree.insert(key, number) is (key not in model)
            model[key] = number
        else:
            assert tree.delete(key) is (key in model)
            model.pop(key, None)
        key = rng.randrange(60)
        assert tree.search(key, "none") == model.get(key, "none")
        assert (key in tree) is (key in model)
        assert len(tree) == len(model)
        check_height(tree)
        if number % 10 == 0:
            keys = sorted(model)
            check(tree, keys)
            low, high = rng.randrange(-3, 63), rng.randrange(-3, 63)
            assert tree.between(low, high) == [k for k in keys if low <= k <= high]


def test_iterating_is_ascending():
    tree = filled([3, 1, 2])
    assert list(tree) == [1, 2, 3]
    assert [key for key in tree] == [1, 2, 3]
    assert list(tree) == [1, 2, 3]  # again


def test_between():
    keys = list(range(0, 40, 2))
    tree = filled(random.Random(3).sample(keys, len(keys)))
    for low in range(-2, 42):
        for high in range(-2, 42):
            found = tree.between(low, high)
            assert type(found) is list
            assert found == [k for k in keys if low <= k <= high]
    assert tree.between(4, 4) == [4]
    check(tree, keys)


def test_nodes_stay_the_same_while_looking():
    tree = filled(range(50))
    before = [node for node, _ in nodes(tree)]
    tree.search(3), 4 in tree, tree.between(1, 9), list(tree), tree.height(), len(tree)
    after = [node for node, _ in nodes(tree)]
    assert len(before) == len(after) == 50
    assert all(a is b for a, b in zip(before, after))


class Counted:
    """A key without a hash that counts its comparisons."""

    __hash__ = None
    comparisons = 0

    def __init__(self, number):
        self.number = number


def _counting(function):
    def method(self, other):
        if not isinstance(other, Counted):
            return NotImplemented
        Counted.comparisons += 1
        return function(self.number, other.number)

    return method


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Counted, f"__{_name}__", _counting(getattr(operator, _name)))


def test_comparisons():
    tree, size = BalancedTree(), 1000

    def comparisons(function, *args):
        n = len(tree)
        Counted.comparisons = 0
        result = function(*args)
        assert Counted.comparisons <= 10 * math.log2(n + 1) + 10
        return result

    for number in range(size):
        assert comparisons(tree.insert, Counted(2 * number), number) is True
    for number in range(-1, 2 * size + 1):
        there = number % 2 == 0 and 0 <= number < 2 * size
        key = Counted(number)
        assert comparisons(tree.search, key, "no") == (number // 2 if there else "no")
        assert comparisons(operator.contains, tree, key) is there
    for number in random.Random(4).sample(range(size), size):
        assert comparisons(tree.delete, Counted(2 * number)) is True
    assert len(tree) == 0


def test_keys_that_cannot_be_compared():
    tree = filled(range(10))
    for call in (tree.insert, tree.delete, tree.search, lambda key: key in tree):
        with pytest.raises(TypeError):
            call("text")
        check(tree, list(range(10)))
    with pytest.raises(TypeError):
        tree.between("a", "b")
    check(tree, list(range(10)))
    assert [tree.search(key) for key in range(10)] == [str(key) for key in range(10)]
