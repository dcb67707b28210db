"""Runs calls side by side in every order that matters. Leave this file as it is.

Only one thread runs at a time. Before each ``load`` and ``save`` of the store and before
each ``acquire`` of a lock it is decided which one goes on. All decisions are tried, but
a thread that could go on is made to wait twice at most in a run. No time is measured,
and nothing is left to chance: the same code gives the same orders.

``start`` is a dict of balances, ``calls`` a list of up to three: a method of ``Wallets``
and its arguments. What came out is a text: what each call returned (or the name of the
exception's class), the balances, and ``moved``.
"""

import itertools
import threading

MOST_PREEMPTIONS = 2


def explore(module, start, calls):
    """Set of ``(order, outcome, stuck)`` of the calls side by side.

    The order has a letter for each ``load`` and ``save`` of the store: A for one of the
    first call, B of the second, C of the third. ``stuck``: no call could go on; then
    the order is that of the operations until there.
    """
    found = set()
    waiting = [[]]
    while waiting:
        given = waiting.pop()
        run = Run(module, start, calls)
        run.side_by_side(given)
        found.add((run.order, run.outcome(), run.stuck))
        waiting += run.others(len(given))
    return found


def in_turn(module, start, calls):
    """Set of outcomes if one call is made after the other, in any order."""
    found = set()
    for order in itertools.permutations("ABC"[: len(calls)]):
        run = Run(module, start, calls)
        for letter in order:
            run.call(letter)
        found.add(run.outcome())
    return found


class Stuck(BaseException):
    """Ends the calls of a run in which none can go on."""


class Lock:
    """Like ``threading.Lock``, but waits by the schedule."""

    def __init__(self, run):
        self._run = run
        self.held = False

    def acquire(self):
        self._run.point(self)
        if self.held:
            raise Stuck
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


class Store:
    """Balances; each ``load`` and ``save`` is an operation."""

    def __init__(self, run, balances):
        self._run = run
        self.balances = dict(balances)

    def load(self, name):
        self._run.point()
        self._run.note()
        return self.balances.get(name)

    def save(self, name, balance):
        self._run.point()
        self._run.note()
        self.balances[name] = balance


class Run:
    """Some calls on new wallets, once."""

    def __init__(self, module, start, calls):
        self.order = ""
        self.stuck = False
        self._store = Store(self, start)
        self._wallets = module.Wallets(self._store, lambda: Lock(self))
        self._calls = dict(zip("ABC", calls))
        self._results = {}
        self._letters = {}  # of each thread
        self._waits = {}  # letter -> the lock that it waits for, or None
        self._turns = {}
        self._back = threading.Semaphore(0)
        self._made = []  # decisions: who went on, who could, who had gone on before

    def outcome(self):
        found = [*sorted(self._results.items()), *sorted(self._store.balances.items())]
        found.append(("moved", self._wallets.moved))
        return " ".join(f"{name}={value}" for name, value in found)

    def call(self, letter):
        name, *arguments = self._calls[letter]
        try:
            result = getattr(self._wallets, name)(*arguments)
        except Exception as error:
            result = type(error).__name__
        except Stuck:
            result = "stuck"
        self._results[letter] = result

    def side_by_side(self, decisions):
        """The first decisions are given; then who goes on goes on while it can."""
        threads = []
        for letter in self._calls:
            self._waits[letter] = None
            self._turns[letter] = threading.Semaphore(0)
            threads.append(threading.Thread(target=self._work, args=[letter]))
            threads[-1].daemon = True
            threads[-1].start()
        last = None
        while self._waits:
            could = [
                letter
                for letter, lock in sorted(self._waits.items())
                if lock is None or not lock.held
            ]
            if not could:
                self.stuck = True
                could = sorted(self._waits)
            chosen = last if last in could else could[0]
            if len(self._made) < len(decisions):
                chosen = decisions[len(self._made)]
            self._made.append((chosen, could, last))
            last = chosen
            self._turns[chosen].release()
            self._back.acquire()
        for thread in threads:
            thread.join()

    def others(self, number):
        """Decisions that are to be tried, too: other ones than the later ones made."""
        found = []
        preemptions = 0
        for place, (chosen, could, last) in enumerate(self._made):
            before = [choice for choice, *_ in self._made[:place]]
            for other in could:
                costs = last in could and other != last
                if place >= number and other != chosen and not self.stuck:
                    if preemptions + costs <= MOST_PREEMPTIONS:
                        found.append([*before, other])
            preemptions += last in could and chosen != last
        return found

    def point(self, lock=None):
        """Others may go first; with a lock, until it is free."""
        letter = self._letters.get(threading.get_ident())
        if letter is not None:
            self._waits[letter] = lock
            self._back.release()
            self._turns[letter].acquire()
            if self.stuck:
                raise Stuck

    def note(self):
        self.order += self._letters.get(threading.get_ident(), "")

    def _work(self, letter):
        self._letters[threading.get_ident()] = letter
        self._turns[letter].acquire()
        self.call(letter)
        del self._waits[letter]
        self._back.release()
