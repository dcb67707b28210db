"""A cache that evicts what was used longest ago."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from itertools import count
from typing import Any


class LRUCache:
    """At most ``capacity`` entries; ``put`` and a ``get`` that finds its key are uses."""

    def __init__(self, capacity: int) -> None:
        """``ValueError`` for a capacity below 0."""
        self._values: dict[Hashable, Any] = {}
        self._last_use: dict[Hashable, int] = {}
        self._uses: deque[tuple[Hashable, int]] = deque()  # old uses are passed over
        self._clock = count()
        self.resize(capacity)

    def put(self, key: Hashable, value: Any) -> tuple[Hashable, Any] | None:
        """Enter or update; the entry that had to go for it, if any."""
        self._values[key] = value
        self._use(key)
        if len(self._values) > self.capacity:
            return self._evict()
        return None

    def get(self, key: Hashable, default: Any = None) -> Any:
        """The key's value, or ``default``."""
        if key not in self._values:
            return default
        self._use(key)
        return self._values[key]

    def delete(self, key: Hashable) -> bool:
        """Take the entry out; whether there was one."""
        if key not in self._values:
            return False
        del self._values[key], self._last_use[key]
        return True

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def keys(self) -> list[Hashable]:
        """The keys, the one used longest ago first."""
        self._uses = deque(use for use in self._uses if self._is_last(*use))
        return [key for key, _ in self._uses]

    def resize(self, capacity: int) -> list[tuple[Hashable, Any]]:
        """Set another capacity; the entries that had to go, oldest use first."""
        if capacity < 0:
            raise ValueError(f"capacity below 0: {capacity}")
        self.capacity = capacity
        evicted = []
        while len(self._values) > capacity:
            evicted.append(self._evict())
        return evicted

    def _use(self, key: Hashable) -> None:
        self._last_use[key] = time = next(self._clock)
        self._uses.append((key, time))

    def _is_last(self, key: Hashable, time: int) -> bool:
        return self._last_use.get(key) == time

    def _evict(self) -> tuple[Hashable, Any]:
        while not self._is_last(*self._uses[0]):
            self._uses.popleft()
        key, _ = self._uses.popleft()
        del self._last_use[key]
        return key, self._values.pop(key)
