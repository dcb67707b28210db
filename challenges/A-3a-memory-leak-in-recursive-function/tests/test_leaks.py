"""What is left after calls: objects counted in the child, memory by the kernel."""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random
from runpy import run_path
from statistics import median
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "parts_model.py")))
PROBE = (HERE / "books_probe.py").read_text(encoding="utf-8")

LOAD = 4 << 20
MOST_BLOCKS = 200
"""Python's own memories vary by some; a leak of one block a call makes thousands."""


def check_outcome(found: Any, tables: Any, step: list[Any]) -> None:
    """``tables``: the books' tables now."""
    if step[0] in ("needs", "depth"):
        assert same(found, model.outcome(tables[step[1]], step[0], step[2]))


def play(code: Any, steps: list[Any], keep: bool = False) -> Any:
    """Play the steps; outcomes must be right, and no collection may have run."""
    probe, parts = code.define(PROBE), code.load("parts")
    seen = probe.play(parts, steps, keep)
    tables: dict[int, Any] = {}
    assert type(seen) is list
    for step, (found, *_) in zip(steps, seen, strict=True):
        if step[0] in ("book", "fill"):
            tables[step[1]] = step[2]
        check_outcome(found, tables, step)
    assert seen[-1][3] == 0, "garbage collection was run"
    return [(books, names) for _, books, names, _ in seen]


def one_after_the_other(
    rng: Random, functions: list[str], size: int, gaps: int, books: int
) -> list[Any]:
    """Each book is made, asked some times, and dropped."""
    steps: list[Any] = []
    for _ in range(books):
        table = model.some_table(rng, size, gaps)
        steps.append(["book", 0, table])
        for name in model.some_names(rng, table, 4):
            steps.append([rng.choice(functions), 0, name])
        steps.append(["drop", 0])
    return steps


def check_nothing_is_left(steps: list[Any], counts: Any) -> None:
    """When no book is there, nothing is."""
    for (operation, *_), count in zip(steps, counts, strict=True):
        if operation == "drop":
            assert count == (0, 0), f"{count[0]} books, {count[1]} names are left"


@pytest.mark.parametrize("function", ["needs", "depth"])
def test_nothing_of_a_book_is_left(code: Any, rng: Random, function: str) -> None:
    steps = one_after_the_other(rng, [function], 10, 0, 40)
    check_nothing_is_left(steps, play(code, steps))


@pytest.mark.parametrize("function", ["needs", "depth"])
def test_nothing_of_a_failed_call_is_left(
    code: Any, rng: Random, function: str
) -> None:
    steps = one_after_the_other(rng, [function], 10, 5, 40)
    check_nothing_is_left(steps, play(code, steps))


def test_nothing_is_left_after_hundreds_of_books(code: Any, rng: Random) -> None:
    steps = one_after_the_other(rng, ["needs", "depth"], 6, 1, 400)
    check_nothing_is_left(steps, play(code, steps))


def test_each_book_goes_when_it_is_dropped(code: Any, rng: Random) -> None:
    tables: dict[int, Any] = {}
    steps: list[Any] = []
    expected = []
    for number in range(150):
        if len(tables) < 5:
            tables[number] = model.some_table(rng, 8, rng.randrange(3))
            steps.append(["book", number, tables[number]])
        elif rng.random() < 0.3:
            chosen = rng.choice(list(tables))
            del tables[chosen]
            steps.append(["drop", chosen])
        else:
            chosen = rng.choice(list(tables))
            product = model.some_names(rng, tables[chosen], 1)[0]
            steps.append([rng.choice(["needs", "depth"]), chosen, product])
        expected.append(len(tables))
    for chosen in list(tables):
        steps.append(["drop", chosen])
        expected.append(expected[-1] - 1)
    counts = play(code, steps)
    assert [books for books, _ in counts] == expected
    assert counts[-1] == (0, 0)


def test_results_that_are_kept_keep_no_book(code: Any, rng: Random) -> None:
    steps = one_after_the_other(rng, ["needs", "depth"], 10, 1, 30)
    counts = play(code, steps, keep=True)
    for (operation, *_), (books, _) in zip(steps, counts, strict=True):
        assert books == (0 if operation == "drop" else 1)


@pytest.mark.parametrize("gaps", [0, 3])
def test_of_a_changed_book_only_the_latest_version_is_remembered(
    code: Any, rng: Random, gaps: int
) -> None:
    table = model.some_table(rng, 10, gaps)
    steps: list[Any] = [["book", 0, table]]
    most = {}
    for _ in range(25):
        asked = [*model.some_names(rng, table, 3), next(iter(table))]
        for name in asked:
            steps += [["needs", 0, name], ["depth", 0, name]]
        here = len(table) + sum(map(len, table.values()))
        most[len(steps) - 1] = here + 2 * len(asked)
        table = model.some_table(rng, 10, gaps)
        steps.append(["fill", 0, table])
    counts = play(code, steps)
    for place, number in most.items():
        assert counts[place][1] <= number, f"{counts[place][1]} names, not {number}"


def test_repeated_calls_leave_nothing_more(code: Any, rng: Random) -> None:
    probe, parts = code.define(PROBE), code.load("parts")
    table = model.some_table(rng, 10, 2)
    products = model.some_names(rng, table, 6)
    before, after = probe.blocks_of_repeated(parts, table, products, 300)
    assert after - before <= MOST_BLOCKS


def test_results_of_earlier_versions_do_not_pile_up(code: Any, rng: Random) -> None:
    """Each version has products of its own, so nobody asks for the old ones again."""
    probe, parts = code.define(PROBE), code.load("parts")
    tables = []
    for number in range(60):
        plain = model.some_table(rng, 10, 0)
        of = {name: f"{name}{number}" for name in plain}
        tables.append(
            {
                of[name]: [(of[part], quantity) for part, quantity in lines]
                for name, lines in plain.items()
            }
        )
    blocks = probe.blocks_of_versions(parts, tables)
    assert median(blocks[40:]) - median(blocks[:20]) <= MOST_BLOCKS


def test_memory_stays_bounded(code: Any, rng: Random) -> None:
    code.limit(memory_mb=300)
    steps: list[Any] = []
    for number in range(150):
        table = model.some_table(rng, 6, number % 3)
        top = next(iter(table))
        steps += [["book", 0, table, LOAD], ["needs", 0, top], ["depth", 0, top]]
        steps.append(["drop", 0])
    check_nothing_is_left(steps, play(code, steps))


def imported(tree: ast.AST) -> set[str]:
    """First parts of the names of modules that are imported anywhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_gc_is_not_used(files: Any) -> None:
    assert "gc" not in imported(files.tree("parts.py"))
