"""An LRU cache: a dict and a queue of uses. Stale uses are dropped lazily when they reach the front."""

from collections import deque


class LRUCache:
    def __init__(self, capacity):
        if capacity < 0:
            raise ValueError("capacity must not be negative")
        self.capacity = capacity
        self._entries = {}  # key -> [value, number of its last use]
        self._uses = deque()  # (key, number of the use), oldest first
        self._clock = 0

    def _touch(self, key, entry):
        self._clock += 1
        entry[1] = self._clock
        self._uses.append((key, self._clock))

    def _evict(self):
        while True:
            key, use = self._uses.popleft()
            entry = self._entries.get(key)
            if entry is not None and entry[1] == use:
                del self._entries[key]
                return (key, entry[0])

    def put(self, key, value):
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = [value, 0]
        else:
            entry[0] = value
        self._touch(key, entry)
        if len(self._entries) > self.capacity:
            return self._evict()
        return None

    def get(self, key, default=None):
        entry = self._entries.get(key)
        if entry is None:
            return default
        self._touch(key, entry)
        return entry[0]

    def delete(self, key):
        if key not in self._entries:
            return False
        del self._entries[key]
        return True

    def __contains__(self, key):
        return key in self._entries

    def __len__(self):
        return len(self._entries)

    def keys(self):
        live = deque()
        for key, use in self._uses:
            entry = self._entries.get(key)
            if entry is not None and entry[1] == use:
                live.append((key, use))
        self._uses = live
        return [key for key, _ in live]

    def resize(self, capacity):
        if capacity < 0:
            raise ValueError("capacity must not be negative")
        self.capacity = capacity
        evicted = []
        while len(self._entries) > capacity:
            evicted.append(self._evict())
        return evicted
