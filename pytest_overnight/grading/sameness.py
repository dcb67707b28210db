"""Equality that means it: exact types all the way down."""

from __future__ import annotations

from typing import Any

_SHOWN = 80


class Sameness:
    """Truthy when nothing differs; else says where and what, also as its ``repr``."""

    def __init__(self, difference: str = "") -> None:
        self.difference = difference

    def __bool__(self) -> bool:
        return not self.difference

    def __repr__(self) -> str:
        return self.difference or "same"


def same(got: Any, want: Any, *, zero: bool = False) -> Sameness:
    """Compare two values of plain data, types included.

    NaN is NaN; ``-0.0`` is not ``0.0`` unless ``zero``; order of dict keys is free.
    Anything that is not plain data is the same only as itself.
    """
    try:
        return Sameness(_differ(got, want, "", zero))
    except RecursionError:
        return Sameness("too deep to compare")


def _differ(a: Any, b: Any, at: str, zero: bool) -> str:
    kind = type(a)
    if kind is not type(b):
        return _say(a, b, at)
    if kind in (list, tuple):
        return _differ_in_row(a, b, at, zero)
    if kind is dict:
        return _differ_in_dict(a, b, at, zero)
    return "" if _alike(a, b, zero) else _say(a, b, at)


def _alike(a: Any, b: Any, zero: bool) -> bool:
    kind = type(a)
    if kind is float:
        return _float_key(a, zero) == _float_key(b, zero)
    if kind in (int, str, bytes, bytearray, bool, type(None), range):
        return bool(a == b)
    if kind in (set, frozenset, complex):
        return bool(_key(a, zero) == _key(b, zero))
    module = kind.__module__
    if module == "decimal":
        return bool(a.as_tuple() == b.as_tuple())
    if module == "datetime":
        return bool(_moment(a) == _moment(b))
    if module in ("fractions", "uuid", "pathlib", "pathlib._local"):
        return bool(a == b)
    return a is b


def _differ_in_row(a: Any, b: Any, at: str, zero: bool) -> str:
    for index, (one, other) in enumerate(zip(a, b, strict=False)):
        if difference := _differ(one, other, f"{at}[{index}]", zero):
            return difference
    if len(a) != len(b):
        return f"at {at or 'the top'}: {len(a)} items, not {len(b)}"
    return ""


def _differ_in_dict(a: dict[Any, Any], b: dict[Any, Any], at: str, zero: bool) -> str:
    ours = {_key(k, zero): k for k in a}
    theirs = {_key(k, zero): k for k in b}
    for key, name in ours.items():
        if key not in theirs:
            return f"at {at or 'the top'}: key {_short(name)} is too many"
        where = f"{at}[{_short(name)}]"
        if difference := _differ(a[name], b[theirs[key]], where, zero):
            return difference
    for key, name in theirs.items():
        if key not in ours:
            return f"at {at or 'the top'}: key {_short(name)} is missing"
    return ""


def _key(x: Any, zero: bool) -> Any:
    """A hashable stand-in that is equal exactly when two values are the same."""
    kind = type(x)
    if kind is float:
        return kind, _float_key(x, zero)
    if kind is complex:
        return kind, _float_key(x.real, zero), _float_key(x.imag, zero)
    if kind is tuple:
        return kind, tuple(_key(y, zero) for y in x)
    if kind in (set, frozenset):
        return kind, frozenset(_key(y, zero) for y in x)
    return kind, x


def _float_key(x: float, zero: bool) -> str:
    return "0.0" if zero and x == 0 else repr(x)


def _moment(x: Any) -> Any:
    offset = x.utcoffset() if hasattr(x, "utcoffset") else None
    naive = x.replace(tzinfo=None) if hasattr(x, "tzinfo") else x
    return naive, getattr(x, "fold", 0), offset


def _say(a: Any, b: Any, at: str) -> str:
    return f"at {at or 'the top'}: {_short(a)} is not {_short(b)}"


def _short(x: Any) -> str:
    try:
        text = repr(x)
    except ValueError:  # an int beyond the limit of decimal text
        text = hex(x)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
