"""A binary search tree that keeps itself balanced."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any


class Node:
    """A key, its value, and what is below it."""

    __slots__ = ("key", "left", "right", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value
        self.left: Node | None = None
        self.right: Node | None = None


class BalancedTree:
    """Nodes in order, from which the tree is built anew after each change."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._nodes: list[Node] = []

    def insert(self, key: Any, value: Any = None) -> bool:
        """Put the key in, or give it another value; whether it is new."""
        place = self._place(key)
        if self._is_at(place, key):
            self._nodes[place].value = value
            return False
        self._nodes.insert(place, Node(key, value))
        self.root = _built(self._nodes)
        return True

    def delete(self, key: Any) -> bool:
        """Take the key out; whether it was there."""
        place = self._place(key)
        if not self._is_at(place, key):
            return False
        del self._nodes[place]
        self.root = _built(self._nodes)
        return True

    def search(self, key: Any, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        place = self._place(key)
        return self._nodes[place].value if self._is_at(place, key) else default

    def __contains__(self, key: Any) -> bool:
        return self._is_at(self._place(key), key)

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Any]:
        """The keys in ascending order."""
        return iter([node.key for node in self._nodes])

    def between(self, low: Any, high: Any) -> list[Any]:
        """The keys from ``low`` to ``high``, both included, in ascending order."""
        found = []
        place = self._place(low)
        while place < len(self._nodes) and self._nodes[place].key <= high:
            found.append(self._nodes[place].key)
            place += 1
        return found

    def height(self) -> int:
        """Nodes on the longest way down: the tree is as low as can be."""
        return len(self._nodes).bit_length()

    def _place(self, key: Any) -> int:
        return bisect_left(self._nodes, key, key=lambda node: node.key)

    def _is_at(self, place: int, key: Any) -> bool:
        return place < len(self._nodes) and self._nodes[place].key == key


def _built(nodes: list[Node]) -> Node | None:
    """The tree of these nodes, the middle one at its top."""
    if not nodes:
        return None
    middle = len(nodes) // 2
    top = nodes[middle]
    top.left, top.right = _built(nodes[:middle]), _built(nodes[middle + 1 :])
    return top
