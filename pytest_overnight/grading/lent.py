"""Objects of the judge that agent code may use: each use is a question to the judge."""

from __future__ import annotations

import math
import operator
import random
import threading
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from pytest_overnight.grading.errors import CodeError
from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.grading.errors import OverBudget
from pytest_overnight.grading.errors import ProtocolError

_SALT = random.SystemRandom().getrandbits(64)


class Count:
    """Counts operations and refuses the one that is over the budget."""

    def __init__(self, budget: int, name: str = "operations") -> None:
        self.budget = budget
        self.name = name
        self.by: Counter[str] = Counter()
        """Operation (``eq lt hash item next call …``) → how often."""
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """Operations of all kinds since the start or the last :meth:`reset`."""
        return sum(self.by.values())

    def add(self, operation: str) -> None:
        """Count one; raises :class:`OverBudget` beyond the budget."""
        with self._lock:
            self.by[operation] += 1
            if self.total > self.budget:
                raise OverBudget(f"more than {self.budget} {self.name}")

    def reset(self) -> int:
        """Start again from zero; return what the total was."""
        total = self.total
        self.by.clear()
        return total


class Lent:
    """Base: how an object is introduced to a child, and how it answers."""

    kind = ""
    raises: tuple[type[BaseException], ...] = ()
    name = ""

    @property
    def details(self) -> Any:
        """What the child needs to build the proxy."""
        return None

    @property
    def original(self) -> Any:
        """What the test gets when agent code hands the object back."""
        return self

    def answer(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The value of one use. ``operation`` and arguments come from the child."""
        raise ProtocolError(f"a {self.kind} takes no {operation!r}")


class Callback(Lent):
    """A function of the judge that is a real function in the child."""

    kind = "function"

    def __init__(
        self,
        function: Callable[..., Any],
        raises: Iterable[type[BaseException]] = (),
        is_async: bool = False,
        name: str | None = None,
        given: Any = None,
    ) -> None:
        self.function = function
        self.raises = tuple(raises)
        for error in self.raises:
            _check_known(error)
        self.is_async = is_async
        kind = type(function).__name__
        self.name = name or str(getattr(function, "__name__", kind))
        self._given = self if given is None else given

    @property
    def details(self) -> Any:
        return [self.name, getattr(self.function, "__doc__", None), self.is_async]

    @property
    def original(self) -> Any:
        return self._given

    def answer(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self.function(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Key(Lent):
    """Opaque value: the child must ask to hash or to compare it."""

    kind = "key"

    def __init__(
        self, value: Any, count: Count, ops: str = "hash eq lt", hash_bits: int = 61
    ) -> None:
        self.value, self.count, self._ops = value, count, ops.split()
        self._mask = (1 << hash_bits) - 1

    @property
    def details(self) -> Any:
        return self._ops

    def answer(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if _ASKED_BY[operation] not in self._ops:
            raise ProtocolError(f"the child asked {operation} of {self!r}")
        self.count.add(operation)
        if operation == "hash":
            # Salted: hash(5) is 5, and an answer could read the value from it.
            return hash((_SALT, self.value)) & self._mask
        other = args[0]
        if type(other) is not Key:
            return False
        return bool(_COMPARE[operation](self.value, other.value))

    def __repr__(self) -> str:
        return f"Key({self.value!r})"


_ASKED_BY = {"hash": "hash", "eq": "eq", "lt": "lt", "gt": "lt", "le": "le", "ge": "le"}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in "eq lt gt le ge".split()
}


class Number(Lent):
    """A number whose arithmetic happens at the judge."""

    kind = "number"

    def __init__(self, value: float, count: Count) -> None:
        self.value, self.count = value, count

    def answer(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self.count.add(operation)
        if operation == "hash":
            return hash((_SALT, self.value))
        values = [a.value if type(a) is Number else a for a in args]
        if not {int, float, bool}.issuperset(map(type, values)):
            raise TypeError("numbers only")
        # What would take the judge hours, or all its memory.
        dear = operation in ("pow", "rpow", "round")
        if dear and any(abs(v) > 64 for v in values):
            raise OverflowError(f"{operation} with a number above 64")
        result = _ARITHMETIC[operation](self.value, *values)
        return result if operation in _BARE else Number(result, self.count)

    raises = (TypeError, ZeroDivisionError, OverflowError, ValueError)

    def __repr__(self) -> str:
        return f"Number({self.value!r})"


_BARE = {"eq", "ne", "lt", "le", "gt", "ge", "bool", "int", "float", "index", "round"}
_BINARY = "add sub mul truediv floordiv mod pow".split()
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    name: getattr(operator, name)
    for name in [*_BINARY, *"neg pos abs eq ne lt le gt ge index".split()]
}
_ARITHMETIC |= {"bool": bool, "int": int, "float": float, "round": round}
_ARITHMETIC |= {f"r{n}": lambda x, y, f=_ARITHMETIC[n]: f(y, x) for n in _BINARY}


class Sequence(Lent):
    """A row of which the child sees one item at a time."""

    kind = "sequence"
    raises = (IndexError, TypeError)

    def __init__(self, items: list[Any], count: Count) -> None:
        self.items, self.count = items, count

    def answer(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self.count.add(operation)
        if operation == "len":
            return len(self.items)
        if type(args[0]) is not int:
            raise TypeError("sequence indices must be integers")
        return self.items[args[0]]


class Stream(Lent):
    """An iterator of the child whose every ``next`` the judge sees."""

    kind = "stream"

    def __init__(self, items: Iterable[Any]) -> None:
        self._items: Iterator[Any] = iter(items)
        self.pulled = 0
        """Items handed out so far."""

    def answer(self, operation: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        for item in self._items:
            self.pulled += 1
            return [item]
        return []


class Clock(Callback):
    """Give it as the clock: calling it tells the time that the test has set."""

    def __init__(self, start: float = 0.0) -> None:
        super().__init__(self.read, name="clock")
        self.now = start
        self.asked = 0
        """How often agent code looked at it."""

    def read(self) -> float:
        self.asked += 1
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds

    def set(self, now: float) -> None:
        """Any time, earlier ones too."""
        self.now = now


class Sleeper(Callback):
    """Give it as ``sleep``: it moves the clock at once, and remembers."""

    def __init__(self, clock: Clock, is_async: bool = False) -> None:
        errors = (TypeError, ValueError)
        super().__init__(self.sleep, raises=errors, is_async=is_async, name="sleep")
        self._clock = clock
        self.asked: list[float] = []
        """Seconds of each sleep, in order."""

    def sleep(self, seconds: float) -> None:
        if type(seconds) not in (int, float):
            raise TypeError("sleep() needs a number of seconds")
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError("sleep length must be finite and non-negative")
        self.asked.append(seconds)
        self._clock.advance(seconds)


def _check_known(kind: type[BaseException]) -> None:
    if kind.__module__ != "builtins" and kind is not CodeError:
        raise JudgeError(
            f"{kind.__name__} is no builtin exception: agent code could not know it; "
            'raise code.error("module:Class", …) instead'
        )


def declared_spec(
    error: BaseException, declared: tuple[type[BaseException], ...]
) -> list[Any]:
    """As :func:`exception_spec`, of an instance of one of the declared classes.

    A class that is no builtin goes as the nearest base that is one and is declared:
    what ``json.loads`` raises as ``ValueError``.
    """
    for kind in type(error).__mro__:
        if kind.__module__ == "builtins" and issubclass(kind, declared):
            return [kind.__name__, list(error.args)]
    return exception_spec(error)


def exception_spec(error: BaseException) -> list[Any]:
    """``[name, arguments]`` by which the child makes the exception anew."""
    if isinstance(error, CodeError):
        builtin = error.module == "builtins"
        name = error.type if builtin else f"{error.module}:{error.type}"
        return [name, [error.message]]
    _check_known(type(error))
    return [type(error).__name__, list(error.args)]
