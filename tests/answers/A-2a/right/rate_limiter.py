"""A rate limiter with four strategies.

Each strategy is a class; an object of it is the record of one key and exists only while
some request of the key still counts.  ``RateLimiter`` keeps the records, the time and the
lock.  Times are used with ``+ - * // %`` and comparisons only, and never divided but by
``//``, so that integers and fractions stay exact.
"""

from collections import OrderedDict, deque
from threading import Lock


class _Record:
    """What is known of a key.

    ``settle(now)`` forgets what no longer counts and returns whether anything is left;
    after it, ``used`` is what is not available of the limit, an int, and ``spend(cost, now)``
    counts a request. ``latest`` is the time of the last one.
    """

    __slots__ = ("limit", "window", "used", "latest")

    def __init__(self, limit, window):
        self.limit = limit
        self.window = window
        self.used = 0


class _FixedWindow(_Record):
    __slots__ = ("number",)

    def settle(self, now):
        return now // self.window == self.number

    def spend(self, cost, now):
        if not self.used:
            self.number = now // self.window
        self.used += cost


class _SlidingLog(_Record):
    __slots__ = ("log",)

    def __init__(self, limit, window):
        super().__init__(limit, window)
        self.log = deque()

    def settle(self, now):
        log = self.log
        while log and now - log[0][0] >= self.window:
            self.used -= log.popleft()[1]
        return bool(log)

    def spend(self, cost, now):
        self.log.append((now, cost))
        self.used += cost


class _SlidingCounter(_Record):
    __slots__ = ("number", "current", "previous")

    def __init__(self, limit, window):
        super().__init__(limit, window)
        self.current = self.previous = 0

    def settle(self, now):
        number = now // self.window
        if number != self.number:
            self.previous = self.current if number == self.number + 1 else 0
            self.current = 0
            self.number = number
        self.used = self.current
        if self.previous:
            rest = self.window - now % self.window
            # less the previous count's share, rounded up; -(-x // y) rounds up
            self.used += int(-(-self.previous * rest // self.window))
        return self.current > 0 or self.previous > 0

    def spend(self, cost, now):
        if not self.current and not self.previous:
            self.number = now // self.window
        self.current += cost


class _TokenBucket(_Record):
    """``taken`` tokens were taken since the bucket was full, or would have been, at ``since``."""

    __slots__ = ("since", "taken")

    def __init__(self, limit, window):
        super().__init__(limit, window)
        self.taken = 0

    def settle(self, now):
        filled = (now - self.since) * self.limit
        if filled >= self.taken * self.window:
            return False  # full
        if filled >= self.limit * self.window:
            # A whole window and more: let go of the old time.  (taken > limit here)
            windows = int(filled // (self.limit * self.window))
            self.since = self.since + windows * self.window
            self.taken -= windows * self.limit
            filled = (now - self.since) * self.limit
        self.used = self.taken - int(filled // self.window)
        return True

    def spend(self, cost, now):
        if not self.taken:
            self.since = now
        self.taken += cost


_STRATEGIES = {
    "fixed_window": _FixedWindow,
    "sliding_log": _SlidingLog,
    "sliding_counter": _SlidingCounter,
    "token_bucket": _TokenBucket,
}


class RateLimiter:
    """Every key may use up *limit* in *window* seconds; ``clock()`` gives the time."""

    def __init__(self, strategy, limit, window, clock):
        if strategy not in list(_STRATEGIES):
            raise ValueError(f"unknown strategy: {strategy!r}")
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit!r}")
        if not window > 0:
            raise ValueError(f"window must be above 0, not {window!r}")
        self._record = _STRATEGIES[strategy]
        self._limit = limit
        self._window = window
        self._clock = clock
        self._lock = Lock()
        self._now = None
        self._records = OrderedDict()  # by key, those with the latest request last

    def allow(self, key, cost=1):
        """Whether a request of that cost may go ahead; if so, it is counted."""
        if cost < 1:
            raise ValueError(f"cost must be at least 1, not {cost!r}")
        with self._lock:
            record = self._look(key)
            if record is None:
                if cost > self._limit:
                    return False
                record = self._records[key] = self._record(self._limit, self._window)
            elif cost > self._limit - record.used:
                return False
            record.spend(cost, self._now)
            record.latest = self._now
            self._records.move_to_end(key)
            return True

    def available(self, key):
        """The largest cost that ``allow`` would let through now, 0 if none."""
        with self._lock:
            record = self._look(key)
            if record is None:
                return self._limit
            return max(self._limit - record.used, 0)

    def _look(self, key):
        """Hear the time, forget what is over, and return the key's record, if any."""
        time = self._clock()
        if self._now is None or time > self._now:
            self._now = time
            self._sweep()
        record = self._records.get(key)
        if record is not None and not record.settle(self._now):
            del self._records[key]
            return None
        return record

    def _sweep(self):
        """Drop all keys of which no request can count any more.

        Each record is dropped once, so this is a bounded number of steps for each call
        on the average.
        """
        while self._records:
            key, record = next(iter(self._records.items()))
            if self._now - record.latest < 3 * self._window:
                break
            del self._records[key]
