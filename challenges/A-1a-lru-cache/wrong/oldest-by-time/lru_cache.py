"""A cache that evicts what was used longest ago."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from typing import Any


class LRUCache:
    """At most ``capacity`` entries; ``put`` and a ``get`` that finds its key are uses."""

    def __init__(self, capacity: int) -> None:
        """``ValueError`` for a capacity below 0."""
        self._entries: dict[Hashable, list[Any]] = {}  # key: value, time of last use
        self._clock = count()
        self.resize(capacity)

    def put(self, key: Hashable, value: Any) -> tuple[Hashable, Any] | None:
        """Enter or update; the entry that had to go for it, if any."""
        self._entries[key] = [value, next(self._clock)]
        if len(self._entries) > self.capacity:
            return self._evict()
        return None

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        if key not in self._entries:
            return default
        entry = self._entries[key]
        entry[1] = next(self._clock)
        return entry[0]

    def delete(self, key: Hashable) -> bool:
        """Take the entry out; whether there was one."""
        return self._entries.pop(key, None) is not None

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def keys(self) -> list[Hashable]:
        """The keys, the one used longest ago first."""
        return sorted(self._entries, key=lambda key: self._entries[key][1])

    def resize(self, capacity: int) -> list[tuple[Hashable, Any]]:
        """Set another capacity; the entries that had to go, oldest use first."""
        if capacity < 0:
            raise ValueError(f"capacity below 0: {capacity}")
        self.capacity = capacity
        oldest = self.keys()[: max(0, len(self._entries) - capacity)]
        return [(key, self._entries.pop(key)[0]) for key in oldest]

    def _evict(self) -> tuple[Hashable, Any]:
        key, (value, _) = min(self._entries.items(), key=lambda item: item[1][1])
        del self._entries[key]
        return key, value
