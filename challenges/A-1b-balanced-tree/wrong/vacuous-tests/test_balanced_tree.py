"""The tree does what it must."""

from balanced_tree import BalancedTree


def test_the_operations_are_there():
    for name in ("insert", "delete", "search", "between", "height"):
        assert callable(getattr(BalancedTree, name))


def test_insert_and_search():
    tree = BalancedTree()
    for key in (5, 3, 8):
        assert tree.insert(key, key * 10) is True
    assert tree.search(3) == 30
    assert tree.search(4) is None
    assert set(tree) == {3, 5, 8}


def test_delete():
    tree = BalancedTree()
    for key in range(100):
        tree.insert(key)
    assert tree.delete(50) is True
    assert tree.search(50) is None
    assert tree.height() > 0
