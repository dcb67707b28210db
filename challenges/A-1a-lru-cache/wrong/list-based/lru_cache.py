"""A cache that evicts what was used longest ago."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


class LRUCache:
    """At most ``capacity`` entries; ``put`` and a ``get`` that finds its key are uses."""

    def __init__(self, capacity: int) -> None:
        """``ValueError`` for a capacity below 0."""
        self._values: dict[Hashable, Any] = {}
        self._order: list[Hashable] = []  # of use, longest ago first
        self.resize(capacity)

    def put(self, key: Hashable, value: Any) -> tuple[Hashable, Any] | None:
        """Enter or update; the entry that had to go for it, if any."""
        if key in self._values:
            self._order.remove(key)
        self._values[key] = value
        self._order.append(key)
        if len(self._order) > self.capacity:
            return self._evict()
        return None

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        if key not in self._values:
            return default
        self._order.remove(key)
        self._order.append(key)
        return self._values[key]

    def delete(self, key: Hashable) -> bool:
        """Take the entry out; whether there was one."""
        if key not in self._values:
            return False
        self._order.remove(key)
        del self._values[key]
        return True

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[Hashable]:
        """The keys, the one used longest ago first."""
        return list(self._order)

    def resize(self, capacity: int) -> list[tuple[Hashable, Any]]:
        """Set another capacity; the entries that had to go, oldest use first."""
        if capacity < 0:
            raise ValueError(f"capacity below 0: {capacity}")
        self.capacity = capacity
        evicted = []
        while len(self._order) > capacity:
            evicted.append(self._evict())
        return evicted

    def _evict(self) -> tuple[Hashable, Any]:
        key = self._order.pop(0)
        return key, self._values.pop(key)
