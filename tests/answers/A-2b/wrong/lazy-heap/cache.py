"""A cache with TTL and LRU or LFU eviction."""

import heapq
import itertools
import threading


class _Entry:
    __slots__ = ("key", "value", "expires", "uses", "last")

    def __init__(self, key):
        self.key = key
        self.uses = 0


class _Flight:
    def __init__(self):
        self.done = threading.Event()
        self.value = None
        self.error = None
        self.valid = True


class Cache:
    def __init__(self, capacity, ttl, clock, policy="lru"):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self._check(ttl)
        if policy not in ("lru", "lfu"):
            raise ValueError(f"unknown policy {policy!r}")
        self._capacity = capacity
        self._ttl = ttl
        self._clock = clock
        self._lfu = policy == "lfu"
        self._lock = threading.RLock()
        self._data = {}
        self._flights = {}
        self._counter = itertools.count(1)
        # Both heaps may hold outdated items, which are skipped when they come up.
        self._expiry = []  # (expires, number, entry)
        self._order = []  # (uses, last use, entry)

    @staticmethod
    def _check(ttl):
        if ttl is not None and not ttl > 0:
            raise ValueError("ttl must be above 0")

    def _purge(self, now):
        heap = self._expiry
        while heap and heap[0][0] <= now:
            expires, _, entry = heapq.heappop(heap)
            if self._data.get(entry.key) is entry and entry.expires is expires:
                del self._data[entry.key]

    def _touch(self, entry):
        entry.last = next(self._counter)
        entry.uses += 1
        heapq.heappush(self._order, (entry.uses if self._lfu else 0, entry.last, entry))

    def _evict(self):
        while True:
            _, last, entry = heapq.heappop(self._order)
            if entry.last == last and self._data.get(entry.key) is entry:
                del self._data[entry.key]
                return

    def _lookup(self, key):
        self._purge(self._clock())
        return self._data.get(key)

    def _store(self, key, value, ttl):
        now = self._clock()
        self._purge(now)
        entry = self._data.get(key)
        if entry is None:
            if len(self._data) >= self._capacity:
                self._evict()
            entry = self._data[key] = _Entry(key)
        if ttl is None:
            ttl = self._ttl
        entry.value = value
        entry.expires = None if ttl is None else now + ttl
        if entry.expires is not None:
            heapq.heappush(self._expiry, (entry.expires, next(self._counter), entry))
        self._touch(entry)

    def put(self, key, value, ttl=None):
        self._check(ttl)
        with self._lock:
            self._invalidate(key)
            self._store(key, value, ttl)

    def _invalidate(self, key):
        flight = self._flights.pop(key, None)
        if flight is not None:
            flight.valid = False

    def get(self, key, default=None):
        with self._lock:
            entry = self._lookup(key)
            if entry is None:
                return default
            self._touch(entry)
            return entry.value

    def delete(self, key):
        with self._lock:
            self._invalidate(key)
            if self._lookup(key) is None:
                return False
            del self._data[key]
            return True

    def __contains__(self, key):
        with self._lock:
            return self._lookup(key) is not None

    def __len__(self):
        with self._lock:
            self._purge(self._clock())
            return len(self._data)

    def get_or_load(self, key, load, ttl=None):
        self._check(ttl)
        with self._lock:
            entry = self._lookup(key)
            if entry is not None:
                self._touch(entry)
                return entry.value
            flight = self._flights.get(key)
            leader = flight is None
            if leader:
                flight = self._flights[key] = _Flight()
        if not leader:
            flight.done.wait()
            if flight.error is not None:
                raise flight.error
            return flight.value
        try:
            flight.value = load(key)
        except BaseException as error:
            flight.error = error
            raise
        else:
            with self._lock:
                if flight.valid:
                    del self._flights[key]
                    self._store(key, flight.value, ttl)
                    flight.valid = False
            return flight.value
        finally:
            with self._lock:
                if flight.valid:
                    del self._flights[key]
            flight.done.set()
