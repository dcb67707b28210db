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
    """Keys in order; the tree is built when somebody looks."""

    def __init__(self) -> None:
        self._keys: list[Any] = []
        self._values: list[Any] = []

    @property
    def root(self) -> Node | None:
        """The tree of the keys, as it is now."""
        return _built(self._keys, self._values)

    def insert(self, key: Any, value: Any = None) -> bool:
        """Put the key in, or give it another value; whether it is new."""
        place = self._place(key)
        if self._is_at(place, key):
            self._values[place] = value
            return False
        self._keys.insert(place, key)
        self._values.insert(place, value)
        return True

    def delete(self, key: Any) -> bool:
        """Take the key out; whether it was there."""
        place = self._place(key)
        if not self._is_at(place, key):
            return False
        del self._keys[place], self._values[place]
        return True

    def search(self, key: Any, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        place = self._place(key)
        return self._values[place] if self._is_at(place, key) else default

    def __contains__(self, key: Any) -> bool:
        return self._is_at(self._place(key), key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Any]:
        """The keys in ascending order."""
        return iter(self._keys[:])

    def between(self, low: Any, high: Any) -> list[Any]:
        """The keys from ``low`` to ``high``, both included, in ascending order."""
        found = []
        place = self._place(low)
        while place < len(self._keys) and self._keys[place] <= high:
            found.append(self._keys[place])
            place += 1
        return found

    def height(self) -> int:
        """Nodes on the longest way down: the tree is as low as can be."""
        return len(self._keys).bit_length()

    def _place(self, key: Any) -> int:
        return bisect_left(self._keys, key)

    def _is_at(self, place: int, key: Any) -> bool:
        return place < len(self._keys) and self._keys[place] == key


def _built(keys: list[Any], values: list[Any]) -> Node | None:
    """The tree of these keys, the middle one at its top."""
    if not keys:
        return None
    middle = len(keys) // 2
    top = Node(keys[middle], values[middle])
    top.left = _built(keys[:middle], values[:middle])
    top.right = _built(keys[middle + 1 :], values[middle + 1 :])
    return top
