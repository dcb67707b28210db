"""Objects that cannot cross as data: the agent's by number, the judge's by proxy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_overnight.grading.frames import Unfit
from pytest_overnight.grading.inside.loops import in_thread

NAME_CAP = 200


class Forced:
    """Marks a value that goes as a handle although it may be data."""

    __slots__ = ("it",)

    def __init__(self, it: Any) -> None:
        self.it = it


class Table:
    """The agent's objects that the judge holds, and the judge's that agents hold."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self._next = 0
        self._held: dict[int, list[Any]] = {}  # number → [object, times sent]
        self._numbers: dict[int, int] = {}  # id(object) → number
        self._proxies: dict[int, Any] = {}  # judge's number → proxy
        self._lent: dict[int, int] = {}  # id(proxy) → judge's number

    def give(self, x: Any) -> Any:
        """The tagged form of an object; it is kept alive until dropped."""
        if type(x) is Forced:
            x = x.it
        key = id(x)
        if key in self._lent:
            return {"$": "j", "v": self._lent[key]}
        number = self._numbers.get(key)
        if number is None:
            self._next = number = self._next + 1
            self._numbers[key] = number
            self._held[number] = [x, 0]
        self._held[number][1] += 1
        return {"$": "r", "v": [number, class_name(type(x))]}

    def take(self, tag: str, form: Any) -> Any:
        """The object behind a tagged form from the judge."""
        if tag == "r":
            if form not in self._held:
                raise Unfit("a handle of another child")
            return self._held[form][0]
        number, kind, details = form
        if number not in self._proxies:
            proxy = make_proxy(kind, details, number, self._ask)
            self._proxies[number] = proxy
            self._lent[id(proxy)] = number
        return self._proxies[number]

    def drop(self, pairs: list[list[int]]) -> None:
        """The judge let go of these: ``[number, times received]`` each."""
        for number, times in pairs:
            entry = self._held[number]
            entry[1] -= times
            # Sent again meanwhile: the judge has, or will have, a new handle.
            if entry[1] == 0:
                del self._numbers[id(entry[0])]
                del self._held[number]


def class_name(kind: type) -> str:
    """``module:Class`` as text, whatever a metaclass says."""
    module = kind.__dict__.get("__module__", type.__dict__["__module__"].__get__(kind))
    name = type.__dict__["__qualname__"].__get__(kind)
    if type(module) is not str:
        module = "?"
    return f"{module}:{name}"[:NAME_CAP]


def make_proxy(kind: str, details: Any, number: int, ask: Callable[..., Any]) -> Any:
    """What agent code gets in place of an object of the judge."""
    if kind == "function":
        return _function(number, ask, *details)
    return _PROXIES[kind](number, ask, details)


def _function(
    number: int, ask: Callable[..., Any], name: str, doc: str | None, is_async: bool
) -> Any:
    def called(*args: Any, **kwargs: Any) -> Any:
        return ask(number, "call", args, kwargs)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        return await in_thread(lambda: ask(number, "call", args, kwargs))

    made: Any = awaited if is_async else called
    made.__name__ = made.__qualname__ = name
    made.__doc__ = doc
    made.__module__ = "__main__"
    return made


class _Proxy:
    __slots__ = ("__weakref__", "_ask", "_number")

    def __init__(self, number: int, ask: Callable[..., Any], details: Any) -> None:
        self._number, self._ask = number, ask

    def _use(self, operation: str, *args: Any) -> Any:
        return self._ask(self._number, operation, args, {})


def _operator(name: str, operation: str, allowed: str) -> Callable[..., Any]:
    def method(self: Any, other: Any) -> Any:
        # Only with its like: anything else learns nothing and costs nothing.
        if type(other) is not type(self) or allowed not in self._ops:
            return NotImplemented
        return self._use(operation, other)

    method.__name__ = name
    return method


class Key(_Proxy):
    """Opaque: hash, equality and order are answered by the judge."""

    __slots__ = ("_ops",)

    def __init__(self, number: int, ask: Callable[..., Any], details: Any) -> None:
        super().__init__(number, ask, details)
        self._ops = details

    def __hash__(self) -> int:
        if "hash" not in self._ops:
            raise TypeError("unhashable type: 'Key'")
        return self._use("hash")  # type: ignore[no-any-return]

    def __eq__(self, other: Any) -> Any:
        if "eq" not in self._ops:
            raise TypeError("'==' not supported between instances of 'Key'")
        if type(other) is not Key:
            return NotImplemented
        return self._use("eq", other)

    __lt__ = _operator("__lt__", "lt", "lt")
    __gt__ = _operator("__gt__", "gt", "lt")
    __le__ = _operator("__le__", "le", "le")
    __ge__ = _operator("__ge__", "ge", "le")


class Number(_Proxy):
    """Arithmetic gives further numbers of the judge; each step is a round trip."""

    __slots__ = ()

    def __hash__(self) -> int:
        return self._use("hash")  # type: ignore[no-any-return]

    def __bool__(self) -> bool:
        return self._use("bool")  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return "<Number>"


def _number_operator(name: str) -> Callable[..., Any]:
    def method(self: Any, *other: Any) -> Any:
        for one in other:
            if type(one) not in (int, float, bool, Number):
                return NotImplemented
        return self._use(name, *other)

    method.__name__ = f"__{name}__"
    return method


for _name in (
    "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow "
    "neg pos abs eq ne lt le gt ge round int float index"
).split():
    setattr(Number, f"__{_name}__", _number_operator(_name))


class Sequence(_Proxy):
    """Read-only row: ``[i]``, ``len`` and, by them, iteration; each is counted."""

    __slots__ = ()

    def __len__(self) -> int:
        return self._use("len")  # type: ignore[no-any-return]

    def __getitem__(self, index: Any) -> Any:
        if type(index) is slice:
            return [self[i] for i in range(*index.indices(len(self)))]
        return self._use("item", index)


class Stream(_Proxy):
    """Iterator: each ``next`` is one pull."""

    __slots__ = ()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Any:
        found = self._use("next")
        if not found:
            raise StopIteration
        return found[0]


_PROXIES: dict[str, Any] = {
    "key": Key,
    "number": Number,
    "sequence": Sequence,
    "stream": Stream,
}
