"""A store and locks that tell the judge who waits where; threads that begin in turn.

No time is measured: a thread that was begun either ends, or waits in the store at a
gate of the test, or waits for a lock that another one holds, and each of these is told.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

PROBE = """\
import threading

class Store:
    def __init__(self, load, save):
        self.load, self.save = load, save

class Maker:
    def __init__(self, blocked):
        self.blocked = blocked

    def make_lock(self):
        return Lock(self.blocked)

class Lock:
    def __init__(self, blocked):
        self.blocked, self.lock = blocked, threading.Lock()

    def acquire(self):
        if not self.lock.acquire(False):
            self.blocked()
            self.lock.acquire()
        return True

    def release(self):
        self.lock.release()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *error):
        self.release()
"""


class Begun:
    """A call on a thread of its own, and where it is."""

    def __init__(self, bank: Bank, call: Callable[[], Any]) -> None:
        self.state = "running"
        self._resting = bank.code.gate()
        self._bank, self._call = bank, call
        self.job = bank.crew.start(self._run)
        self._resting.wait()

    def _run(self) -> Any:
        self._bank.begun[threading.get_ident()] = self
        try:
            return self._call()
        finally:
            self.rest("ended")

    def rest(self, state: str) -> None:
        """It will not go on by itself."""
        self.state = state
        self._resting.open()


class Bank:
    """Wallets with a store of the judge's; ``with code.crew() as bank.crew: …``."""

    def __init__(self, code: Any, probe: Any, start: dict[str, int]) -> None:
        self.code, self.balances = code, dict(start)
        self.begun: dict[int, Begun] = {}
        self.inside: Counter[str] = Counter()
        """Verb → threads that wait in the store now."""
        self.gates: dict[tuple[str, str], Any] = {}
        self.crew: Any = None
        store = probe.Store(code.callback(self.load), code.callback(self.save))
        maker = probe.Maker(code.callback(self.blocked))
        make_lock = code.attr(maker, "make_lock")
        self.wallets = code.new("wallets:Wallets", store, make_lock)

    def begin(self, name: str, *arguments: Any) -> Begun:
        """Begin a call; comes back when it has ended or waits."""
        return Begun(self, lambda: getattr(self.wallets, name)(*arguments))

    def shut(self, verb: str, name: str) -> None:
        """From now on who loads or saves that name waits until ``open``."""
        self.gates[verb, name] = self.code.gate()

    def open(self) -> None:
        """Let all who wait in the store go on."""
        gates, self.gates = self.gates, {}
        for gate in gates.values():
            gate.open()

    def load(self, name: str) -> Any:
        """The balance is that of the beginning, however long it takes."""
        found = self.balances.get(str(name))
        self._wait("load", str(name))
        return found

    def save(self, name: str, balance: Any) -> None:
        """The balance is there at the end, however long it takes."""
        self._wait("save", str(name))
        assert type(balance) is int
        self.balances[str(name)] = balance

    def _wait(self, verb: str, name: str) -> None:
        gate = self.gates.get((verb, name))
        if gate is not None:
            self.inside[verb] += 1
            self._rest("in the store")
            gate.wait()
            self.inside[verb] -= 1

    def blocked(self) -> None:
        """The lock that this thread wants is held."""
        self._rest("blocked")

    def _rest(self, state: str) -> None:
        begun = self.begun.get(threading.get_ident())
        if begun is not None:
            begun.rest(state)
