"""An LRU cache on top of OrderedDict; the entry used longest ago is first."""

from collections import OrderedDict


class LRUCache:
    def __init__(self, capacity):
        if capacity < 0:
            raise ValueError("capacity must not be negative")
        self.capacity = capacity
        self._data = OrderedDict()

    def put(self, key, value):
        if self.capacity == 0:
            return (key, value)
        evicted = None
        if key in self._data:
            self._data.move_to_end(key)
        elif len(self._data) >= self.capacity:
            evicted = self._data.popitem(last=False)
        self._data[key] = value
        return evicted

    def get(self, key, default=None):
        if key not in self._data:
            return default
        self._data.move_to_end(key)
        return self._data[key]

    def delete(self, key):
        if key in self._data:
            del self._data[key]
            return True
        return False

    def __contains__(self, key):
        return key in self._data

    def __len__(self):
        return len(self._data)

    def keys(self):
        return list(self._data)

    def resize(self, capacity):
        if capacity < 0:
            raise ValueError("capacity must not be negative")
        self.capacity = capacity
        evicted = []
        while len(self._data) > capacity:
            evicted.append(self._data.popitem(last=False))
        return evicted
