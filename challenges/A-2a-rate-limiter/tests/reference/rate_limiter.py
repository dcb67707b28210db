"""Another right rate limiter: one table for each strategy, two generations of keys."""

import threading
from collections import deque


class RateLimiter:
    def __init__(self, strategy, limit, window, clock):
        ways = {
            "fixed_window": (self._fixed_free, self._fixed_take, dict),
            "sliding_log": (self._log_free, self._log_take, deque),
            "sliding_counter": (self._counter_free, self._counter_take, dict),
            "token_bucket": (self._bucket_free, self._bucket_take, dict),
        }
        if strategy not in ways:
            raise ValueError(f"no strategy {strategy!r}")
        if limit < 1 or window <= 0:
            raise ValueError("limit and window must be positive")
        self._free, self._take, self._empty = ways[strategy]
        self.limit = limit
        self.window = window
        self._clock = clock
        self._latest = None
        self._turned = None
        self._young = {}
        self._old = {}
        self._lock = threading.RLock()

    def allow(self, key, cost=1):
        if cost < 1:
            raise ValueError(f"a cost of {cost}")
        with self._lock:
            now = self._tell_time()
            state = self._state_of(key, now)
            fits = cost <= self._free(state, now)
            if fits:
                self._take(state, now, cost)
            return fits

    def available(self, key):
        with self._lock:
            now = self._tell_time()
            return int(self._free(self._state_of(key, now), now))

    def _tell_time(self):
        heard = self._clock()
        if self._latest is None or heard > self._latest:
            self._latest = heard
        return self._latest

    def _state_of(self, key, now):
        if self._turned is None:
            self._turned = now
        since = now - self._turned
        if since >= 2 * self.window:
            self._turned = now
            idle = since >= 4 * self.window
            self._young, self._old = {}, {} if idle else self._young
        if key not in self._young:
            self._young[key] = self._old.pop(key, None) or self._empty()
        return self._young[key]

    def _fixed_free(self, state, now):
        begin = now - now % self.window
        if not state or begin > state["begin"]:
            state.update(begin=begin, used=0)
        return self.limit - state["used"]

    def _fixed_take(self, state, now, cost):
        state["used"] += cost

    def _log_free(self, state, now):
        if not state:
            state.append(0)
        while len(state) > 1 and state[1][0] <= now - self.window:
            cost = state[1][1]
            state[0] -= cost
            del state[1]
        return self.limit - state[0]

    def _log_take(self, state, now, cost):
        state.append((now, cost))
        state[0] += cost

    def _counter_free(self, state, now):
        begin = now - now % self.window
        if not state:
            state.update(begin=begin, used=0, before=0)
        elif begin != state["begin"]:
            direct = begin - state["begin"] == self.window
            before = state["used"] if direct else 0
            state.update(begin=begin, used=0, before=before)
        weighed = state["before"] * (self.window - (now - begin))
        room = (self.limit - state["used"]) * self.window - weighed
        return room // self.window

    def _counter_take(self, state, now, cost):
        state["used"] += cost

    def _bucket_free(self, state, now):
        """``missing``: what lacks to a full bucket, times the window."""
        if not state:
            state.update(missing=0, at=now)
        missing = state["missing"] - (now - state["at"]) * self.limit
        state.update(missing=max(missing, 0), at=now)
        return (self.limit * self.window - state["missing"]) // self.window

    def _bucket_take(self, state, now, cost):
        state["missing"] += cost * self.window
