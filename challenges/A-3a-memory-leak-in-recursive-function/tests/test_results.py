"""What the functions return and raise: nothing of it may change."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "parts_model.py")))
PROBE = (HERE / "books_probe.py").read_text(encoding="utf-8")

CHAIN = {"car": [("wheel", 4), ("axle", 2)], "wheel": [("bolt", 5)]}
CHAIN |= {"axle": [("bolt", 3), ("rod", 1)], "bolt": [], "rod": []}


def asked_book(code: Any, table: Any, reads: list[str] | None = None) -> Any:
    """A book that asks for its lines; ``reads`` gets each name."""

    def read(name: str) -> Any:
        if reads is not None:
            reads.append(str(name))
        return table.get(str(name))

    return code.define(PROBE).AskedBook(code.callback(read))


def outcome(code: Any, function: str, book: Any, product: str) -> Any:
    """The result, or the text of the exception that must be."""
    try:
        return code.call(f"parts:{function}", book, product)
    except CodeError as error:
        return error.message if error.type == "MissingPart" else str(error)


@pytest.mark.parametrize("function", ["needs", "depth"])
def test_results_are_those_of_the_given_functions(
    code: Any, rng: Random, function: str
) -> None:
    for _ in range(8):
        table = model.some_table(rng, rng.randrange(1, 14), gaps=rng.randrange(2))
        book = asked_book(code, table)
        for product in model.some_names(rng, table, 5):
            found = outcome(code, function, book, product)
            expected = model.outcome(table, function, product)
            assert same(found, expected)
            if type(found) is dict:
                assert list(found) == list(expected)


def test_bought_parts_come_in_the_order_of_first_need(code: Any) -> None:
    book = asked_book(code, CHAIN)
    found = code.call("parts:needs", book, "car")
    assert same(found, {"bolt": 26, "rod": 2})
    assert list(found) == ["bolt", "rod"]


def test_a_bought_product_needs_one_of_itself(code: Any) -> None:
    book = asked_book(code, CHAIN)
    assert same(code.call("parts:needs", book, "rod"), {"rod": 1})
    assert same(code.call("parts:depth", book, "rod"), 0)
    assert same(code.call("parts:depth", book, "wheel"), 1)


def test_a_changed_result_changes_no_other(code: Any) -> None:
    book = asked_book(code, CHAIN)
    probe = code.define("def take(f, b, p):\n    f(b, p).clear()\n    return f(b, p)\n")
    function = code.ref("parts:needs")
    assert same(probe.take(function, book, "axle"), {"bolt": 3, "rod": 1})
    assert same(probe.take(function, book, "rod"), {"rod": 1})
    assert same(probe.take(function, book, "car"), {"bolt": 26, "rod": 2})


def test_a_changed_book_gives_its_new_results(code: Any, rng: Random) -> None:
    table = model.some_table(rng, 8)
    book = asked_book(code, table)
    version = 1
    for _ in range(10):
        for product in model.some_names(rng, table, 2):
            for function in ("needs", "depth"):
                found = outcome(code, function, book, product)
                assert same(found, model.outcome(table, function, product))
        table.clear()
        table.update(model.some_table(rng, 8, gaps=rng.randrange(2)))
        version += rng.randrange(1, 3)
        code.set_attr(book, "version", version)


def test_two_books_know_nothing_of_each_other(code: Any) -> None:
    other = CHAIN | {"bolt": [("steel", 2)], "steel": []}
    books = [(asked_book(code, table), table) for table in (CHAIN, other)]
    for _ in range(2):
        for product in CHAIN:
            for book, table in books:
                found = code.call("parts:needs", book, product)
                assert same(found, model.needs(table, product))
                found = code.call("parts:depth", book, product)
                assert same(found, model.depth(table, product))


def test_a_new_book_is_not_taken_for_one_that_is_gone(code: Any, rng: Random) -> None:
    probe, parts = code.define(PROBE), code.load("parts")
    steps, expected = [], []
    for _ in range(30):
        table = {"top": [("left", rng.randrange(1, 99))], "left": []}
        steps += [["book", 0, table], ["needs", 0, "top"], ["depth", 0, "top"]]
        steps.append(["drop", 0])
        expected += [None, model.needs(table, "top"), 1, None]
    assert same([outcome for outcome, *_ in probe.play(parts, steps)], expected)


def test_a_missing_part_is_a_missing_part_error(code: Any) -> None:
    table = {"car": [("rod", 1), ("wheel", 4)], "rod": []}
    book = asked_book(code, table)
    for function in ("needs", "depth"):
        for product, missing in (("car", "wheel"), ("moon", "moon")):
            with code.raises("LookupError") as caught:
                code.call(f"parts:{function}", book, product)
            assert caught.error.type == "MissingPart"
            assert caught.error.module == "parts"
            assert caught.error.message == f"{missing} is not in the book"


def test_a_missing_part_that_is_put_in_is_found(code: Any) -> None:
    table = {"car": [("wheel", 4)]}
    book = asked_book(code, table)
    for function in ("needs", "depth"):
        assert outcome(code, function, book, "car") == "wheel is not in the book"
    table["wheel"] = []
    code.set_attr(book, "version", 2)
    assert same(code.call("parts:needs", book, "car"), {"wheel": 4})
    assert same(code.call("parts:depth", book, "car"), 1)


def test_why_tells_the_last_failure_of_a_product(code: Any) -> None:
    book = asked_book(code, {"car": [("wheel", 4)], "cart": [("wheel", 2)]})
    other = asked_book(code, {"car": [("axle", 2)]})
    assert code.call("parts:why", "car") is None
    for function in ("needs", "depth"):
        outcome(code, function, book, "car")
        assert code.call("parts:why", "car") == "wheel is not in the book"
        outcome(code, function, other, "car")
        assert code.call("parts:why", "car") == "axle is not in the book"
    assert code.call("parts:why", "wheel") is None
    assert code.call("parts:why", "cart") is None
    outcome(code, "depth", book, "cart")
    assert code.call("parts:why", "cart") == "wheel is not in the book"
    assert code.call("parts:why", "car") == "axle is not in the book"


def test_why_is_not_changed_by_a_success(code: Any) -> None:
    table: Any = {"car": [("wheel", 4)]}
    book = asked_book(code, table)
    outcome(code, "needs", book, "car")
    table["wheel"] = []
    code.set_attr(book, "version", 2)
    assert same(code.call("parts:needs", book, "car"), {"wheel": 4})
    assert code.call("parts:why", "car") == "wheel is not in the book"


def test_why_outlives_the_book(code: Any) -> None:
    probe, parts = code.define(PROBE), code.load("parts")
    steps = [["book", 0, {"car": [("wheel", 4)]}], ["needs", 0, "car"], ["drop", 0]]
    probe.play(parts, steps)
    assert code.call("parts:why", "car") == "wheel is not in the book"


def test_products_may_be_200_levels_deep(code: Any) -> None:
    table: Any = {f"p{n}": [(f"p{n + 1}", 1)] for n in range(200)}
    book = asked_book(code, table | {"p200": []})
    assert same(code.call("parts:needs", book, "p0"), {"p200": 1})
    assert same(code.call("parts:depth", book, "p0"), 200)


def test_parameters_keep_their_names(code: Any) -> None:
    book = asked_book(code, CHAIN)
    assert same(code.call("parts:needs", book=book, product="rod"), {"rod": 1})
    assert same(code.call("parts:depth", book=book, product="rod"), 0)
    assert code.call("parts:why", product="rod") is None
