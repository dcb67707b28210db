"""A binary search tree that keeps itself balanced (an AVL tree)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

OTHER = {"left": "right", "right": "left"}


class Node:
    """A key, its value, and what is below it."""

    __slots__ = ("height", "key", "left", "right", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value
        self.left: Node | None = None
        self.right: Node | None = None
        self.height = 1


class BalancedTree:
    """The heights of the two children of a node differ by 1 at most."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._size = 0

    def insert(self, key: Any, value: Any = None) -> bool:
        """Put the key in, or give it another value; whether it is new."""
        node = self._find(key)
        if node is not None:
            node.value = value
            return False
        self.root = _with(self.root, Node(key, value))
        self._size += 1
        return True

    def delete(self, key: Any) -> bool:
        """Take the key out; whether it was there."""
        if key not in self:
            return False
        self.root = _without(self.root, key)
        self._size -= 1
        return True

    def search(self, key: Any, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        node = self._find(key)
        return default if node is None else node.value

    def __contains__(self, key: Any) -> bool:
        return self._find(key) is not None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        """The keys in ascending order."""
        above: list[Node] = []  # nodes whose left side is being given
        node = self.root
        while above or node is not None:
            while node is not None:
                above.append(node)
                node = node.left
            node = above.pop()
            yield node.key
            node = node.right

    def between(self, low: Any, high: Any) -> list[Any]:
        """The keys from ``low`` to ``high``, both included, in ascending order."""
        found: list[Any] = []
        _collect(self.root, low, high, found)
        return found

    def height(self) -> int:
        """Nodes on the longest way down."""
        return _height(self.root)

    def _find(self, key: Any) -> Node | None:
        node = self.root
        while node is not None and node.key != key:
            node = getattr(node, _side(node, key))
        return node


def _side(node: Node, key: Any) -> str:
    """Where a key belongs that is not the node's own."""
    return "left" if key < node.key else "right"


def _with(node: Node | None, new: Node) -> Node:
    """The subtree with a node more."""
    if node is None:
        return new
    side = _side(node, new.key)
    setattr(node, side, _with(getattr(node, side), new))
    return _balanced(node)


def _without(node: Node, key: Any) -> Node | None:
    """The subtree without the key, which is in it."""
    if node.key != key:
        side = _side(node, key)
        setattr(node, side, _without(getattr(node, side), key))
    elif node.left is None or node.right is None:
        return node.left or node.right
    else:
        following = node.right
        while following.left is not None:
            following = following.left
        node.key, node.value = following.key, following.value
        node.right = _without(node.right, following.key)
    return _balanced(node)


def _balanced(node: Node) -> Node:
    """The subtree's new top, after one of its sides has changed its height by 1."""
    for side, other in OTHER.items():
        child = getattr(node, side)
        if _height(child) - _height(getattr(node, other)) == 2:
            if _height(getattr(child, side)) < _height(getattr(child, other)):
                setattr(node, side, _turned(child, other))
            return _turned(node, side)
    _measure(node)
    return node


def _turned(node: Node, side: str) -> Node:
    """The child on this side comes up, and the node goes down on the other."""
    top: Node = getattr(node, side)
    setattr(node, side, getattr(top, OTHER[side]))
    setattr(top, OTHER[side], node)
    _measure(node)
    _measure(top)
    return top


def _measure(node: Node) -> None:
    node.height = 1 + max(_height(node.left), _height(node.right))


def _height(node: Node | None) -> int:
    return 0 if node is None else node.height


def _collect(node: Node | None, low: Any, high: Any, found: list[Any]) -> None:
    if node is None:
        return
    if node.key < low:
        _collect(node.right, low, high, found)
    elif high < node.key:
        _collect(node.left, low, high, found)
    else:
        _collect(node.left, low, high, found)
        found.append(node.key)
        _collect(node.right, low, high, found)
