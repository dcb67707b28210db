"""How the work grows: by counts only, and the note must tell the same.

Uses of keys are counted here, on keys that can do nothing without asking this process.
Lines, items and memory are counted by a probe in the child, on built-in keys.
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("lru_model.py"))))

CONSTANT = ["put", "get", "delete", "contains", "len"]
LINEAR = ["keys", "resize"]
MOST_STEPS = 100
MOST_BYTES = 4000
"""Far above what a node and its place in a table take, far below 2000 references."""


def full_cache(code: Any, rng: Random, probe: Any, size: int) -> tuple[Any, list[str]]:
    """A full cache that has been used, and its keys in disorder."""
    cache = code.new("lru_cache:LRUCache", size)
    keys, acts = model.filling(rng, size)
    code.call(probe.use, cache, acts)
    assert len(cache) == size
    return cache, rng.sample(keys, size)


def some_keys(name: str, keys: list[str]) -> list[str]:
    """For 40 calls: half of the keys are there; but what is deleted always is."""
    if name == "delete":
        return keys[:40]
    return [key for number, old in enumerate(keys[:20]) for key in (old, f"n{number}")]


def test_a_call_uses_few_keys(code: Any, rng: Random) -> None:
    size = 400
    counter = code.counter(MOST_STEPS)
    cache = code.new("lru_cache:LRUCache", size)

    def key(number: int) -> Any:
        counter.reset()
        return code.key(number, counter, "hash eq")

    for number in range(size):
        cache.put(key(number), number)
    for number in [0, size - 1, *(rng.randrange(size) for _ in range(20))]:
        assert cache.get(key(number)) is not None
        assert cache.get(key(number + size)) is None
        assert cache.put(key(number), 0) is None
        assert key(number) in cache
        assert key(number + size) not in cache
        assert cache.delete(key(number)) is True
        assert cache.delete(key(number)) is False
        assert cache.put(key(number), number) is None
    for number in range(3 * size, 3 * size + 20):
        assert cache.put(key(number), 0) is not None
    counter.reset()
    assert len(cache) == size


@pytest.mark.parametrize("name", CONSTANT)
def test_a_call_takes_few_steps(code: Any, rng: Random, name: str) -> None:
    probe = code.define(model.PROBE)
    cache, keys = full_cache(code, rng, probe, 1000)
    steps = code.call(probe.most_steps, cache, name, some_keys(name, keys))
    assert type(steps) is int
    assert steps <= MOST_STEPS, f"{steps} lines and items"
    if name == "put":  # an answer that switched the counting off would show none
        assert steps >= 1


@pytest.mark.parametrize("name", ["put", "get", "delete"])
def test_a_call_copies_little(code: Any, rng: Random, name: str) -> None:
    probe = code.define(model.PROBE)
    cache, keys = full_cache(code, rng, probe, 2000)
    taken = code.call(probe.usual_bytes, cache, name, some_keys(name, keys))
    assert type(taken) is int
    assert taken <= MOST_BYTES, f"{taken} bytes"


@pytest.mark.parametrize("name", LINEAR)
def test_what_hands_out_all_entries_takes_steps_for_each(
    code: Any, rng: Random, name: str
) -> None:
    probe = code.define(model.PROBE)
    for size in (0, 30, 600):
        cache, _ = full_cache(code, rng, probe, size)
        steps = code.call(probe.most_steps, cache, name, ["x"])
        assert type(steps) is int
        assert size <= steps <= 50 * size + 100, f"{steps} steps, {size} entries"


def test_keys_are_not_compared_with_one_another(code: Any, rng: Random) -> None:
    counter = code.counter(100_000)
    size = rng.randint(60, 90)
    cache = code.new("lru_cache:LRUCache", size)
    for number in range(size):
        cache.put(code.key(number, counter, "hash eq"), 0)
    for act in (cache.keys, lambda: cache.resize(0)):
        counter.reset()
        assert len(act()) == size
        assert counter.total <= 50 * size + 100


def claimed(files: Any) -> dict[str, list[str]]:
    """Operation → the classes that the note says."""
    found: dict[str, list[str]] = {}
    for line in files.text("COMPLEXITY.md").splitlines():
        row = re.fullmatch(r"- (\w+): (O\(.{1,10}\))", line.strip())
        if row:
            found.setdefault(row[1], []).append(row[2])
    return found


def measured(code: Any, rng: Random, name: str) -> str:
    """The class of the steps for 32 and for 256 entries."""
    probe = code.define(model.PROBE)
    steps = []
    for size in (32, 256):
        cache, keys = full_cache(code, rng, probe, size)
        calls = some_keys(name, keys) if name in CONSTANT else ["x"]
        steps.append(code.call(probe.most_steps, cache, name, calls))
    assert {int}.issuperset(map(type, steps))
    small, large = steps
    return "O(1)" if large <= 2 * small else "O(n)" if large <= 12 * small else "more"


@pytest.mark.parametrize("name", CONSTANT + LINEAR)
def test_the_note_tells_what_is_counted(
    code: Any, files: Any, rng: Random, name: str
) -> None:
    assert claimed(files).get(name) == [measured(code, rng, name)]
