"""What a cache must do, as a list; and acts for it. Nothing here reaches the child."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

PROBE = Path(__file__).with_name("steps_probe.py").read_text(encoding="utf-8")


class Model:
    """Entries in a list, the one used longest ago first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.entries: list[tuple[Any, Any]] = []

    def put(self, key: Any, value: Any) -> tuple[Any, Any] | None:
        self._take(key)
        self.entries.append((key, value))
        return self.entries.pop(0) if len(self.entries) > self.capacity else None

    def get(self, key: Any, default: Any = None) -> Any:
        found = self._take(key)
        self.entries += found
        return found[0][1] if found else default

    def delete(self, key: Any) -> bool:
        return bool(self._take(key))

    def resize(self, capacity: int) -> list[tuple[Any, Any]]:
        self.capacity = capacity
        gone = max(0, len(self.entries) - capacity)
        evicted, self.entries = self.entries[:gone], self.entries[gone:]
        return evicted

    def __contains__(self, key: Any) -> bool:
        return key in self.keys()

    def keys(self) -> list[Any]:
        return [key for key, _ in self.entries]

    def _take(self, key: Any) -> list[tuple[Any, Any]]:
        found = [entry for entry in self.entries if entry[0] == key]
        self.entries = [entry for entry in self.entries if entry[0] != key]
        return found


VALUES: list[Any] = [None, 0, 1, "", "text", False, [], [1], {}, 2.5, (1, None)]

ACTS = "put put put get get get delete in resize".split()


def some_act(rng: Random, keys: list[Any], most: int) -> tuple[str, list[Any]]:
    """A call and its arguments."""
    act = rng.choice(ACTS)
    key = rng.choice(keys)
    if act == "put":
        return act, [key, rng.choice(VALUES)]
    if act == "get":
        return act, [key] if rng.random() < 0.5 else [key, rng.choice(VALUES)]
    if act == "resize":
        return act, [rng.randint(0, most)]
    return act, [key]


def filling(rng: Random, size: int) -> tuple[list[str], list[list[str]]]:
    """Keys for a full cache, and acts that fill it and then use it in disorder.

    In the end each key is used once more: all that was noted of uses before is old.
    """
    keys = [f"{number:x}" for number in rng.sample(range(1 << 40), size)]
    again = [rng.choice(keys) for _ in range(3 * size)]
    acts = [["put", key] for key in keys]
    acts += [[rng.choice(["get", "put"]), key] for key in again]
    acts += [["get", key] for key in rng.sample(keys, size)]
    return keys, acts
