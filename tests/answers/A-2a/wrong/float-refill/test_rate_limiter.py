import math
import random
import threading
from fractions import Fraction

import pytest

from rate_limiter import RateLimiter

STRATEGIES = ("fixed_window", "sliding_log", "sliding_counter", "token_bucket")
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES)


class Clock:
    def __init__(self, now=0):
        self.now = now
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return self.now


class Setup:
    """A limiter whose methods are called at a given time."""

    def __init__(self, strategy, limit, window):
        self.clock = Clock()
        self.limiter = RateLimiter(strategy, limit, window, self.clock)

    def allow(self, now, cost=1, key="key"):
        self.clock.now = now
        return self.limiter.allow(key, cost)

    def available(self, now, key="key"):
        self.clock.now = now
        return self.limiter.available(key)


# --- all strategies -----------------------------------------------------------------


@every_strategy
@pytest.mark.parametrize("start", [0, 1000, -1000, 3, -3])
def test_limit_at_one_moment(strategy, start):
    s = Setup(strategy, 3, 10)
    assert s.available(start) == 3
    for left in (2, 1, 0):
        assert s.allow(start) is True
        assert s.available(start) == left
    assert s.allow(start) is False
    assert s.available(start) == 0


@every_strategy
def test_available_is_an_int(strategy):
    for start, window in ((0, 10), (Fraction(1, 3), Fraction(7, 2)), (0.5, 8.0)):
        s = Setup(strategy, 5, window)
        assert type(s.available(start)) is int
        s.allow(start, 2)
        for quarter in range(12):
            assert type(s.available(start + quarter * window / 4)) is int


@every_strategy
def test_all_is_available_after_a_long_time(strategy):
    s = Setup(strategy, 4, 10)
    for number, now in enumerate((0, 1000, 2005)):
        if number < 2:
            assert s.allow(now, 4) is True
            assert s.allow(now + 1, 4) is False
    assert s.available(2005) == 4
    assert s.allow(2005, 5) is False
    assert s.allow(2005, 4) is True
    assert s.allow(2005, 1) is False


@every_strategy
def test_costs(strategy):
    s = Setup(strategy, 10, 10)
    assert s.allow(0, 11) is False
    assert s.available(0) == 10
    assert s.allow(0, 7) is True
    assert s.allow(0, 4) is False
    assert s.available(0) == 3
    assert s.allow(0, 3) is True
    assert s.available(0) == 0


@every_strategy
def test_requests_that_are_not_allowed_do_not_count(strategy):
    # the same times, once with requests that are not allowed, once without
    plain, pestered = Setup(strategy, 10, 10), Setup(strategy, 10, 10)
    for now in range(0, 60):
        for cost in (11, plain.available(now) + 1, 1000):
            assert pestered.allow(now, cost) is False
            assert pestered.available(now) == plain.available(now)
        if now % 3 == 0:
            assert plain.allow(now, 4) is pestered.allow(now, 4)
        if plain.available(now) == 0:
            for _ in range(5):
                assert pestered.allow(now) is False


@every_strategy
def test_available_does_not_count(strategy):
    s = Setup(strategy, 2, 10)
    for _ in range(10):
        assert s.available(0) == 2
    assert s.allow(0) and s.allow(0) and not s.allow(0)


@every_strategy
def test_keys_are_independent(strategy):
    s = Setup(strategy, 2, 10)
    keys = ["a", "b", ("a", 1), 7, None, frozenset("x")]
    for key in keys:
        assert s.allow(0, 2, key) is True
        assert s.allow(0, 1, key) is False
    assert s.available(0, "new") == 2
    one, other = Setup(strategy, 1, 10), Setup(strategy, 1, 10)
    assert one.allow(0) and other.allow(0)


@every_strategy
def test_clock_calls(strategy):
    clock = Clock()
    limiter = RateLimiter(strategy, 1, 10, clock)
    assert clock.calls == 0
    calls = (limiter.allow, limiter.allow, limiter.available, limiter.available)
    for number, call in enumerate(calls, 1):
        call("key")
        assert clock.calls == number


@every_strategy
def test_value_errors(strategy):
    clock = Clock()
    for limit, window in ((0, 10), (-1, 10), (1, 0), (1, -1), (1, Fraction(-1, 2)), (1, 0.0)):
        with pytest.raises(ValueError):
            RateLimiter(strategy, limit, window, clock)
    for unknown in ("", "leaky", strategy.upper(), None):
        with pytest.raises(ValueError):
            RateLimiter(unknown, 1, 10, clock)
    limiter = RateLimiter(strategy, 3, 10, clock)
    for cost in (0, -1, -(10**12)):
        with pytest.raises(ValueError):
            limiter.allow("key", cost)
    assert limiter.available("key") == 3


