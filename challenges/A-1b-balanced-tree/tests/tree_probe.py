"""Text for the child: shows a tree, and counts what its calls do.

Lines are told by the interpreter. ``min``, ``max``, ``sorted`` and ``sum`` count the
items that they are given.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

MOST_NODES = 5000
"""Where looking ends: below wrong links there may be no end."""


def shape(tree: Any) -> list[list[Any]]:
    """Of each node, from the top, left before right: key, left child?, right child?"""
    found = []
    todo = [tree.root]
    while todo and len(found) < MOST_NODES:
        node = todo.pop()
        if node is not None:
            left, right = node.left, node.right
            found.append([node.key, left is not None, right is not None])
            todo += [right, left]
    return found


def acted(tree: Any, acts: list[list[Any]]) -> list[list[Any]]:
    """After each ``[name, key]``: the answer, ``len``, ``height`` and the shape."""
    return [
        [getattr(tree, name)(key), len(tree), tree.height(), shape(tree)]
        for name, key in acts
    ]


def grown(tree: Any, keys: list[Any]) -> None:
    """Insert them all."""
    for key in keys:
        tree.insert(key)


def nodes_stay(tree: Any) -> bool:
    """Whether a second look finds the same objects."""
    looks = [nodes(tree) for _ in "ab"]
    return all(one is other for one, other in zip(*looks, strict=True))


def nodes(tree: Any) -> list[Any]:
    """All nodes, kept alive by the list."""
    found = [tree.root]
    for node in found:
        found += [one for one in (node.left, node.right) if one is not None]
    return found


def insert_and_look(tree: Any, key: Any) -> Any:
    """What is to be counted for an insertion."""
    tree.insert(key)
    return tree.root


def delete_and_look(tree: Any, key: Any) -> Any:
    """What is to be counted for a deletion."""
    tree.delete(key)
    return tree.root


CALLS: dict[str, Callable[..., Any]] = {
    "insert": insert_and_look,
    "delete": delete_and_look,
    "search": lambda tree, key: tree.search(key),
    "contains": lambda tree, key: key in tree,
    "len": lambda tree, key: len(tree),
    "height": lambda tree, key: tree.height(),
    "between": lambda tree, ends: tree.between(*ends),
    "list": lambda tree, key: list(tree),
}
BACK = {
    "insert": lambda tree, key: tree.delete(key),
    "delete": lambda tree, key: tree.insert(key),
}
"""What makes the tree as large as it was."""

_seen = 0


def _trace(frame: Any, event: str, argument: Any) -> Any:
    global _seen
    if frame.f_globals is globals():
        return None
    _seen += event == "line"
    return _trace


def _counting(function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*given: Any, **named: Any) -> Any:
        global _seen
        if len(given) == 1 or function is sum:
            items = [*given[0]]
            _seen += len(items)
            given = (items, *given[1:])
        return function(*given, **named)

    return counted


for _function in (min, max, sorted, sum):
    setattr(builtins, _function.__name__, _counting(_function))


def most_steps(tree: Any, name: str, keys: list[Any]) -> int:
    """The most that one of the calls takes."""
    global _seen
    most = 0
    for key in keys:
        _seen = 0
        sys.settrace(_trace)
        try:
            CALLS[name](tree, key)
        finally:
            sys.settrace(None)
        most = max(most, _seen)
        if name in BACK:
            BACK[name](tree, key)
    return most
