"""Real threads, held in the store by gates of the judge: who hinders whom."""

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
model = SimpleNamespace(**run_path(str(HERE / "bank_model.py")))

MANY = 25


def check_ended(bank: Any, *calls: Any) -> None:
    """They must have ended, although others have not; else all is ended at once."""
    states = [call.state for call in calls]
    if states != ["ended"] * len(calls):
        bank.code.kill()
        pytest.fail(f"calls that have no name in common hinder each other: {states}")


@pytest.mark.parametrize("verb", ["load", "save"])
def test_calls_for_many_names_are_in_the_store_at_once(
    code: Any, rng: Random, verb: str
) -> None:
    names = [f"name {number}" for number in rng.sample(range(10**6), MANY)]
    bank = model.Bank(code, code.define(model.PROBE), dict.fromkeys(names, 1))
    for name in names:
        bank.shut(verb, name)
    with code.crew() as bank.crew:
        calls = [bank.begin("add", name, 2) for name in names]
        together = bank.inside[verb]
        bank.open()
        assert [call.job.result() for call in calls] == [3] * MANY
    assert together == MANY, f"{together} of {MANY} at once"


@pytest.mark.parametrize("verb", ["load", "save"])
def test_others_go_on_to_their_end(code: Any, verb: str) -> None:
    bank = model.Bank(
        code, code.define(model.PROBE), {"ann": 1, "bob": 2, "cat": 3, "dan": 4}
    )
    bank.shut(verb, "ann")
    with code.crew() as bank.crew:
        bank.begin("add", "ann", 5)
        check_ended(
            bank,
            bank.begin("add", "bob", 1),
            bank.begin("move", "cat", "dan", 1),
            bank.begin("open", "eve"),
            bank.begin("total", ["bob", "cat", "dan", "eve"]),
        )
        bank.open()
    assert same(bank.balances, {"ann": 6, "bob": 3, "cat": 2, "dan": 5, "eve": 0})


def test_who_waits_hinders_nobody_else(code: Any) -> None:
    bank = model.Bank(code, code.define(model.PROBE), {"ann": 1, "bob": 20, "cat": 3})
    bank.shut("save", "ann")
    with code.crew() as bank.crew:
        bank.begin("add", "ann", 5)
        bank.begin("move", "bob", "ann", 1)
        bank.begin("total", ["ann"])
        check_ended(bank, bank.begin("add", "cat", 1), bank.begin("open", "eve"))
        bank.open()
    assert same(bank.balances, {"ann": 7, "bob": 19, "cat": 4, "eve": 0})


@pytest.mark.parametrize("verb", ["load", "save"])
def test_calls_for_one_name_lose_nothing(code: Any, rng: Random, verb: str) -> None:
    bank = model.Bank(code, code.define(model.PROBE), {"ann": 10, "bob": 10})
    bank.shut(verb, "ann")
    amounts = [rng.randrange(1, 9) for _ in range(4)]
    with code.crew() as bank.crew:
        for amount in amounts:
            bank.begin("add", "ann", amount)
        bank.begin("move", "bob", "ann", 3)
        bank.open()
    assert same(bank.balances, {"ann": 13 + sum(amounts), "bob": 7})
    assert same(code.attr(bank.wallets, "moved"), 3)


def test_a_new_name_is_opened_once(code: Any) -> None:
    bank = model.Bank(code, code.define(model.PROBE), {})
    bank.shut("load", "eve")
    with code.crew() as bank.crew:
        calls = [bank.begin("open", "eve") for _ in range(4)]
        bank.open()
        refused = 0
        for call in calls:
            try:
                call.job.result()
            except CodeError as error:
                refused += error.type == "Known"
    assert refused == 3


def test_by_default_the_locks_are_those_of_threading(code: Any) -> None:
    balances: dict[str, Any] = {}
    load = code.callback(lambda name: balances.get(str(name)))
    save = code.callback(lambda name, balance: balances.update({str(name): balance}))
    store = code.define(model.PROBE).Store(load, save)
    wallets = code.new("wallets:Wallets", store)
    wallets.open("ann")
    with code.crew() as crew:
        assert same(crew.start(wallets.add, "ann", 3).result(), 3)
        assert same(crew.start(wallets.total, ["ann"]).result(), 3)
