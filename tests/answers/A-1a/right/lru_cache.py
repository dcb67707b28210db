"""An LRU cache: a dict from key to slot number, and a doubly linked list of slots in flat lists.

Slot 0 is the sentinel: `_after[0]` is the entry used longest ago, `_before[0]` the one used last.
"""



class LRUCache:
    __slots__ = ("_capacity", "_slots", "_before", "_after", "_keys", "_values", "_free", "__weakref__")

    def __init__(self, capacity):
        if capacity < 0:
            raise ValueError(f"capacity must be 0 or more, not {capacity!r}")
        self._capacity = capacity
        self._start()

    def _start(self):
        self._slots = {}  # key -> slot
        self._before = [0]
        self._after = [0]
        self._keys = [None]
        self._values = [None]
        self._free = []  # slots that can be used again

    @property
    def capacity(self):
        return self._capacity

    def put(self, key, value):
        slot = self._slots.get(key)
        if slot is not None:
            old = self._values[slot]
            self._values[slot] = value
            self._unlink(slot)
            self._link(slot)
            del old  # only now may its __del__ run
            return None
        if self._capacity == 0:
            return (key, value)
        evicted = None
        if len(self._slots) >= self._capacity:
            evicted = self._evict()
        if self._free:
            slot = self._free.pop()
            self._keys[slot] = key
            self._values[slot] = value
        else:
            slot = len(self._keys)
            self._keys.append(key)
            self._values.append(value)
            self._before.append(0)
            self._after.append(0)
        self._slots[key] = slot
        self._link(slot)
        return evicted

    def get(self, key, default=None):
        slot = self._slots.get(key)
        if slot is None:
            return default
        self._unlink(slot)
        self._link(slot)
        return self._values[slot]

    def delete(self, key):
        # not pop(key, None): that does not even hash the key when the dict is empty
        slot = self._slots.get(key)
        if slot is None:
            return False
        del self._slots[key]
        self._unlink(slot)
        self._release(slot)
        return True

    def __contains__(self, key):
        return key in self._slots

    def __len__(self):
        return len(self._slots)

    def keys(self):
        result = []
        slot = self._after[0]
        while slot:
            result.append(self._keys[slot])
            slot = self._after[slot]
        return result

    def resize(self, capacity):
        if capacity < 0:
            raise ValueError(f"capacity must be 0 or more, not {capacity!r}")
        self._capacity = capacity
        evicted = []
        while len(self._slots) > capacity:
            evicted.append(self._evict())
        if not self._slots:
            self._start()
        return evicted

    def _evict(self):
        slot = self._after[0]
        key = self._keys[slot]
        del self._slots[key]
        self._unlink(slot)
        return (key, self._release(slot))

    def _release(self, slot):
        value = self._values[slot]
        self._keys[slot] = None
        self._values[slot] = None
        self._free.append(slot)
        return value

    def _unlink(self, slot):
        before = self._before[slot]
        after = self._after[slot]
        self._after[before] = after
        self._before[after] = before

    def _link(self, slot):
        last = self._before[0]
        self._before[slot] = last
        self._after[slot] = 0
        self._after[last] = slot
        self._before[0] = slot
