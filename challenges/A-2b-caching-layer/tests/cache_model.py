"""What a cache has to hold, and sessions that meet its edges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

POLICIES = ("lru", "lfu")
SOURCE = "cache.py"

HERE = Path(__file__).resolve().parent
GIVEN = HERE.parent / "environment" / "workload.py"
PROBE = HERE.joinpath("steps_probe.py").read_text("utf-8") + GIVEN.read_text("utf-8")
"""For the child: counts steps; and the keys and times of the benchmark."""

Time = Any  # int, Fraction or float


class Model:
    """One cache: every entry is looked at in each call."""

    def __init__(self, capacity: int, ttl: Time, policy: str) -> None:
        self.capacity, self.ttl, self.policy = capacity, ttl, policy
        self.now: Time = 0
        self.tick = 0
        self.entries: dict[Any, dict[str, Any]] = {}

    def hear(self, now: Time) -> None:
        self.now = now
        for key in [k for k, e in self.entries.items() if e["end"] <= now]:
            del self.entries[key]

    def _use(self, key: Any) -> None:
        self.tick += 1
        self.entries[key]["last"] = self.tick
        self.entries[key]["uses"] += 1

    def rank(self, key: Any) -> tuple[int, int]:
        entry = self.entries[key]
        return (entry["uses"] if self.policy == "lfu" else 0), entry["last"]

    def put(self, key: Any, value: Any, ttl: Time = None) -> None:
        if key not in self.entries:
            if len(self.entries) == self.capacity:
                del self.entries[min(self.entries, key=self.rank)]
            self.entries[key] = {"uses": 0}
        ttl = self.ttl if ttl is None else ttl
        end = float("inf") if ttl is None else self.now + ttl
        self.entries[key] |= {"value": value, "end": end}
        self._use(key)

    def get(self, key: Any, default: Any = None) -> Any:
        if key not in self.entries:
            return default
        self._use(key)
        return self.entries[key]["value"]

    def delete(self, key: Any) -> bool:
        return self.entries.pop(key, None) is not None


class Pair:
    """The answer's cache beside the model's, on one clock."""

    def __init__(
        self, code: Any, capacity: int = 3, ttl: Time = 10, policy: str = "lru"
    ) -> None:
        self.code = code
        self.clock = code.clock(0)
        self.cache = open_cache(code, capacity, ttl, self.clock, policy)
        self.model = Model(capacity, ttl, policy)
        self.loads = 0

    def at(self, now: Time) -> Pair:
        self.clock.set(now)
        self.model.hear(now)
        return self

    def put(self, key: Any, value: Any = 0, *ttl: Time) -> None:
        assert self.cache.put(key, value, *ttl) is None
        self.model.put(key, value, *ttl)

    def get(self, key: Any) -> Any:
        found, expected = self.cache.get(key, "none"), self.model.get(key, "none")
        assert type(found) is type(expected), f"{key}: {found}"
        assert found == expected, f"{key}: {found} at {self.clock.now}"
        return expected

    def load(self, key: Any, *ttl: Time) -> None:
        """``get_or_load``; the load takes no time."""
        known = key in self.model.entries
        begun = self.loads

        def load(asked: Any) -> str:
            assert asked == key
            self.loads += 1
            return f"loaded {self.loads}"

        found = self.cache.get_or_load(key, self.code.callback(load), *ttl)
        assert self.loads == begun + (not known), f"{key} at {self.clock.now}"
        if not known:
            self.model.put(key, f"loaded {self.loads}", *ttl)
            assert found == f"loaded {self.loads}"
        else:
            assert found == self.model.get(key)

    def delete(self, key: Any) -> None:
        assert self.cache.delete(key) is self.model.delete(key), key

    def check(self, keys: Any) -> None:
        """What is there; looking is no use."""
        found = [key for key in keys if key in self.cache]
        expected = [key for key in keys if key in self.model.entries]
        assert found == expected, f"{found}, not {expected}, at {self.clock.now}"
        assert len(self.cache) == len(self.model.entries)


def open_cache(code: Any, *arguments: Any) -> Any:
    return code.new("cache:Cache", *arguments)


def play(rng: Random, pair: Pair, unit: Time, steps: int) -> None:
    """A random session; times are multiples of ``unit``."""
    keys = ["a", "b", "", 7, None, (1, "c"), -1][: 2 * pair.model.capacity + 1]
    model = pair.model
    for step in range(steps):
        now = model.now
        ends = [e["end"] for e in model.entries.values() if e["end"] < float("inf")]
        edge = max(now, rng.choice(ends or [now]))
        choices = [now, now, now, edge, max(now, edge - unit), edge + unit]
        pair.at(rng.choice([*choices, now + rng.randrange(5) * unit]))
        # Mostly known ones, so that there are ties of more uses than one.
        key = rng.choice(keys if rng.random() < 0.4 else [*model.entries] or keys)
        ttl = [unit * rng.randrange(1, 12)] if rng.random() < 0.4 else []
        match rng.choice(["put", "get", "get", "load", "load", "delete"]):
            case "put":
                pair.put(key, rng.choice([None, step, "text"]), *ttl)
            case "get":
                pair.get(key)
            case "load":
                pair.load(key, *ttl)
            case _:
                if rng.random() < 0.5:
                    pair.delete(key)
        if step % 3 == 0:
            pair.check(keys)
    pair.check(keys)


def at_once(code: Any, crew: Any, call: Callable[..., Any], *arguments: Any) -> Any:
    """A call that must not wait for anybody; the crew's gates stay as they are."""
    job = crew.start(call, *arguments)
    if not job.ended_within(0.05) and crew.settle() and not job.done:
        code.kill()  # else the rest of the test's time would go by
        raise AssertionError("it waits although it need not")
    return job.result()
