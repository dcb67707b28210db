"""Calls side by side, in every order of operations: never wrong, never stuck."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "wallets_model.py")))

PROBE = f"""{model.SCHEDULES}

def explored(module, start, calls, most=0):
    \"\"\"Three calls in fewer orders: all of them take too long.\"\"\"
    global MOST_PREEMPTIONS
    MOST_PREEMPTIONS = most or (2 if len(calls) == 2 else 1)
    return sorted(list(one) for one in explore(module, start, calls))

class FailingStore(Store):
    failing = 0

    def note(self):
        type(self).failing -= 1
        if type(self).failing == 0:
            raise OSError("the store is away")

    def load(self, name):
        self.note()
        return super().load(name)

    def save(self, name, balance):
        self.note()
        super().save(name, balance)

def run_with_a_failure(module, start, calls, number):
    \"\"\"The operation of that number raises; one call comes after the other.\"\"\"
    global Store
    plain, Store = Store, FailingStore
    try:
        FailingStore.failing = number
        run = Run(module, start, calls)
        run.side_by_side([])
        return [run.outcome(), run.stuck]
    finally:
        Store = plain
"""

NAMES = ["ann", "bob", "cat"]


def check(code: Any, cases: list[Any], most: int = 0) -> list[set[str]]:
    """Every outcome is one of calls in turn. The orders of each case."""
    probe, module = code.define(PROBE), code.load("wallets")
    orders = []
    for start, calls in cases:
        right = model.outcomes(start, calls)
        found = probe.explored(module, start, calls, most)
        assert type(found) is list
        for order, outcome, stuck in found:
            assert stuck is False, f"{calls}: stuck after {order!r}"
            assert outcome in right, f"{calls}: {order} gives {outcome}"
        orders.append({order for order, *_ in found})
    return orders


def given_orders(clean: Any, cases: list[Any]) -> list[set[str]]:
    """The orders that the given module allows, in a child without the answer."""
    probe, given = clean.define(PROBE), clean.define(model.ORIGINAL)
    module = clean.define(
        "class Module:\n    def __init__(self, kind):\n        self.Wallets = kind\n"
    ).Module(given.Wallets)
    return [
        {order for order, *_ in probe.explored(module, start, calls)}
        for start, calls in cases
    ]


def scenarios() -> dict[str, Any]:
    found = run_path(str(model.GIVEN / "scenarios.py"))["SCENARIOS"]
    return {
        name: (start, [list(call) for call in calls])
        for name, (start, calls) in found.items()
    }


def test_no_order_of_the_scenarios_is_wrong_or_stuck(code: Any) -> None:
    check(code, list(scenarios().values()))


def test_one_name_and_the_same_call(code: Any, rng: Random) -> None:
    amount = rng.randrange(1, 10)
    calls = [["add", "ann", amount], ["add", "ann", -amount], ["open", "ann"]]
    start = {"ann": amount}
    check(code, [(start, [call, call]) for call in calls])
    check(code, [({}, [call, call]) for call in calls])


def test_each_method_beside_each_other_one(code: Any) -> None:
    calls: list[Any] = [["open", "bob"], ["add", "bob", 3], ["total", ["ann", "bob"]]]
    calls += [["move", "ann", "bob", 4], ["move", "bob", "ann", 5]]
    cases = [
        ({"ann": 10} | bob, [first, second])
        for number, first in enumerate(calls)
        for second in calls[number:]
        for bob in ({"bob": 6}, {})
    ]
    check(code, cases)


def test_random_pairs_of_calls(code: Any, rng: Random) -> None:
    cases = []
    for _ in range(15):
        calls = [model.some_call(rng, NAMES) for _ in "AB"]
        cases.append((model.some_start(rng, NAMES), calls))
    check(code, cases)


def test_random_calls_of_three_threads(code: Any, rng: Random) -> None:
    cases = []
    for _ in range(5):
        calls = [model.some_call(rng, NAMES) for _ in "ABC"]
        cases.append((model.some_start(rng, NAMES), calls))
    check(code, cases)


def test_three_deposits_on_one_name(code: Any, rng: Random) -> None:
    calls = [["add", "ann", rng.randrange(1, 10)] for _ in "ABC"]
    check(code, [({"ann": 10}, calls)], most=2)


def test_totals_in_any_order_do_not_get_stuck(code: Any, rng: Random) -> None:
    start = {name: rng.randrange(9, 20) for name in NAMES}
    names = rng.sample(NAMES, 3)
    cases = [
        (start, [["total", names], ["total", names[::-1]]]),
        (start, [["total", [*names, names[0]]], ["move", names[2], names[0], 3]]),
    ]
    check(code, cases)


def test_calls_that_have_no_name_in_common_come_in_all_orders(
    code: Any, clean: Any, rng: Random
) -> None:
    given = scenarios()
    cases = [given["deposits_apart"], given["moves_apart"]]
    names = rng.sample(["ann", "bob", "cat", "dan"], 4)
    start = {name: rng.randrange(10, 20) for name in names[:3]}
    cases += [
        (start, [["total", names[:2]], ["open", names[3]]]),
        (start, [["add", names[0], 3], ["move", names[1], names[2], 4]]),
        (start, [["add", names[0], 3], ["add", names[1], 4], ["add", names[2], 5]]),
    ]
    assert check(code, cases) == given_orders(clean, cases)


def test_after_an_exception_of_the_store_others_go_on(code: Any) -> None:
    probe, module = code.define(PROBE), code.load("wallets")
    start = {"ann": 10, "bob": 20}
    first: list[Any] = [["add", "ann", 1], ["move", "ann", "bob", 2], ["open", "eve"]]
    first += [["total", ["ann", "bob"]], ["move", "bob", "ann", 2]]
    for call in first:
        operations = {"add": 2, "move": 4, "open": 2, "total": 2}[call[0]]
        for number in range(1, operations + 1):
            name = "eve" if call[0] == "open" else "ann"
            second = ["total", [name]]
            outcome, stuck = probe.run_with_a_failure(
                module, start, [call, second], number
            )
            assert stuck is False, f"{call}: stuck after operation {number} failed"
            assert outcome.startswith("A=OSError B="), outcome


def test_refused_calls_leave_no_lock(code: Any) -> None:
    start = {"ann": 1}
    refused: list[Any] = [["open", "ann"], ["add", "ann", -2], ["add", "eve", 1]]
    refused += [["move", "ann", "eve", 1], ["total", ["ann", "eve"]]]
    refused += [["move", "ann", "ann", 1]]
    cases = [(start, [call, ["total", ["ann"]], ["open", "eve"]]) for call in refused]
    check(code, cases)


def test_locks_are_made_by_make_lock(code: Any) -> None:
    probe = code.define(PROBE)
    run = probe.Run(code.load("wallets"), {"ann": 10}, [["add", "ann", 1]])
    made = code.define(
        "import threading\nmade = []\n"
        "def make_lock():\n    made.append(threading.Lock())\n    return made[-1]\n"
    )
    store = probe.Store(run, {"ann": 10})
    wallets = code.new("wallets:Wallets", store, made.make_lock)
    assert same(wallets.add("ann", 1), 11)
    assert len(made.made) >= 1
