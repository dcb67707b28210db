"""What one thread sees: nothing of it may change."""

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
model = SimpleNamespace(**run_path(str(HERE / "wallets_model.py")))

PROBE = """\
class Store:
    def __init__(self, load, save):
        self.load, self.save = load, save

class Lock:
    held = False

    def acquire(self):
        if self.held:
            raise RuntimeError("the only thread would wait for ever")
        self.held = True
        return True

    def release(self):
        if not self.held:
            raise RuntimeError("release of a lock that nobody holds")
        self.held = False

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *error):
        self.release()
"""

NAMES = ["ann", "bob", "cat", "Dän"]


class Kept:
    """The store, here in the judge."""

    def __init__(self, start: dict[str, int]) -> None:
        self.balances = dict(start)
        self.operations: list[tuple[str, str]] = []
        self.failing = -1

    def load(self, name: str) -> Any:
        self.note("load", name)
        return self.balances.get(str(name))

    def save(self, name: str, balance: Any) -> None:
        self.note("save", name)
        assert type(balance) is int
        self.balances[str(name)] = balance

    def note(self, verb: str, name: str) -> None:
        if len(self.operations) == self.failing:
            self.operations.append(("failed", str(name)))
            raise OSError("the store is away")
        self.operations.append((verb, str(name)))


def new(code: Any, start: dict[str, int]) -> tuple[Any, Kept]:
    """Wallets whose store is the judge's."""
    kept = Kept(start)
    load = code.callback(kept.load, raises=[OSError])
    save = code.callback(kept.save, raises=[OSError])
    probe = code.define(PROBE)
    return code.new("wallets:Wallets", probe.Store(load, save), probe.Lock), kept


def outcome(wallets: Any, call: list[Any]) -> Any:
    """The result, or the name of the exception's class."""
    name, *arguments = call
    try:
        return getattr(wallets, name)(*arguments)
    except CodeError as error:
        return error.type


def test_calls_do_what_they_did(code: Any, rng: Random) -> None:
    for _ in range(12):
        start = model.some_start(rng, NAMES)
        wallets, kept = new(code, start)
        expected = model.Wallets(start)
        for _ in range(25):
            call = model.some_call(rng, NAMES)
            assert same(outcome(wallets, call), expected.call(call)), call
            assert same(kept.balances, expected.balances), call
        assert same(code.attr(wallets, "moved"), expected.moved)
        assert kept.operations == expected.operations


def test_a_balance_may_be_0_but_not_less(code: Any) -> None:
    wallets, kept = new(code, {"ann": 5, "bob": 0})
    assert same(wallets.add("ann", -5), 0)
    assert outcome(wallets, ["add", "ann", -1]) == "TooLittle"
    assert same(wallets.add("ann", 3), 3)
    assert outcome(wallets, ["move", "ann", "bob", 4]) == "TooLittle"
    assert wallets.move("ann", "bob", 3) is None
    assert same(kept.balances, {"ann": 0, "bob": 3})


def test_exceptions_are_as_they_were(code: Any) -> None:
    wallets, _ = new(code, {"ann": 5, "bob": 1})
    cases = [
        (["open", "ann"], "Known", "ann"),
        (["add", "eve", 1], "Unknown", "eve"),
        (["add", "bob", -2], "TooLittle", "bob"),
        (["move", "ann", "bob", 6], "TooLittle", "ann"),
        (["move", "ann", "eve", 6], "Unknown", "eve"),
        (["move", "ann", "ann", 1], "ValueError", "source and target are the same"),
        (["total", ["ann", "eve"]], "Unknown", "eve"),
    ]
    for (name, *arguments), kind, text in cases:
        with pytest.raises(CodeError) as caught:
            getattr(wallets, name)(*arguments)
        assert (caught.value.type, caught.value.message) == (kind, text)
    assert same(code.attr(wallets, "moved"), 0)


def test_a_name_may_come_twice_in_a_total(code: Any) -> None:
    wallets, kept = new(code, {"ann": 5, "bob": 1})
    assert same(wallets.total(["ann", "bob", "ann"]), 11)
    assert same(wallets.total([]), 0)
    assert [name for _, name in kept.operations] == ["ann", "bob", "ann"]


def test_an_exception_of_the_store_goes_to_the_caller(code: Any) -> None:
    for failing, balances in enumerate(
        [{"ann": 9, "bob": 1}] * 3 + [{"ann": 6, "bob": 1}]
    ):
        wallets, kept = new(code, {"ann": 9, "bob": 1})
        kept.failing = failing
        assert outcome(wallets, ["move", "ann", "bob", 3]) == "OSError"
        assert same(kept.balances, balances)
        assert same(code.attr(wallets, "moved"), 0)


def test_parameters_keep_their_names(code: Any) -> None:
    kept = Kept({"ann": 9, "bob": 1})
    probe = code.define(PROBE)
    store = probe.Store(code.callback(kept.load), code.callback(kept.save))
    wallets = code.new("wallets:Wallets", store=store, make_lock=probe.Lock)
    wallets.open(name="eve")
    assert same(wallets.add(name="ann", amount=1), 10)
    wallets.move(source="ann", target="bob", amount=2)
    assert same(wallets.total(names=["ann", "bob", "eve"]), 11)
    assert code.same_object(code.attr(wallets, "store"), store)
    assert code.same_object(code.attr(wallets, "make_lock"), probe.Lock)
