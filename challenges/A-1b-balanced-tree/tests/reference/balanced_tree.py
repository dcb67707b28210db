"""Another right design: an AA tree. Only the agent's tests run on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Node:
    """A right child may be of the same level, no other relative."""

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value
        self.level = 1
        self.left: Any = None
        self.right: Any = None


def skew(node: Any) -> Any:
    """No left child of the same level."""
    left = node.left
    if left is None or left.level < node.level:
        return node
    node.left, left.right = left.right, node
    return left


def split(node: Any) -> Any:
    """No two right children of the same level, one below the other."""
    right = node.right
    if right is None or right.right is None or right.right.level < node.level:
        return node
    node.right, right.left = right.left, node
    right.level += 1
    return right


def grown(node: Any) -> Any:
    """After an insertion below."""
    return split(skew(node))


def level(node: Any) -> int:
    return 0 if node is None else int(node.level)


def shrunk(node: Any) -> Any:
    """After a deletion below."""
    most = min(level(node.left), level(node.right)) + 1
    if node.level > most:
        node.level = most
        if level(node.right) > most:
            node.right.level = most
    node = skew(node)
    if node.right is not None:
        node.right = skew(node.right)
        if node.right.right is not None:
            node.right.right = skew(node.right.right)
    node = split(node)
    if node.right is not None:
        node.right = split(node.right)
    return node


class BalancedTree:
    """The levels of a node's children are 1 less than its own, or, right, equal."""

    def __init__(self) -> None:
        self.root: Any = None
        self._count = 0

    def insert(self, key: Any, value: Any = None) -> bool:
        node = self._node(key)
        if node is not None:
            node.value = value
            return False
        self.root = self._with(self.root, Node(key, value))
        self._count += 1
        return True

    def delete(self, key: Any) -> bool:
        if self._node(key) is None:
            return False
        self.root = self._without(self.root, key)
        self._count -= 1
        return True

    def search(self, key: Any, default: Any = None) -> Any:
        node = self._node(key)
        return default if node is None else node.value

    def __contains__(self, key: Any) -> bool:
        return self._node(key) is not None

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        yield from self._keys(self.root)

    def between(self, low: Any, high: Any) -> list[Any]:
        found: list[Any] = []
        todo = [self.root]
        while todo:
            node = todo.pop()
            if node is None:
                continue
            if node.key > high:
                todo.append(node.left)
            elif node.key < low:
                todo.append(node.right)
            else:
                found.append(node.key)
                todo += [node.left, node.right]
        return sorted(found)

    def height(self) -> int:
        tall, row = 0, [self.root] if self.root else []
        while row:
            tall += 1
            below = [child for node in row for child in (node.left, node.right)]
            row = [node for node in below if node is not None]
        return tall

    def _keys(self, node: Any) -> Iterator[Any]:
        if node is not None:
            yield from self._keys(node.left)
            yield node.key
            yield from self._keys(node.right)

    def _node(self, key: Any) -> Any:
        node = self.root
        while node is not None and node.key != key:
            node = node.left if key < node.key else node.right
        return node

    def _with(self, node: Any, new: Node) -> Any:
        if node is None:
            return new
        if new.key < node.key:
            node.left = self._with(node.left, new)
        else:
            node.right = self._with(node.right, new)
        return grown(node)

    def _without(self, node: Any, key: Any) -> Any:
        if key < node.key:
            node.left = self._without(node.left, key)
        elif key > node.key:
            node.right = self._without(node.right, key)
        elif node.left is None:
            return node.right
        else:
            before = node.left
            while before.right is not None:
                before = before.right
            node.key, node.value = before.key, before.value
            node.left = self._without(node.left, before.key)
        return shrunk(node)
