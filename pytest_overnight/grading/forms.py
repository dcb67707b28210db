"""Types beyond JSON's own: tag and form of each, and the way back.

``{"$": tag, "v": form}``; ``docs/architecture.md`` has the table. The same text runs
on both sides, see ``program.py``; in the child no module is imported for a type, since
a value of it can exist only where its module is loaded.
"""

from __future__ import annotations

import sys
from binascii import a2b_base64
from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

from pytest_overnight.grading.frames import TooBig
from pytest_overnight.grading.frames import Unfit

HASH_CAP = 20_000
"""Members of a set, or keys of a dict, that are not text: colliding ints cost the
square of their number inside one C call, and only text is hashed with a salt."""


def tagged(name: str, form: Any) -> dict[str, Any]:
    """The JSON object of a type that JSON lacks."""
    return {"$": name, "v": form}


def hex_of(x: int) -> str:
    """An int as text whose length is not limited."""
    return f"{x:x}"


def all_text(x: Any) -> bool:
    """Whether all members are exactly ``str``."""
    return {str}.issuperset(map(type, x))


def check_hash(members: Any) -> None:
    """Refuse more members than may safely be hashed."""
    if len(members) > HASH_CAP and not all_text(members):
        raise TooBig(f"more than {HASH_CAP} members of a set or keys that are not text")


ROWS: dict[type, str] = {list: "", tuple: "t", set: "s", frozenset: "f"}


def _bytes_form(tag: str) -> Callable[[Any], Any]:
    return lambda x: tagged(tag, b2a_base64(x, newline=False).decode("ascii"))


SIMPLE: dict[type, Callable[[Any], Any]] = {
    bytes: _bytes_form("b"),
    bytearray: _bytes_form("B"),
    complex: lambda x: tagged("c", [x.real, x.imag]),
    range: lambda x: tagged("R", [hex_of(x.start), hex_of(x.stop), hex_of(x.step)]),
}

_WHOLE = slice(None)
COPY: dict[type, Callable[[Any], Any]] = {
    # The base's own method: an overridden one of the subclass is never asked.
    int: int.__pos__,
    float: float.__pos__,
    complex: complex.__pos__,
    str: lambda x: str.__getitem__(x, _WHOLE),
    bytes: lambda x: bytes.__getitem__(x, _WHOLE),
    bytearray: lambda x: bytearray.__getitem__(x, _WHOLE),
    list: lambda x: list.__getitem__(x, _WHOLE),
    tuple: lambda x: tuple.__getitem__(x, _WHOLE),
    set: lambda x: set().union(x),
    frozenset: lambda x: frozenset().union(x),
    dict: lambda x: _dict_of(x),
}


def _dict_of(x: Any) -> dict[Any, Any]:
    ordered: Any = getattr(sys.modules.get("_collections"), "OrderedDict", None)
    if ordered in type.__dict__["__mro__"].__get__(type(x)):
        # move_to_end changes only the order that OrderedDict's own iterator knows.
        return {k: dict.__getitem__(x, k) for k in ordered.__iter__(x)}
    return dict.copy(x)


def _date_form(x: Any) -> list[int]:
    return [x.year, x.month, x.day]


def _time_form(x: Any) -> list[Any]:
    gap = x.utcoffset()
    offset = None if gap is None else [gap.days, gap.seconds, gap.microseconds]
    return [x.hour, x.minute, x.second, x.microsecond, x.fold, offset]


_NAMED: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("decimal", "Decimal"): lambda x: tagged("D", str(x)),
    ("_pydecimal", "Decimal"): lambda x: tagged("D", str(x)),
    ("fractions", "Fraction"): lambda x: tagged(
        "F", [hex_of(x.numerator), hex_of(x.denominator)]
    ),
    ("datetime", "datetime"): lambda x: tagged(
        "T",
        [*_date_form(x), *_time_form(x)],
    ),
    ("datetime", "date"): lambda x: tagged("Y", _date_form(x)),
    ("datetime", "time"): lambda x: tagged("H", _time_form(x)),
    ("datetime", "timedelta"): lambda x: tagged(
        "L", [x.days, x.seconds, x.microseconds]
    ),
    ("uuid", "UUID"): lambda x: tagged("U", hex_of(x.int)),
    ("pathlib", "PosixPath"): lambda x: tagged("P", str(x)),
    ("pathlib", "PurePosixPath"): lambda x: tagged("p", str(x)),
    ("pathlib._local", "PosixPath"): lambda x: tagged("P", str(x)),
    ("pathlib._local", "PurePosixPath"): lambda x: tagged("p", str(x)),
}

_bases: dict[type, tuple[Any, Any]] = {}


def base_of(kind: type) -> tuple[Any, Any]:
    """The first base that is data, with its form if it goes by name; else two None."""
    if kind not in _bases:
        _bases[kind] = _find_base(kind)
    return _bases[kind]