@every_strategy
def test_clock_going_back(strategy):
    """Time stands still, so the results are those of a clock that does."""
    rng = random.Random(strategy)
    for _ in range(30):
        wild, still = Setup(strategy, 6, 10), Setup(strategy, 6, 10)
        latest = now = rng.randrange(-20, 20)
        assert wild.available(now, "a") == still.available(now, "a")
        for _ in range(40):
            now += rng.choice((-25, -11, -6, -3, -1, 0, 1, 2, 4, 7, 13))
            latest = max(latest, now)
            key, cost = rng.choice("ab"), rng.randrange(1, 4)
            assert wild.available(now, key) == still.available(latest, key)
            assert wild.allow(now, cost, key) is still.allow(latest, cost, key)


def test_clock_going_back_fixed_window():
    s = Setup("fixed_window", 2, 10)
    assert s.allow(10, 2) is True
    assert s.available(9) == 0
    assert s.allow(9) is False
    assert s.available(20) == 2
    assert s.available(19) == 2


def test_clock_going_back_sliding_log():
    s = Setup("sliding_log", 2, 10)
    assert s.allow(10) is True
    assert s.allow(5) is True  # at 10
    assert s.available(15) == 0
    assert s.available(19) == 0
    assert s.available(20) == 2
    assert s.available(12) == 2


def test_clock_going_back_sliding_counter():
    s = Setup("sliding_counter", 10, 10)
    assert s.allow(0, 10) is True
    assert s.available(15) == 5
    assert s.available(11) == 5
    assert s.available(9) == 5


def test_clock_going_back_token_bucket():
    s = Setup("token_bucket", 10, 10)
    assert s.allow(0, 10) is True
    assert s.available(6) == 6
    assert s.available(2) == 6
    assert s.allow(2, 6) is True  # at 6
    assert s.available(6) == 0
    assert s.available(8) == 2


@every_strategy
def test_time_is_that_of_the_limiter(strategy):
    """The latest time counts that was heard for any key, refused or only looked at."""
    s = Setup(strategy, 4, 10)
    assert s.allow(0, 4, "a") is True
    s.available(1000, "b")
    assert s.available(0, "a") == 4
    assert s.allow(0, 4, "a") is True  # at 1000
    assert s.available(1000, "a") == 0
    s.allow(2000, 5, "c")
    assert s.available(1000, "a") == 4


# --- each strategy ------------------------------------------------------------------


def test_fixed_window():
    s = Setup("fixed_window", 3, 10)
    assert s.allow(7, 2) is True
    assert s.available(9) == 1
    assert s.available(10) == 3  # the windows begin at multiples of 10
    assert s.allow(12, 3) is True
    assert s.allow(17) is False
    assert s.allow(19) is False
    assert s.available(20) == 3


def test_fixed_window_below_0_and_fractions():
    s = Setup("fixed_window", 3, 10)
    assert s.allow(-13, 3) is True
    assert s.available(-11) == 0
    assert s.allow(-10, 3) is True
    assert s.available(-1) == 0
    assert s.available(0) == 3
    s = Setup("fixed_window", 1, Fraction(1, 3))
    assert s.allow(Fraction(1, 4)) is True
    assert s.allow(Fraction(33, 100)) is False
    assert s.allow(Fraction(1, 3)) is True
    assert s.allow(Fraction(2, 3) - Fraction(1, 10**30)) is False
    assert s.allow(Fraction(2, 3)) is True


def test_sliding_log():
    s = Setup("sliding_log", 3, 10)
    assert s.allow(7, 2) is True
    assert s.allow(9, 1) is True
    assert s.available(16) == 0
    assert s.available(17) == 2  # exactly 10 old counts no more
    assert s.allow(17, 2) is True
    assert s.available(18) == 0
    assert s.available(19) == 1
    assert s.available(26) == 1
    assert s.available(27) == 3


def test_sliding_log_fractions():
    s = Setup("sliding_log", 1, 10)
    assert s.allow(-3) is True
    assert s.available(7 - Fraction(1, 10**30)) == 0
    assert s.available(7) == 1


def test_sliding_counter():
    s = Setup("sliding_counter", 10, 10)
    assert s.allow(3, 8) is True
    assert s.available(9) == 2
    assert [s.available(now) for now in range(10, 20)] == [2, 2, 3, 4, 5, 6, 6, 7, 8, 9]
    assert s.available(20) == 10


