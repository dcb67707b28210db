"""A rate limiter with four strategies, exact for integers and fractions."""

from collections import OrderedDict
from collections import deque
from threading import Lock


class FixedWindow:
    """One key's use of the window that holds now."""

    def __init__(self, limit, window, now):
        self.limit, self.window = limit, window
        self.number, self.used = None, 0

    def free(self, now):
        number = now // self.window
        if number != self.number:
            self.number, self.used = number, 0
        return self.limit - self.used

    def take(self, now, cost):
        self.used += cost


class SlidingLog:
    """One key's requests that still count."""

    def __init__(self, limit, window, now):
        self.limit, self.window = limit, window
        self.log, self.used = deque(), 0

    def free(self, now):
        while self.log and now - self.log[0][0] >= self.window:
            self.used -= self.log.popleft()[1]
        return self.limit - self.used

    def take(self, now, cost):
        self.log.append((now, cost))
        self.used += cost


class SlidingCounter:
    """One key's use of this window and of the one before."""

    def __init__(self, limit, window, now):
        self.limit, self.window = limit, window
        self.number, self.used, self.before = now // window, 0, 0

    def free(self, now):
        number = now // self.window
        if number != self.number:
            self.before = self.used if number == self.number + 1 else 0
            self.number, self.used = number, 0
        left = (number + 1) * self.window - now
        return self.limit - self.used + int(-self.before * left // self.window)

    def take(self, now, cost):
        self.used += cost


class TokenBucket:
    """One key's bucket. The level is tokens times window, so that it is exact."""

    def __init__(self, limit, window, now):
        self.limit, self.window = limit, window
        self.level, self.at = limit * window, now

    def free(self, now):
        filled = self.level + (now - self.at) * self.limit
        self.level, self.at = min(filled, self.limit * self.window), now
        return int(self.level // self.window)

    def take(self, now, cost):
        self.level -= cost * self.window


STRATEGIES = {
    "fixed_window": FixedWindow,
    "sliding_log": SlidingLog,
    "sliding_counter": SlidingCounter,
    "token_bucket": TokenBucket,
}


class RateLimiter:
    """Allows each key ``limit`` in ``window`` seconds; safe for threads."""

    def __init__(self, strategy, limit, window, clock):
        if strategy not in STRATEGIES or limit < 1 or window <= 0:
            raise ValueError((strategy, limit, window))
        self._strategy, self._limit, self._window = strategy, limit, window
        self._clock = clock
        self._now = float("-inf")
        self._meters = OrderedDict()  # key -> (meter, last call), the oldest first
        self._lock = Lock()

    def allow(self, key, cost=1):
        """Whether a request may go ahead; if so, it counts."""
        if cost < 1:
            raise ValueError(cost)
        with self._lock:
            now, meter = self._look(key)
            if cost > meter.free(now):
                return False
            meter.take(now, cost)
            return True

    def available(self, key):
        """The largest cost that would be allowed now."""
        with self._lock:
            now, meter = self._look(key)
            return meter.free(now)

    def _look(self, key):
        """The time of this call and the key's meter; idle keys are forgotten."""
        self._now = now = max(self._now, self._clock())
        if key in self._meters:
            meter, _ = self._meters.pop(key)
        else:
            kind = STRATEGIES[self._strategy]
            meter = kind(self._limit, self._window, now)
        self._meters[key] = meter, now
        # After two windows a meter is as good as new: nothing counts any more.
        while now - next(iter(self._meters.values()))[1] >= 2 * self._window:
            self._meters.popitem(last=False)
        return now, meter
