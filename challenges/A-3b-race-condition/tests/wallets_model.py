"""What calls must do, one after the other, and the given files."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random
from typing import Any

GIVEN = Path(__file__).resolve().parent.parent / "environment"
ORIGINAL = (GIVEN / "wallets.py").read_text(encoding="utf-8")
SCHEDULES = (GIVEN / "schedules.py").read_text(encoding="utf-8")

Call = list[Any]
"""Name of a method, and its arguments."""


class Refused(Exception):
    """With the name of the class that the answer must raise."""


class Wallets:
    """Balances, ``moved``, and the operations of the store, as ``(verb, name)``."""

    def __init__(self, start: dict[str, int]) -> None:
        self.balances, self.moved = dict(start), 0
        self.operations: list[tuple[str, str]] = []

    def call(self, call: Call) -> Any:
        """The result, or the name of the exception's class."""
        name, *arguments = call
        try:
            return getattr(self, name)(*arguments)
        except Refused as refused:
            return str(refused)

    def open(self, name: str) -> None:
        self.operations.append(("load", name))
        if name in self.balances:
            raise Refused("Known")
        self._save(name, 0)

    def add(self, name: str, amount: int) -> int:
        balance = self._load(name) + amount
        if balance < 0:
            raise Refused("TooLittle")
        self._save(name, balance)
        return balance

    def move(self, source: str, target: str, amount: int) -> None:
        if source == target:
            raise Refused("ValueError")
        left = self._load(source) - amount
        there = self._load(target) + amount
        if left < 0:
            raise Refused("TooLittle")
        self._save(source, left)
        self._save(target, there)
        self.moved += amount

    def total(self, names: list[str]) -> int:
        return sum([self._load(name) for name in names])

    def _load(self, name: str) -> int:
        self.operations.append(("load", name))
        if name not in self.balances:
            raise Refused("Unknown")
        return self.balances[name]

    def _save(self, name: str, balance: int) -> None:
        self.operations.append(("save", name))
        self.balances[name] = balance


def outcomes(start: dict[str, int], calls: list[Call]) -> set[str]:
    """What may come out, as ``schedules.py`` says it."""
    found = set()
    for order in itertools.permutations(range(len(calls))):
        wallets = Wallets(start)
        results = {"ABC"[number]: wallets.call(calls[number]) for number in order}
        shown = [*sorted(results.items()), *sorted(wallets.balances.items())]
        shown.append(("moved", wallets.moved))
        found.add(" ".join(f"{name}={value}" for name, value in shown))
    return found


def some_call(rng: Random, names: list[str]) -> Call:
    """Two names at least; some calls are refused."""
    name, other = rng.sample(names, 2)
    kind = rng.randrange(6)
    if kind == 0:
        return ["open", name]
    if kind == 1:
        chosen = [rng.choice(names) for _ in range(rng.randrange(1, 4))]
        return ["total", chosen]
    if kind < 4:
        return ["add", name, rng.randrange(-15, 20)]
    return ["move", name, other, rng.randrange(1, 15)]


def some_start(rng: Random, names: list[str]) -> dict[str, int]:
    """Not every name has a balance."""
    return {name: rng.randrange(20) for name in names if rng.random() < 0.8}


def names_of(call: Call) -> set[str]:
    """The balances that a call has to do with."""
    name, *arguments = call
    return (
        set(arguments[0]) if name == "total" else set(arguments[: 1 + (name == "move")])
    )
