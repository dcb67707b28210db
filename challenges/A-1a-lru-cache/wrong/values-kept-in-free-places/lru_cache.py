"""A cache that evicts what was used longest ago."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class LRUCache:
    """At most ``capacity`` entries; ``put`` and a ``get`` that finds its key are uses."""

    def __init__(self, capacity: int) -> None:
        """``ValueError`` for a capacity below 0."""
        self._places: OrderedDict[Hashable, int] = OrderedDict()
        self._values: list[Any] = []
        self._free: list[int] = []  # places of _values that may be used again
        self.resize(capacity)

    def put(self, key: Hashable, value: Any) -> tuple[Hashable, Any] | None:
        """Enter or update; the entry that had to go for it, if any."""
        if key in self._places:
            self._values[self._places[key]] = value
        elif self._free:
            self._places[key] = place = self._free.pop()
            self._values[place] = value
        else:
            self._places[key] = len(self._values)
            self._values.append(value)
        self._places.move_to_end(key)
        if len(self._places) > self.capacity:
            return self._evict()
        return None

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        if key not in self._places:
            return default
        self._places.move_to_end(key)
        return self._values[self._places[key]]

    def delete(self, key: Hashable) -> bool:
        """Take the entry out; whether there was one."""
        if key not in self._places:
            return False
        self._free.append(self._places.pop(key))
        return True

    def __contains__(self, key: Hashable) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def keys(self) -> list[Hashable]:
        """The keys, the one used longest ago first."""
        return list(self._places)

    def resize(self, capacity: int) -> list[tuple[Hashable, Any]]:
        """Set another capacity; the entries that had to go, oldest use first."""
        if capacity < 0:
            raise ValueError(f"capacity below 0: {capacity}")
        self.capacity = capacity
        evicted = []
        while len(self._places) > capacity:
            evicted.append(self._evict())
        return evicted

    def _evict(self) -> tuple[Hashable, Any]:
        key, place = self._places.popitem(last=False)
        self._free.append(place)
        return key, self._values[place]
