"""A cache with a capacity, a time to live, eviction, and loads that are shared.

An entry is in a dict by its key and in up to two heaps: one by the time at which it
expires (if it does), one by how soon it is to be evicted.  The heaps know where each of
their entries is, so that any of them can be taken out at once and nothing stale is left.
"""

from threading import Event, Lock

_EXPIRY, _TURN = 0, 1  # which rank of an entry a heap goes by


class _Entry:
    __slots__ = ("key", "value", "uses", "rank", "place")

    def __init__(self, key):
        self.key = key
        self.uses = 0
        self.rank = [None, None]
        self.place = [None, None]  # index in either heap, None if not there


class _Heap:
    """A binary heap, the lowest rank first."""

    def __init__(self, which):
        self._which = which
        self._entries = []

    def __bool__(self):
        return bool(self._entries)

    def first(self):
        return self._entries[0]

    def add(self, entry):
        """Put in an entry, or move it if its rank has changed."""
        place = entry.place[self._which]
        if place is None:
            place = len(self._entries)
            self._entries.append(entry)
        self._settle(entry, place)

    def remove(self, entry):
        """Take out an entry, if it is there."""
        place = entry.place[self._which]
        if place is None:
            return
        entry.place[self._which] = None
        last = self._entries.pop()
        if last is not entry:
            self._settle(last, place)

    def _settle(self, entry, place):
        """Put *entry* where it belongs, the place being free."""
        entries, which = self._entries, self._which
        rank = entry.rank[which]
        start = place
        while place:
            above = (place - 1) // 2
            if not rank < entries[above].rank[which]:
                break
            entries[place] = entries[above]
            entries[place].place[which] = place
            place = above
        if place == start:
            while (below := 2 * place + 1) < len(entries):
                other = below + 1
                if other < len(entries) and entries[other].rank[which] < entries[below].rank[which]:
                    below = other
                if not entries[below].rank[which] < rank:
                    break
                entries[place] = entries[below]
                entries[place].place[which] = place
                place = below
        entries[place] = entry
        entry.place[which] = place


class _Loading:
    """A load that is under way, for its caller and those who wait."""

    __slots__ = ("ended", "value", "error")

    def __init__(self):
        self.ended = Event()
        self.value = self.error = None


def _check_ttl(ttl):
    if ttl is not None and not ttl > 0:
        raise ValueError(f"a TTL must be above 0, not {ttl!r}")


class Cache:
    def __init__(self, capacity, ttl, clock, policy="lru"):
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity!r}")
        _check_ttl(ttl)
        if policy not in ["lru", "lfu"]:
            raise ValueError(f"unknown policy: {policy!r}")
        self._capacity = capacity
        self._ttl = ttl
        self._clock = clock
        self._count_uses = policy == "lfu"
        self._lock = Lock()
        self._entries = {}
        self._expiry = _Heap(_EXPIRY)
        self._turns = _Heap(_TURN)
        self._tick = 0  # uses of any entry
        self._loading = {}  # the loads whose values are to be stored, by key

    def put(self, key, value, ttl=None):
        """Store an entry."""
        _check_ttl(ttl)
        with self._lock:
            self._store(key, value, ttl)
            self._loading.pop(key, None)

    def get(self, key, default=None):
        """The value of the entry, or *default* if there is none."""
        with self._lock:
            entry = self._find(key)
            if entry is None:
                return default
            self._use(entry)
            return entry.value

    def get_or_load(self, key, load, ttl=None):
        """The value of the entry, which is loaded if there is none."""
        _check_ttl(ttl)
        with self._lock:
            entry = self._find(key)
            if entry is not None:
                self._use(entry)
                return entry.value
            loading = self._loading.get(key)
            mine = loading is None
            if mine:
                loading = self._loading[key] = _Loading()
        if not mine:
            loading.ended.wait()
            if loading.error is not None:
                raise loading.error
            return loading.value
        try:
            value = load(key)
            with self._lock:
                if self._loading.get(key) is loading:
                    del self._loading[key]
                    self._store(key, value, ttl)
            loading.value = value
            loading.ended.set()
            return value
        except Exception as error:
            loading.error = error
            with self._lock:
                if self._loading.get(key) is loading:
                    del self._loading[key]
            loading.ended.set()
            raise

    def delete(self, key):
        """Remove an entry; returns whether there was one."""
        with self._lock:
            entry = self._find(key)
            self._loading.pop(key, None)
            if entry is None:
                return False
            self._drop(entry)
            return True

    def __contains__(self, key):
        with self._lock:
            return self._find(key) is not None

    def __len__(self):
        with self._lock:
            self._expire(self._clock())
            return len(self._entries)

    # All below: with the lock held.

    def _expire(self, now):
        while self._expiry and self._expiry.first().rank[_EXPIRY] <= now:
            self._drop(self._expiry.first())

    def _find(self, key):
        self._expire(self._clock())
        return self._entries.get(key)

    def _drop(self, entry):
        del self._entries[entry.key]
        self._expiry.remove(entry)
        self._turns.remove(entry)

    def _use(self, entry):
        self._tick += 1
        entry.uses += 1
        entry.rank[_TURN] = (entry.uses if self._count_uses else 0, self._tick)
        self._turns.add(entry)

    def _store(self, key, value, ttl):
        now = self._clock()
        self._expire(now)
        if ttl is None:
            ttl = self._ttl
        expiry = None if ttl is None else now + ttl
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= self._capacity:
                self._drop(self._turns.first())
            entry = self._entries[key] = _Entry(key)
        entry.value = value
        entry.rank[_EXPIRY] = expiry
        if expiry is None:
            self._expiry.remove(entry)
        else:
            self._expiry.add(entry)
        self._use(entry)
