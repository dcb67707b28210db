"""Another right cache: sorted rows instead of heaps, a condition for each load."""

import bisect
import threading


class _Load:
    def __init__(self, lock):
        self.over = threading.Condition(lock)
        self.running = True
        self.value = None
        self.error = None


class Cache:
    def __init__(self, capacity, ttl, clock, policy="lru"):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        if policy not in {"lru", "lfu"}:
            raise ValueError(f"no policy {policy!r}")
        self._check(ttl)
        self.capacity = capacity
        self.ttl = ttl
        self.clock = clock
        self.policy = policy
        self._lock = threading.RLock()
        self._table = {}  # key -> [value, row of use, row of end or None]
        self._uses = []  # (number of uses, tick, key), sorted
        self._ends = []  # (end, tick, key), sorted
        self._tick = 0
        self._loads = {}

    @staticmethod
    def _check(ttl):
        if ttl is not None and not ttl > 0:
            raise ValueError("a TTL must be above 0")

    def put(self, key, value, ttl=None):
        self._check(ttl)
        with self._lock:
            self._loads.pop(key, None)
            self._insert(key, value, ttl)

    def get(self, key, default=None):
        with self._lock:
            return self._table[key][0] if self._hit(key) else default

    def get_or_load(self, key, load, ttl=None):
        self._check(ttl)
        with self._lock:
            if self._hit(key):
                return self._table[key][0]
            other = self._loads.get(key)
            if other is not None:
                while other.running:
                    other.over.wait()
                if other.error is not None:
                    raise other.error
                return other.value
            own = self._loads[key] = _Load(self._lock)
        try:
            own.value = load(key)
        except BaseException as error:
            own.error = error
            raise
        finally:
            with self._lock:
                own.running = False
                own.over.notify_all()
                if self._loads.get(key) is own:
                    del self._loads[key]
                    if own.error is None:
                        self._insert(key, own.value, ttl)
        return own.value

    def delete(self, key):
        with self._lock:
            self._loads.pop(key, None)
            self._expire()
            there = key in self._table
            if there:
                self._drop(key)
            return there

    def __contains__(self, key):
        with self._lock:
            self._expire()
            return key in self._table

    def __len__(self):
        with self._lock:
            self._expire()
            return len(self._table)

    def _hit(self, key):
        self._expire()
        if key not in self._table:
            return False
        self._note_use(key)
        return True

    def _expire(self):
        now = self.clock()
        while self._ends and self._ends[0][0] <= now:
            self._drop(self._ends[0][2])
        return now

    def _insert(self, key, value, ttl):
        now = self._expire()
        if key in self._table:
            self._leave(self._ends, self._table[key][2])
            self._table[key][0] = value
        else:
            if len(self._table) >= self.capacity:
                self._drop(self._uses[0][2])
            self._table[key] = [value, None, None]
        self._note_use(key)
        ttl = self.ttl if ttl is None else ttl
        self._table[key][2] = None
        if ttl is not None:
            self._table[key][2] = self._enter(self._ends, now + ttl, key)

    def _note_use(self, key):
        line = self._table[key]
        uses = 0
        if line[1] is not None:
            self._leave(self._uses, line[1])
            uses = line[1][0]
        if self.policy == "lfu":
            uses += 1
        line[1] = self._enter(self._uses, uses, key)

    def _drop(self, key):
        _, use, end = self._table.pop(key)
        self._leave(self._uses, use)
        self._leave(self._ends, end)

    def _enter(self, rows, first, key):
        self._tick += 1
        row = (first, self._tick, key)
        bisect.insort(rows, row)
        return row

    def _leave(self, rows, row):
        if row is not None:
            del rows[bisect.bisect_left(rows, row)]