def _find_base(kind: type) -> tuple[Any, Any]:
    for base in type.__dict__["__mro__"].__get__(kind):
        if base in COPY:
            return base, None
        name = (base.__dict__.get("__module__"), base.__name__)
        # datetime's types are C types: their module shows in the type alone.
        if type(base) is type and name[0] is None:
            name = (base.__module__, base.__name__)
        form = _NAMED.get(name) if type(name[0]) is str else None
        if form is not None and _is_library(base, name):
            return base, form
    return None, None


def _is_library(base: type, name: tuple[Any, str]) -> bool:
    return getattr(sys.modules.get(name[0]), name[1], None) is base


def _library(module: str, name: str) -> Any:
    """A class of the standard library, imported when first needed."""
    if module not in sys.modules:
        __import__(module)
    return getattr(sys.modules[module], name)


def _strict(kind: type, form: Any) -> Any:
    if type(form) is not kind:
        raise Unfit("a tag with a wrong form")
    return form


def _row(form: Any, length: int, kind: type) -> list[Any]:
    if len(_strict(list, form)) != length or not {kind}.issuperset(map(type, form)):
        raise Unfit("a tag with a wrong form")
    return form  # type: ignore[no-any-return]


def _int_of(form: Any) -> int:
    text = _strict(str, form)
    digits = text[1:] if text[:1] == "-" else text
    if not digits or digits.strip("0123456789abcdef"):
        raise Unfit("a tag with a wrong form")
    return int(text, 16)


def _small(form: Any) -> int:
    if len(_strict(str, form)) > 20_000:
        raise TooBig("a number of more than 80 000 bits in a fraction, range or UUID")
    return _int_of(form)


def _bytes_of(form: Any) -> bytes:
    return a2b_base64(_strict(str, form), strict_mode=True) if form else b""


def _members(form: Any) -> list[Any]:
    check_hash(_strict(list, form))
    return form  # type: ignore[no-any-return]


def _unique(kind: Callable[[Any], Any], form: Any) -> Any:
    found = kind(_members(form))
    if len(found) != len(form):
        raise Unfit("a member twice")
    return found


def _dict_from(form: Any) -> dict[Any, Any]:
    for pair in _strict(list, form):
        if type(pair) is not list or len(pair) != 2:
            raise Unfit("a tag with a wrong form")
    check_hash([k for k, _ in form])
    found = dict(form)
    if len(found) != len(form):
        raise Unfit("a key twice")
    return found


_DECIMAL = set("0123456789+-.EINaNfintys")


def _decimal_of(form: Any) -> Any:
    text = _strict(str, form)
    if len(text) > 100_000 or set(text) - _DECIMAL:
        raise Unfit("a tag with a wrong form")
    try:
        return _library("decimal", "Decimal")(text)
    except ArithmeticError:
        raise Unfit("a tag with a wrong form") from None


def _fraction_of(form: Any) -> Any:
    over, under = map(_small, _row(form, 2, str))
    if under < 1:
        raise Unfit("a tag with a wrong form")
    return _library("fractions", "Fraction")(over, under)


def _zone(form: Any) -> Any:
    if form is None:
        return None
    gap = _library("datetime", "timedelta")(*_row(form, 3, int))
    return _library("datetime", "timezone")(gap)


def _moment_of(name: str, fields: int) -> Callable[[Any], Any]:
    def read(form: Any) -> Any:
        if len(_strict(list, form)) != fields + 2:
            raise Unfit("a tag with a wrong form")
        *numbers, fold = _row(form[:-1], fields + 1, int)
        make = _library("datetime", name)
        return make(*numbers, tzinfo=_zone(form[-1]), fold=fold)

    return read


def _plain_of(name: str) -> Callable[[Any], Any]:
    return lambda form: _library("datetime", name)(*_row(form, 3, int))


def _path_of(name: str) -> Callable[[Any], Any]:
    return lambda form: _library("pathlib", name)(_strict(str, form))


READ: dict[str, Callable[[Any], Any]] = {
    "I": _int_of,
    "t": lambda form: tuple(_strict(list, form)),
    "s": lambda form: _unique(set, form),
    "f": lambda form: _unique(frozenset, form),
    "d": _dict_from,
    "b": _bytes_of,
    "B": lambda form: bytearray(_bytes_of(form)),
    "c": lambda form: complex(*_row(form, 2, float)),
    "R": lambda form: range(*map(_small, _row(form, 3, str))),
    "D": _decimal_of,
    "F": _fraction_of,
    "T": _moment_of("datetime", 7),
    "H": _moment_of("time", 4),
    "Y": _plain_of("date"),
    "L": _plain_of("timedelta"),
    "U": lambda form: _library("uuid", "UUID")(int=_small(form)),
    "P": _path_of("PosixPath"),
    "p": _path_of("PurePosixPath"),
}
