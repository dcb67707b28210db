"""Balances in a store, used by many threads at once.

``store.load(name)`` returns a balance, or None if there is none; ``store.save(name,
balance)`` sets it. Both take long. Locks are made by ``make_lock()``.
"""

import threading
from contextlib import contextmanager


class TooLittle(Exception):
    """A balance would fall below 0."""


class Unknown(Exception):
    """There is no balance of that name."""


class Known(Exception):
    """There is already a balance of that name."""


class Wallets:
    """Each call does all of its work, or raises before it has saved anything."""

    def __init__(self, store, make_lock=threading.Lock):
        self.store = store
        self.make_lock = make_lock
        self.moved = 0
        """The sum of all amounts that were moved."""
        self._moved_lock = make_lock()
        self._gate = make_lock()
        self._locks = {}

    def open(self, name):
        """Begin a balance, at 0."""
        with self._alone_with(name):
            if self.store.load(name) is not None:
                raise Known(name)
            self.store.save(name, 0)

    def add(self, name, amount):
        """Add an amount, which may be below 0; return the new balance."""
        with self._alone_with(name):
            balance = self._load(name) + amount
            if balance < 0:
                raise TooLittle(name)
            self.store.save(name, balance)
            return balance

    def move(self, source, target, amount):
        """Take an amount from one balance and add it to another one."""
        if source == target:
            raise ValueError("source and target are the same")
        with self._alone_with(source, target):
            left = self._load(source) - amount
            there = self._load(target) + amount
            if left < 0:
                raise TooLittle(source)
            self.store.save(source, left)
            self.store.save(target, there)
            with self._moved_lock:
                self.moved += amount

    def total(self, names):
        """The sum of the balances; a name may come twice, and counts twice then."""
        names = list(names)  # the caller's may change while this call waits
        with self._alone_with(*names):
            return sum([self._load(name) for name in names])

    @contextmanager
    def _alone_with(self, *names):
        """Have the locks of the names, in one order, so that nobody waits in a ring."""
        locks = []
        try:
            with self._gate:
                for name in sorted(set(names)):
                    if name not in self._locks:
                        self._locks[name] = self.make_lock()
                    self._locks[name].acquire()
                    locks.append(self._locks[name])
            yield
        finally:
            for lock in locks:
                lock.release()

    def _load(self, name):
        balance = self.store.load(name)
        if balance is None:
            raise Unknown(name)
        return balance