def test_sliding_counter_both_windows():
    s = Setup("sliding_counter", 10, 10)
    assert s.allow(-1, 10) is True
    assert s.allow(0) is False
    assert s.allow(5, 5) is True  # 5 of the window before still count
    assert s.allow(5) is False
    assert s.available(9) == 4
    assert s.allow(9, 4) is True
    assert s.available(10) == 1
    assert s.available(15) == 5  # 9 * 5 / 10 = 4.5
    assert s.available(20) == 10


def test_token_bucket():
    s = Setup("token_bucket", 10, 20)
    assert s.allow(3, 10) is True
    assert s.available(4) == 0
    assert s.available(5) == 1
    assert s.available(6) == 1
    assert s.allow(6) is True
    assert s.available(6) == 0
    assert s.available(7) == 1  # the half token of before is not lost
    assert s.available(22) == 8
    assert s.available(24) == 9
    assert s.available(25) == 10
    assert s.available(26) == 10


def test_token_bucket_is_never_more_than_full():
    s = Setup("token_bucket", 10, 20)
    assert s.allow(0, 1) is True
    for now in (2, 3, 10, 100, 1000):
        assert s.available(now) == 10
    assert s.allow(1000, 11) is False
    assert s.allow(1001, 10) is True
    assert s.allow(1001, 1) is False
    assert s.available(1003) == 1
    # a bucket that is used while it is full
    s = Setup("token_bucket", 10, 20)
    for now in range(0, 200, 10):
        assert s.allow(now, 1) is True
    assert s.available(190) == 9
    assert s.available(1000) == 10


def test_token_bucket_steady():
    """One token a second and one request a second: the bucket stays as it is."""
    s = Setup("token_bucket", 5, 5)
    assert s.allow(0, 5) is True
    for now in range(1, 300):
        assert s.available(now) == 1
        assert s.allow(now) is True
        assert s.allow(now) is False


# --- exact, and big -----------------------------------------------------------------


@every_strategy
def test_big_costs_are_quick(strategy):
    s = Setup(strategy, 10**12, 10)
    assert s.allow(0, 10**12 - 1) is True
    assert s.available(0) == 1
    assert s.allow(0, 2) is False
    assert s.allow(0, 1) is True
    assert s.available(100) == 10**12


# --- against slow and simple limiters -----------------------------------------------


class Model:
    """Reckons from the list of all allowed requests of a key."""

    def __init__(self, strategy, limit, window):
        self.rule, self.L, self.W = getattr(self, strategy), limit, window
        self.requests = []

    def available(self, now):
        return math.floor(self.rule(now))

    def allow(self, now, cost):
        allowed = cost <= self.available(now)
        if allowed:
            self.requests.append((now, cost))
        return allowed

    def fixed_window(self, now):
        return self.L - sum(c for t, c in self.requests if t // self.W == now // self.W)

    def sliding_log(self, now):
        return self.L - sum(c for t, c in self.requests if now - t < self.W)

    def sliding_counter(self, now):
        k = now // self.W
        current = sum(c for t, c in self.requests if t // self.W == k)
        previous = sum(c for t, c in self.requests if t // self.W == k - 1)
        return self.L - current - previous * Fraction(self.W - (now - k * self.W)) / self.W

    def token_bucket(self, now):
        tokens, then = Fraction(self.L), None
        for t, c in [*self.requests, (now, 0)]:
            if then is not None:
                tokens = min(self.L, tokens + (t - then) * Fraction(self.L) / self.W)
            tokens, then = tokens - c, t
        return tokens


@every_strategy
def test_floats(strategy):
    """With binary fractions floats are exact, too."""
    exact, floats = Setup(strategy, 8, 16), Setup(strategy, 8, 16.0)
    rng = random.Random(7)
    now = Fraction(-40)
    for _ in range(100):
        now += Fraction(rng.randrange(16), 4)
        cost = rng.randrange(1, 5)
        assert floats.available(float(now)) == exact.available(now)
        assert floats.allow(float(now), cost) is exact.allow(now, cost)


# --- threads ------------------------------------------------------------------------


@every_strategy
def test_threads(strategy):
    limiter = RateLimiter(strategy, 500, 10, Clock())
    allowed = []

    def work():
        for number in range(200):
            if limiter.allow("key"):
                allowed.append(1)
            limiter.available(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(allowed) == 500
    assert limiter.available("key") == 0
