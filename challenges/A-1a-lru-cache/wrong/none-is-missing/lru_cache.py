"""A cache that evicts what was used longest ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class LRUCache:
    """At most ``capacity`` entries; ``put`` and a ``get`` that finds its key are uses.

    An :class:`OrderedDict` is a hash table with a linked list through its entries: the
    list holds the order of use, the one used longest ago first.
    """

    def __init__(self, capacity: int) -> None:
        """``ValueError`` for a capacity below 0."""
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()
        self.resize(capacity)

    def put(self, key: Hashable, value: Any) -> tuple[Hashable, Any] | None:
        """Enter or update; the entry that had to go for it, if any."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self.capacity:
            return self._entries.popitem(last=False)
        return None

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        value = self._entries.get(key)
        if value is None:
            return default
        self._entries.move_to_end(key)
        return value

    def delete(self, key: Hashable) -> bool:
        """Take the entry out; whether there was one."""
        if key not in self._entries:
            return False
        del self._entries[key]
        return True

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[Hashable]:
        """The keys, the one used longest ago first."""
        return list(self._entries)

    def resize(self, capacity: int) -> list[tuple[Hashable, Any]]:
        """Set another capacity; the entries that had to go, oldest use first."""
        if capacity < 0:
            raise ValueError(f"capacity below 0: {capacity}")
        self.capacity = capacity
        evicted = []
        while len(self._entries) > capacity:
            evicted.append(self._entries.popitem(last=False))
        return evicted
