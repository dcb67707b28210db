"""A cache with exact TTLs, LRU or LFU eviction, and one load at a time for a key."""

import heapq
from concurrent.futures import Future
from itertools import count
from threading import Lock


POLICIES = {"lru": 0, "lfu": 1}
"""What each use adds to the first part of an entry's rank; the second is its order."""


class Entry:
    """A value; compared and hashed by identity."""

    def __init__(self, key):
        self.key, self.uses = key, 0


class Ranking:
    """Entries by rank. The heap holds outdated ranks, too, as many as valid ones."""

    def __init__(self):
        self._numbers = count()
        self._heap, self._valid = [], {}

    def set(self, entry, rank):
        item = self._valid[entry] = (rank, next(self._numbers), entry)
        heapq.heappush(self._heap, item)
        self._tidy()

    def discard(self, entry):
        self._valid.pop(entry, None)
        self._tidy()

    def first(self):
        """The lowest rank and its entry; None if there is no entry."""
        while self._heap:
            item = self._heap[0]
            if self._valid.get(item[2]) is item:
                return item[0], item[2]
            heapq.heappop(self._heap)
        return None

    def _tidy(self):
        if len(self._heap) > 2 * len(self._valid):
            self._heap = [*self._valid.values()]
            heapq.heapify(self._heap)


class Cache:
    """Up to ``capacity`` entries; safe for threads."""

    def __init__(self, capacity, ttl, clock, policy="lru"):
        if capacity < 1 or policy not in POLICIES:
            raise ValueError((capacity, policy))
        check_ttl(ttl)
        self._capacity, self._ttl, self._clock = capacity, ttl, clock
        self._per_use = POLICIES[policy]
        self._ticks = count()
        self._entries = {}
        self._by_use, self._by_end = Ranking(), Ranking()
        self._loads = {}  # key -> the load whose result may still be stored
        self._lock = Lock()

    def put(self, key, value, ttl=None):
        check_ttl(ttl)
        with self._lock:
            self._loads.pop(key, None)
            self._store(key, value, ttl)

    def get(self, key, default=None):
        with self._lock:
            entry = self._find(key)
            if entry is None:
                return default
            self._use(entry)
            return entry.value

    def get_or_load(self, key, load, ttl=None):
        check_ttl(ttl)
        with self._lock:
            entry = self._find(key)
            if entry is not None:
                self._use(entry)
                return entry.value
            running = self._loads.get(key)
            if running is None:
                mine = self._loads[key] = Future()
        if running is not None:
            return running.result()
        try:
            value = load(key)
        except BaseException as error:
            with self._lock:
                self._end(key, mine)
            mine.set_exception(error)
            raise
        with self._lock:
            if self._end(key, mine):
                self._store(key, value, ttl)
        mine.set_result(value)
        return value

    def delete(self, key):
        with self._lock:
            self._loads.pop(key, None)
            entry = self._find(key)
            if entry is None:
                return False
            self._remove(entry)
            return True

    def __contains__(self, key):
        with self._lock:
            return self._find(key) is not None

    def __len__(self):
        with self._lock:
            self._drop_expired()
            return len(self._entries)

    def _end(self, key, load):
        """Whether this load was still the one that counts."""
        if self._loads.get(key) is not load:
            return False
        del self._loads[key]
        return True

    def _find(self, key):
        self._drop_expired()
        return self._entries.get(key)

    def _drop_expired(self):
        """Returns now."""
        now = self._clock()
        while (first := self._by_end.first()) and first[0] <= now:
            self._remove(first[1])
        return now

    def _store(self, key, value, ttl):
        now = self._drop_expired()
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) == self._capacity:
                self._remove(self._by_use.first()[1])
            entry = self._entries[key] = Entry(key)
        entry.value = value
        self._use(entry)
        ttl = self._ttl if ttl is None else ttl
        if ttl is None:
            self._by_end.discard(entry)
        else:
            self._by_end.set(entry, now + ttl)

    def _use(self, entry):
        entry.uses += self._per_use
        self._by_use.set(entry, (entry.uses, next(self._ticks)))

    def _remove(self, entry):
        del self._entries[entry.key]
        self._by_use.discard(entry)
        self._by_end.discard(entry)


def check_ttl(ttl):
    if ttl is not None and ttl <= 0:
        raise ValueError(ttl)
