"""What the judge may look at beyond values: items, fields, descriptions."""

from __future__ import annotations

from typing import Any

from pytest_overnight.grading.inside.loops import finish
from pytest_overnight.grading.inside.objects import class_name


class Pulls:
    """An iterator, sync or async, pulled a few items at a time."""

    def __init__(self, x: Any) -> None:
        self._later: BaseException | None = None
        if hasattr(type(x), "__aiter__"):
            turns = type(x).__aiter__(x)
            self._next: Any = lambda: finish(type(turns).__anext__(turns))
        else:
            self._next = iter(x).__next__

    def take(self, most: int) -> list[Any]:
        """``[items, ended]``; an exception waits until the items before it are out."""
        found: list[Any] = []
        if self._later is not None:
            error, self._later = self._later, None
            raise error
        while len(found) < most:
            try:
                found.append(self._next())
            except (StopIteration, StopAsyncIteration):
                return [found, True]
            except BaseException as error:
                if not found:
                    raise
                self._later = error
                break
        return [found, False]


def plain(x: Any, depth: int) -> Any:
    """Data as it is; a dataclass or object as a dict of its fields, ``depth`` deep."""
    kind = type(x)
    if depth < 1 or kind in (type(None), bool, int, float, str, bytes):
        return x
    for base in (dict, list, tuple, set, frozenset):
        if base in type.mro(kind):
            return _plain_inside(x, base, depth)
    names = _fields(x)
    if names is None:
        return list(x) if hasattr(kind, "__iter__") else x
    return {n: plain(getattr(x, n), depth - 1) for n in names if hasattr(x, n)}


def _plain_inside(x: Any, base: Any, depth: int) -> Any:
    if base is dict:
        return {k: plain(v, depth - 1) for k, v in dict.items(x)}
    if base in (list, tuple):
        return base(plain(y, depth - 1) for y in base.__iter__(x))
    return base().union(x)


def _fields(x: Any) -> list[str] | None:
    """Declared order for a dataclass, else ``vars`` and slots; None without either."""
    kind = type(x)
    if hasattr(kind, "__dataclass_fields__"):
        return list(kind.__dataclass_fields__)
    slots = [c.__dict__.get("__slots__", ()) for c in reversed(type.mro(kind))]
    names = [n for s in slots for n in ([s] if type(s) is str else s)]
    names = [n for n in names if n not in ("__dict__", "__weakref__")]
    if hasattr(x, "__dict__"):
        return names + [n for n in x.__dict__ if n not in names]
    return names or None


def describe(inspect: Any, x: Any) -> dict[str, Any]:
    """What an object says of itself: claims, not facts."""
    try:
        parameters = inspect.signature(x).parameters.values()
        signature = str(inspect.signature(x))
    except (TypeError, ValueError):
        parameters, signature = (), ""
    return {
        "type": class_name(type(x)),
        "name": str(getattr(x, "__name__", "")),
        "module": str(getattr(x, "__module__", "")),
        "doc": inspect.getdoc(x),
        "signature": signature,
        "parameters": [
            (p.name, p.kind.name.lower(), p.default is not p.empty) for p in parameters
        ],
        "is_async": inspect.iscoroutinefunction(x) or inspect.isasyncgenfunction(x),
        "is_generator": inspect.isgeneratorfunction(x),
        "is_class": isinstance(x, type),
        "bases": [c.__name__ for c in type.mro(x)] if isinstance(x, type) else [],
    }
