"""Results are remembered as before: how often ``lines`` is called."""

from __future__ import annotations

import contextlib
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "parts_model.py")))
PROBE = (HERE / "books_probe.py").read_text(encoding="utf-8")


class CountedBook:
    """For the given functions, here in the judge."""

    def __init__(self, table: Any) -> None:
        self.table, self.version, self.reads = table, 1, 0

    def lines(self, name: str) -> Any:
        self.reads += 1
        return self.table[name]


class Pair:
    """The same book for the given functions and for the answer's."""

    def __init__(self, code: Any, probe: Any, table: Any) -> None:
        self.code, self.table, self.reads = code, table, 0
        self.book = probe.AskedBook(code.callback(self.read))
        self.given = CountedBook(table)

    def read(self, name: str) -> Any:
        self.reads += 1
        return self.table.get(str(name))

    def change(self, table: Any) -> None:
        self.given.table = self.table = table
        self.given.version += 1
        self.code.set_attr(self.book, "version", self.given.version)

    def ask(self, given: Any, function: str, product: str) -> None:
        """Both; the answer may have read as often as the given one, in all."""
        with contextlib.suppress(LookupError):
            getattr(given, function)(self.given, product)
        with contextlib.suppress(CodeError):
            self.code.call(f"parts:{function}", self.book, product)
        assert self.reads <= self.given.reads


@pytest.fixture
def given() -> Any:
    """The given module, with a memory of its own."""
    namespace: dict[str, Any] = {"__name__": "given"}
    exec(model.ORIGINAL, namespace)
    return SimpleNamespace(**namespace)


@pytest.mark.parametrize("function", ["needs", "depth"])
def test_no_call_reads_a_product_twice(code: Any, given: Any, function: str) -> None:
    rows: Any = {f"p{n}": [(f"p{n + 1}", 1), (f"p{n + 1}", 2)] for n in range(12)}
    pair = Pair(code, code.define(PROBE), rows | {"p12": []})
    pair.ask(given, function, "p0")
    assert pair.reads == 13


def test_what_is_known_is_not_read_again(code: Any, given: Any, rng: Random) -> None:
    table = model.some_table(rng, 12)
    pair = Pair(code, code.define(PROBE), table)
    for _ in range(2):
        for product in table:
            pair.ask(given, "needs", product)
    assert pair.reads <= 12


def test_parts_found_before_a_failure_are_known(code: Any, given: Any) -> None:
    table: Any = {"car": [("rod", 1), ("axle", 2), ("wheel", 4)], "axle": [("rod", 2)]}
    pair = Pair(code, code.define(PROBE), table | {"rod": []})
    for product in ("car", "car", "axle", "rod", "car"):
        pair.ask(given, "needs", product)


def test_books_in_turn_are_all_remembered(code: Any, given: Any, rng: Random) -> None:
    probe = code.define(PROBE)
    pairs = [Pair(code, probe, model.some_table(rng, 5)) for _ in range(40)]
    for _ in range(3):
        for pair in pairs:
            pair.ask(given, "needs", next(iter(pair.table)))


def test_no_sequence_of_calls_reads_more_than_before(
    code: Any, given: Any, rng: Random
) -> None:
    probe = code.define(PROBE)
    pairs = [Pair(code, probe, model.some_table(rng, 8, n)) for n in range(4)]
    for _ in range(150):
        pair = rng.choice(pairs)
        if rng.random() < 0.1:
            pair.change(model.some_table(rng, 8, rng.randrange(4)))
        product = model.some_names(rng, pair.table, 1)[0]
        pair.ask(given, rng.choice(["needs", "needs", "depth"]), product)
