"""Rate limiter with four strategies."""

import threading
from collections import OrderedDict, deque


class FixedWindow:
    def __init__(self, limit, window):
        self.limit, self.window = limit, window
        self.index, self.used = None, 0

    def available(self, now):
        index = now // self.window
        if self.index is None or index != self.index:
            self.index, self.used = index, 0
        return self.limit - self.used

    def take(self, cost, now):
        self.used += cost


class SlidingLog:
    def __init__(self, limit, window):
        self.limit, self.window = limit, window
        self.log, self.used = deque(), 0

    def available(self, now):
        while self.log and now - self.log[0][0] >= self.window:
            self.used -= self.log.popleft()[1]
        return self.limit - self.used

    def take(self, cost, now):
        self.log.append((now, cost))
        self.used += cost


class SlidingCounter:
    def __init__(self, limit, window):
        self.limit, self.window = limit, window
        self.index, self.current, self.previous = None, 0, 0

    def available(self, now):
        index = now // self.window
        if self.index is None:
            self.index = index
        elif index != self.index:
            self.previous = self.current if index == self.index + 1 else 0
            self.index, self.current = index, 0
        elapsed = now - index * self.window
        weighted = -(-self.previous * (self.window - elapsed) // self.window)
        return max(0, self.limit - self.current - int(weighted))

    def take(self, cost, now):
        self.current += cost


class TokenBucket:
    """The level is tokens times window, which keeps it exact."""

    def __init__(self, limit, window):
        self.limit, self.window = limit, window
        self.level, self.updated = limit * window, None

    def available(self, now):
        if self.updated is not None:
            self.level = min(self.limit * self.window,
                             self.level + (now - self.updated) * self.limit)
        self.updated = now
        return int(self.level // self.window)

    def take(self, cost, now):
        self.level -= cost * self.window


STRATEGIES = {
    "fixed_window": FixedWindow,
    "sliding_log": SlidingLog,
    "sliding_counter": SlidingCounter,
    "token_bucket": TokenBucket,
}


class RateLimiter:
    def __init__(self, strategy, limit, window, clock):
        if strategy not in STRATEGIES:
            raise ValueError(f"unknown strategy {strategy!r}")
        if limit < 1:
            raise ValueError("limit must be at least 1")
        if window <= 0:
            raise ValueError("window must be above 0")
        self._make = STRATEGIES[strategy]
        self._limit, self._window, self._clock = limit, window, clock
        self._lock = threading.Lock()
        self._keys = OrderedDict()  # key -> [state, latest time], oldest first

    def _state(self, key):
        now = self._clock()
        entry = self._keys.get(key)
        if entry is None:
            entry = self._keys[key] = [self._make(self._limit, self._window), now]
        elif now > entry[1]:
            entry[1] = now
        self._keys.move_to_end(key)
        while True:
            oldest = next(iter(self._keys))
            if now - self._keys[oldest][1] < 5 * self._window:
                break
            del self._keys[oldest]
        return entry

    def allow(self, key, cost=1):
        if cost < 1:
            raise ValueError("cost must be at least 1")
        with self._lock:
            state, now = self._state(key)
            if cost > state.available(now):
                return False
            state.take(cost, now)
            return True

    def available(self, key):
        with self._lock:
            state, now = self._state(key)
            return state.available(now)
