"""How the work grows: by counts only, and the note must tell the same.

Comparisons of weights are counted here, on weights that can do nothing without asking
this process. Lines, items and memory are counted by a probe in the child.
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("words_model.py"))))

LETTERS = "abc"
LENGTH = 8
NOTED = ["insert", "delete", "complete", "count", "len"]


def test_calls_compare_few_weights(code: Any, rng: Random) -> None:
    size, length = 900, 7
    few = 10 * len(LETTERS) * (length + 1)
    counter = code.counter(few)
    system, expected = code.new("autocomplete:Autocomplete"), model.Model()

    def insert(word: str, weight: int) -> bool:
        counter.reset()
        expected.insert(word, weight)
        return bool(system.insert(word, code.key(weight, counter, "eq lt le")) is True)

    def best(prefix: str, k: int) -> None:
        counter.reset()
        counter.budget = few * (k + 1)
        found = system.complete(prefix, k)
        counter.budget = few
        assert same(found, expected.complete(prefix, k)), (prefix, k)

    words = rng.sample(model.all_texts(LETTERS, length), size)
    for word in words:
        assert insert(word, rng.randint(0, 2000))
    for prefix in ("", *LETTERS, "ab", words[0]):
        best(prefix, 1)
    best("", 1)
    for word in rng.sample(words, 30):
        counter.reset()
        assert word in system
        assert system.delete(word) is True
        expected.delete(word)
        assert insert(word, rng.randint(0, 2000))
        assert not insert(word, rng.randint(0, 2000))
        best("", 1)


def use(code: Any, probe: Any, system: Any, acts: list[list[Any]]) -> None:
    code.call(probe.use, system, acts)


def full(code: Any, rng: Random, probe: Any, kind: str) -> tuple[Any, list[str]]:
    """A system of all texts of the letters, and the texts in disorder."""
    system = code.new("autocomplete:Autocomplete")
    words = model.all_texts(LETTERS, LENGTH)
    rng.shuffle(words)
    size = len(words)
    if kind == "fallen":  # each but the first few had a greater weight before
        use(code, probe, system, [["insert", word, 10 * size] for word in words])
    weights = [5] * size if kind == "equal" else rng.sample(range(9 * size), size)
    acts = [["insert", word, n] for word, n in zip(words, weights, strict=True)]
    use(code, probe, system, acts)
    if kind == "deleted":  # what was best is gone
        best = sorted(zip(weights, words, strict=True), reverse=True)[: size // 6]
        use(code, probe, system, [["delete", word] for _, word in best])
        words = [word for word in words if word not in {gone for _, gone in best}]
    assert len(system) == len(words)
    return system, words


def check_steps(code: Any, probe: Any, system: Any, acts: list[list[Any]]) -> int:
    """The most steps of one of the calls."""
    steps = code.call(probe.most_steps, system, acts)
    assert type(steps) is int
    return steps


KINDS = ["equal", "fallen", "deleted"]


@pytest.mark.parametrize("kind", KINDS)
def test_complete_takes_few_steps(code: Any, rng: Random, kind: str) -> None:
    probe = code.define(model.PROBE)
    system, words = full(code, rng, probe, kind)
    few = 50 * len(LETTERS) * (LENGTH + 1)
    prefixes = ["", *LETTERS, rng.choice(words), rng.choice(words)[:-1], "x"]
    for k in (0, 1, 2):
        acts = [["complete", prefix, k] for prefix in prefixes]
        steps = check_steps(code, probe, system, acts)
        assert steps <= few * (k + 1), f"{steps} steps for {k} of {len(words)} words"
        if k:  # an answer that switched the counting off would show none
            assert steps >= 1


def test_a_call_on_one_word_takes_few_steps(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)
    system, words = full(code, rng, probe, rng.choice(KINDS))
    size = 10 * len(words)
    some = [*words[:30], "abcabcax"]
    for name in ("weight", "contains", "insert", "delete"):
        acts = [[name, word] for word in some]
        if name == "insert":
            acts = [[name, word, n] for word in words[:30] for n in (size, -1)]
        steps = check_steps(code, probe, system, acts)
        assert steps <= 50 * len(LETTERS) * (LENGTH + 1), f"{steps} steps of {name}"


def test_memory_is_that_of_the_words_that_are_there(code: Any, rng: Random) -> None:
    probe = code.define(model.PROBE)

    def some_words(size: int) -> list[str]:
        return ["".join(rng.choices("abcdefghijklmnopqrst", k=8)) for _ in range(size)]

    many: list[list[Any]] = []
    few: list[list[Any]] = []
    for _ in range(8):
        many += [["delete", word] for _, word, _ in few]
        few = [["insert", word, rng.randint(0, 999)] for word in some_words(200)]
        many += few
        for _ in range(3):  # the same words with other weights
            many += [["insert", word, rng.randint(0, 999)] for _, word, _ in few]
    asked = some_words(800)
    for name in ("weight", "contains", "count", "delete"):
        many += [[name, word] for word in asked]
    many += [["complete", word, 2] for word in asked]
    make = code.ref("autocomplete:Autocomplete")
    found = code.call(probe.held_bytes, make, few, many)
    assert list(map(type, found)) == [int, int]
    assert found[1] <= 2 * found[0], f"{found[0]} bytes of new, {found[1]} of used"


def claimed(files: Any) -> dict[str, list[str]]:
    """Operation → the classes that the note says."""
    found: dict[str, list[str]] = {}
    for line in files.text("COMPLEXITY.md").splitlines():
        row = re.fullmatch(r"- (\w+): (O\(.{1,10}\))", line.strip())
        if row:
            found.setdefault(row[1], []).append(row[2])
    return found


def measured(code: Any, rng: Random, name: str) -> list[str]:
    """The classes that fit the steps for 32 words and for 1024.

    A word in a large trie has up to three times as many neighbours as in a small one.
    """
    probe = code.define(model.PROBE)
    steps = []
    for size in (32, 1024):
        system = code.new("autocomplete:Autocomplete")
        words = rng.sample(model.all_texts(LETTERS, LENGTH), size)
        acts = [["insert", word, rng.randint(0, size)] for word in words]
        use(code, probe, system, acts)
        calls: dict[str, list[list[Any]]] = {
            "insert": [["insert", word, 0] for word in words[:30]],
            "delete": [["delete", word] for word in words[:20]],
            "complete": [["complete", "", 3]],
            "count": [["count", ""]],
            "len": [["len"]],
        }
        steps.append(check_steps(code, probe, system, calls[name]))
    small, large = steps
    if large <= 8 * small:
        return ["O(1)", "O(log n)"]
    return ["O(n)", "O(n log n)"] if large <= 100 * small else ["O(n^2)"]


@pytest.mark.parametrize("name", NOTED)
def test_the_note_tells_what_is_counted(
    code: Any, files: Any, rng: Random, name: str
) -> None:
    said = claimed(files).get(name, [])
    assert len(said) == 1, f"{len(said)} lines for {name}"
    assert said[0] in measured(code, rng, name)
