"""How the work grows: by counts only, and the note must tell the same.

Comparisons are counted here, on keys that can do nothing without asking this process.
Lines and items are counted by a probe in the child, on built-in keys.
"""

from __future__ import annotations

import re
from math import log2
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("tree_model.py"))))

NOTED = ["insert", "delete", "search", "len", "height"]
LOGARITHMIC = ["insert", "delete", "search", "contains"]
CALLS = 40


def grown(code: Any, rng: Random, probe: Any, size: int) -> tuple[Any, list[int]]:
    """A tree of even numbers, and the numbers in disorder."""
    keys = rng.sample(range(0, 2 * size, 2), size)
    tree = code.new("balanced_tree:BalancedTree")
    code.call(probe.grown, tree, rng.choice([keys, sorted(keys)]))
    assert len(tree) == size
    return tree, keys


def some_keys(rng: Random, name: str, keys: list[int]) -> list[int]:
    """What is inserted is new, what is deleted is there; all else is half and half."""
    there = rng.sample(keys, min(CALLS, len(keys)))
    if name == "delete":
        return there
    if name == "insert":
        return [key + 1 for key in there]
    return [key + number % 2 for number, key in enumerate(there)]


def test_a_call_compares_few_keys(code: Any, rng: Random) -> None:
    size = 300
    most = int(10 * log2(size) + 10)
    counter = code.counter(most)
    tree = code.new("balanced_tree:BalancedTree")

    def key(number: int) -> Any:
        counter.reset()
        return code.key(number, counter, "eq lt le")

    numbers = rng.sample(range(0, 2 * size, 2), size)
    for done, number in enumerate(sorted(numbers)):
        counter.budget = int(10 * log2(done + 1) + 10)
        assert tree.insert(key(number), number) is True
    counter.budget = most
    for number in rng.sample(numbers, CALLS):
        assert tree.search(key(number)) == number
        assert tree.search(key(number + 1), "none") == "none"
        assert key(number) in tree
        assert tree.delete(key(number + 1)) is False
        assert tree.delete(key(number)) is True
        assert tree.insert(key(number), number) is True
        assert tree.insert(key(number), number) is False


@pytest.mark.parametrize("name", LOGARITHMIC)
def test_a_call_takes_few_steps(code: Any, rng: Random, name: str) -> None:
    probe = code.define(model.PROBE)
    for size in (0, 1, 1500):
        tree, keys = grown(code, rng, probe, size)
        calls = some_keys(rng, name, keys)
        steps = code.call(probe.most_steps, tree, name, calls)
        assert type(steps) is int
        assert steps <= 100 * log2(size + 1) + 100, f"{steps} steps, {size} keys"
        if calls and name in ("insert", "delete"):  # else the counting was switched off
            assert steps >= 1


def test_between_visits_what_it_finds(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    size = 1500
    tree, keys = grown(code, rng, probe, size)
    for width in (0, 1, 8):
        for low in [*rng.sample(keys, 9), -9, 2 * size]:
            ends = [low + 1, low + 2 * width + 1]
            found = tree.between(*ends)
            assert same(found, [one for one in sorted(keys) if low < one <= ends[1]])
            steps = code.call(probe.most_steps, tree, "between", [ends])
            assert type(steps) is int
            assert steps <= 100 * (log2(size + 1) + len(found) + 1), f"{steps} steps"


def test_iterating_takes_steps_for_each_key(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    for size in (0, 10, 1000):
        tree, _ = grown(code, rng, probe, size)
        steps = code.call(probe.most_steps, tree, "list", [0])
        assert type(steps) is int
        assert steps <= 100 * (size + 1), f"{steps} steps, {size} keys"


def claimed(files: Any) -> dict[str, list[str]]:
    """Operation → the classes that the note says."""
    found: dict[str, list[str]] = {}
    for line in files.text("COMPLEXITY.md").splitlines():
        row = re.fullmatch(r"- (\w+): (O\(.{1,10}\))", line.strip())
        if row:
            found.setdefault(row[1], []).append(row[2])
    return found


def measured(code: Any, rng: Random, name: str) -> str:
    """The class of the steps for 32 keys and for 1024.

    A tree of 32 keys is 6 to 10 nodes high, one of 1024 is 11 to 20.
    """
    probe = code.define(model.PROBE)
    steps = []
    for size in (32, 1024):
        tree, keys = grown(code, rng, probe, size)
        calls = some_keys(rng, name, keys) + some_keys(rng, name, keys)
        steps.append(code.call(probe.most_steps, tree, name, calls))
    assert {int}.issuperset(map(type, steps))
    small, large = steps
    if large <= 1.1 * small:
        return "O(1)"
    return (
        "O(log n)" if large <= 6 * small else "O(n)" if large <= 64 * small else "more"
    )


@pytest.mark.parametrize("name", NOTED)
def test_the_note_tells_what_is_counted(
    code: Any, files: Any, rng: Random, name: str
) -> None:
    assert claimed(files).get(name) == [measured(code, rng, name)]
