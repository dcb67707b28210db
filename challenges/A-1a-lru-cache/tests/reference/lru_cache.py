"""Another right design: a dict of nodes in a ring. Only the agent's tests run on it."""

from __future__ import annotations

from typing import Any


class Node:
    """An entry between its neighbours in the order of use."""

    __slots__ = ("after", "before", "key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key, self.value = key, value
        self.before = self.after = self

    def leave(self) -> None:
        """Close the gap."""
        self.before.after, self.after.before = self.after, self.before

    def join(self, end: Node) -> None:
        """Stand before ``end``: used last."""
        self.before, self.after = end.before, end
        end.before.after = end.before = self


class LRUCache:
    """The ring's ``_end`` is no entry; after it comes what was used longest ago."""

    def __init__(self, capacity: int) -> None:
        if capacity < 0:
            raise ValueError(capacity)
        self.capacity = capacity
        self._end = Node(None, None)
        self._nodes: dict[Any, Node] = {}

    def put(self, key: Any, value: Any) -> tuple[Any, Any] | None:
        node = self._nodes.get(key)
        if node is not None:
            node.value = value
            self._use(node)
            return None
        if self.capacity == 0:
            return key, value
        evicted = None
        if len(self._nodes) == self.capacity:
            evicted = self._evict(self._end.after)
        self._nodes[key] = node = Node(key, value)
        node.join(self._end)
        return evicted

    def get(self, key: Any, default: Any = None) -> Any:
        node = self._nodes.get(key)
        if node is None:
            return default
        self._use(node)
        return node.value

    def delete(self, key: Any) -> bool:
        if key not in self._nodes:  # an empty dict's `pop` asks for no hash
            return False
        self._nodes.pop(key).leave()
        return True

    def __contains__(self, key: Any) -> bool:
        return key in self._nodes

    def __len__(self) -> int:
        return len(self._nodes)

    def keys(self) -> list[Any]:
        found = []
        node = self._end.after
        while node is not self._end:
            found.append(node.key)
            node = node.after
        return found

    def resize(self, capacity: int) -> list[tuple[Any, Any]]:
        if capacity < 0:
            raise ValueError(capacity)
        self.capacity = capacity
        evicted = []
        while len(self._nodes) > capacity:
            evicted.append(self._evict(self._end.after))
        return evicted

    def _use(self, node: Node) -> None:
        node.leave()
        node.join(self._end)

    def _evict(self, node: Node) -> tuple[Any, Any]:
        del self._nodes[node.key]
        node.leave()
        return node.key, node.value
