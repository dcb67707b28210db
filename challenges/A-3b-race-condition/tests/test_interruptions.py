"""One call is stopped at each opcode, and another one runs meanwhile."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "bank_model.py")))

FEWEST, MOST = 3, 2000
"""Opcodes of one call."""


class Interrupted:
    """The first call is stopped once. The second one goes on as far as it can."""

    def __init__(self, bank: Any, first: Any, second: Any, stop: int) -> None:
        self.bank, self.second, self.stopped = bank, second, None
        code = bank.code

        def call() -> Any:
            at = "wallets.py", stop, self.begin_second
            return code.traced(bank.wallets, first, *at)

        with code.crew() as bank.crew:
            self.first = model.Begun(bank, call)
            bank.open()

    def begin_second(self) -> None:
        """The first call is stopped until this returns."""
        self.stopped = self.bank.begin(*self.second)


def interruptions(code: Any, start: dict[str, int], first: Any, second: Any) -> Any:
    """All of them; a save of ``ann`` by whoever comes first waits for the other."""
    probe = code.define(model.PROBE)
    for stop in range(1, MOST):
        bank = model.Bank(code, probe, start)
        bank.shut("save", "ann")
        found = Interrupted(bank, first, second, stop)
        if found.stopped is None:
            break
        results = [found.first.job.result(), found.stopped.job.result()]
        yield stop, results, bank
    assert FEWEST < stop < MOST - 1, f"{stop - 1} stops in wallets.py"


def test_two_first_deposits_are_both_kept(code: Any) -> None:
    calls = ("add", "ann", 5), ("add", "ann", 7)
    for stop, results, bank in interruptions(code, {"ann": 10}, *calls):
        assert same(bank.balances, {"ann": 22}), f"at opcode {stop}"
        assert results in ([15, 22], [22, 17]), f"at opcode {stop}: {results}"


def test_moves_of_different_names_are_both_counted(code: Any) -> None:
    start = {"amy": 10, "bob": 0, "cat": 10, "dan": 0}
    calls = ("move", "amy", "bob", 3), ("move", "cat", "dan", 4)
    for stop, _, bank in interruptions(code, start, *calls):
        assert same(bank.balances, {"amy": 7, "bob": 3, "cat": 6, "dan": 4})
        moved = code.attr(bank.wallets, "moved")
        assert same(moved, 7), f"at opcode {stop}: moved {moved}"
