"""What a limiter has to answer, and sessions that meet its edges."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

STRATEGIES = ("fixed_window", "sliding_log", "sliding_counter", "token_bucket")
SOURCE = "rate_limiter.py"

HERE = Path(__file__).resolve().parent
GIVEN = HERE.parent / "environment" / "workload.py"
PROBE = HERE.joinpath("steps_probe.py").read_text("utf-8") + GIVEN.read_text("utf-8")
"""For the child: counts steps; and the requests and times of the benchmark."""

Time = Any  # int, Fraction or float


class Model:
    """One limiter: all that was ever allowed, looked through at each call."""

    def __init__(self, strategy: str, limit: int, window: Time) -> None:
        self.strategy, self.limit, self.window = strategy, limit, window
        self.now: Time = float("-inf")
        self.allowed: dict[Any, list[tuple[Time, int]]] = {}

    def hear(self, time: Time) -> None:
        self.now = max(self.now, time)

    def available(self, key: Any) -> int:
        return int(getattr(self, self.strategy)(self.allowed.get(key, [])) // 1)

    def allow(self, key: Any, cost: int = 1) -> bool:
        if cost > self.available(key):
            return False
        self.allowed.setdefault(key, []).append((self.now, cost))
        return True

    def used_in(self, requests: list[tuple[Time, int]], number: int) -> int:
        return sum(cost for time, cost in requests if time // self.window == number)

    def fixed_window(self, requests: list[tuple[Time, int]]) -> Fraction:
        return Fraction(self.limit - self.used_in(requests, self.now // self.window))

    def sliding_log(self, requests: list[tuple[Time, int]]) -> Fraction:
        counts = [cost for time, cost in requests if self.now - time < self.window]
        return Fraction(self.limit - sum(counts))

    def sliding_counter(self, requests: list[tuple[Time, int]]) -> Fraction:
        number = self.now // self.window
        used, before = (self.used_in(requests, n) for n in (number, number - 1))
        elapsed = Fraction(self.now) - number * Fraction(self.window)
        weight = 1 - elapsed / Fraction(self.window)
        return self.limit - used - before * weight

    def token_bucket(self, requests: list[tuple[Time, int]]) -> Fraction:
        tokens, then = Fraction(self.limit), None
        for time, cost in [*requests, (self.now, 0)]:
            if then is not None:
                elapsed = Fraction(time) - Fraction(then)
                tokens += elapsed * self.limit / Fraction(self.window)
            tokens = min(tokens, Fraction(self.limit)) - cost
            then = time
        return tokens


class Pair:
    """The answer's limiter beside the model's, on one clock."""

    def __init__(
        self, code: Any, strategy: str, limit: int, window: Time, now: Time = 0
    ) -> None:
        self.clock = code.clock(now)
        self.limiter = open_limiter(code, strategy, limit, window, self.clock)
        self.model = Model(strategy, limit, window)

    def at(self, now: Time) -> Pair:
        self.clock.set(now)
        return self

    def available(self, key: Any = "k") -> int:
        self.model.hear(self.clock.now)
        found, expected = self.limiter.available(key), self.model.available(key)
        assert type(found) is int, found
        assert found == expected, f"{found}, not {expected}, at {self.clock.now}"
        return expected

    def allow(self, cost: int = 1, key: Any = "k") -> bool:
        self.model.hear(self.clock.now)
        found, expected = self.limiter.allow(key, cost), self.model.allow(key, cost)
        assert found is expected, f"{found} for {cost} at {self.clock.now}"
        return expected


def open_limiter(code: Any, strategy: str, limit: int, window: Time, clock: Any) -> Any:
    return code.new("rate_limiter:RateLimiter", strategy, limit, window, clock)


def moment(rng: Random, pair: Pair, unit: Time) -> Time:
    """A time to be at next, often one at which something changes."""
    window, now = pair.model.window, pair.clock.now
    past = [time for all in pair.model.allowed.values() for time, _ in all[-9:]]
    edge = rng.choice(
        [
            rng.choice(past or [now]) + window,
            (now // window + rng.choice([1, 1, 2, 3])) * window,
            now + window * rng.choice([1, 2]),
        ]
    )
    return rng.choice(
        [
            now,
            now + unit * rng.randrange(1, 9),
            now + unit * rng.randrange(int(window // unit) + 1),
            max(now, edge),
            max(now, edge - unit),
            max(now, edge) + unit,
        ]
    )


def play(rng: Random, pair: Pair, unit: Time, steps: int, back: bool = False) -> int:
    """A random session; times are multiples of ``unit``. How many were allowed."""
    allowed = 0
    for _ in range(steps):
        if rng.random() < 0.6:
            pair.at(moment(rng, pair, unit))
        if back and rng.random() < 0.2:
            pair.at(pair.clock.now - unit * rng.randrange(50))
        key = rng.choice(["k", "k", "k", ("other", 1), None])
        free = pair.available(key) if rng.random() < 0.5 else None
        limit = pair.model.limit
        costs = [1, 1, rng.randint(1, limit), rng.randint(1, limit + 1)]
        if free is not None:
            costs += [max(free, 1), free + 1]
        allowed += pair.allow(rng.choice(costs), key)
    return allowed
