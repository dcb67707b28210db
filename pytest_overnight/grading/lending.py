"""``code.callback``, ``code.key`` …: the makers of the judge's own objects."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any

from pytest_overnight.grading import lent
from pytest_overnight.grading.errors import RaisedByJudge


class Lender:
    """What a test may lend to agent code; each use there is a question to the judge."""

    def callback(
        self,
        function: Callable[..., Any],
        raises: Iterable[type[BaseException]] = (),
        is_async: bool = False,
        name: str | None = None,
    ) -> lent.Callback:
        """A function of the test that is a real function in the child.

        Agent code may call it at any time and with any arguments, also those that have
        a default and any that ``*args`` or ``**kwargs`` let through; arguments that
        the function does not take are a ``TypeError`` there. So bind what is the
        test's own in a closure or as positional arguments of ``functools.partial``,
        never as a default (``lambda x, seen=seen: …``).

        ``raises``: builtin exceptions, or ``CodeError``, that go on to agent code; a
        subclass goes as the nearest builtin that is declared. All else that it raises
        fails the test, whatever agent code does.
        """
        return lent.Callback(function, raises, is_async, name)

    def counter(self, budget: int, name: str = "operations") -> lent.Count:
        """Counts what keys, numbers and sequences are asked, up to a budget."""
        return lent.Count(budget, name)

    def key(
        self,
        value: Any,
        counter: lent.Count,
        ops: str = "hash eq lt",
        hash_bits: int = 61,
    ) -> lent.Key:
        """An opaque value; ``ops`` out of ``hash eq lt le``. ``.value`` is yours."""
        return lent.Key(value, counter, ops, hash_bits)

    def number(self, value: float, counter: lent.Count) -> lent.Number:
        """A number whose every operation asks the judge."""
        return lent.Number(value, counter)

    def sequence(self, items: list[Any], counter: lent.Count) -> lent.Sequence:
        """A row whose ``[i]`` and ``len`` are counted."""
        return lent.Sequence(items, counter)

    def stream(self, items: Iterable[Any]) -> lent.Stream:
        """An iterator that counts its pulls: ``.pulled``."""
        return lent.Stream(items)

    def clock(self, start: float = 0.0) -> lent.Clock:
        """A clock that stands still until the test moves it."""
        return lent.Clock(start)

    def sleeper(self, clock: lent.Clock, is_async: bool = False) -> lent.Sleeper:
        """A ``sleep`` that moves the clock; ``.asked`` holds the seconds."""
        return lent.Sleeper(clock, is_async)

    def error(self, target: str, *args: Any) -> RaisedByJudge:
        """Raise it in a callback: agent code gets ``target(*args)`` of its own."""
        return RaisedByJudge(target, args)
