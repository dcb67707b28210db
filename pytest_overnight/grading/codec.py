"""Values as text: what may cross between the deciding process and a child.

The same text runs on both sides; in the child it is a part of the program that the
box forks, where only C modules may be imported (an answer may hold a ``json.py``).
Frame: four bytes of length, little-endian, then ASCII JSON. Types beyond JSON's own
are objects ``{"$": tag, "v": form}``; ``docs/architecture.md`` has the table.
"""

from __future__ import annotations

import sys
from _json import encode_basestring_ascii
from _json import make_encoder
from _json import make_scanner
from binascii import a2b_base64
from binascii import b2a_base64
from collections.abc import Callable
from posix import read as posix_read
from posix import write as posix_write
from typing import Any

REPLY_CAP = 8 << 20
"""Bytes of one reply; JSON of that size may grow to 200 MB when decoded."""
REQUEST_CAP = 64 << 20
DEPTH_CAP = 200
HASH_CAP = 20_000
"""Members of a set, or keys of a dict, that are not text: colliding ints cost the
square of their number inside one C call, and only text is hashed with a salt."""
BIG = 1 << 2048
"""Larger ints travel as hex: decimal text is limited, and the limit can be lowered."""
_PLAIN = {type(None), bool, str, float}


class Unfit(Exception):
    """A value or a text that the codec refuses; the text says why."""


class TooBig(Unfit):
    """Over a cap."""


class Codec:
    """Encoder and decoder of one side.

    ``give(x)`` turns an object that is not data into a tagged form, ``take(tag, v)``
    turns such a form back; both may raise :class:`Unfit`.
    """

    def __init__(
        self,
        give: Callable[[Any], Any],
        take: Callable[[str, Any], Any],
        cap: int,
        hint: str = "",
    ) -> None:
        self.give, self.take, self.cap, self.hint = give, take, cap, hint
        self._nodes = 0
        self._encode = make_encoder(
            None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True
        )
        self._scan = make_scanner(_Scanner(self._mend))  # type: ignore[arg-type]

    def encode(self, message: list[Any]) -> bytes:
        """One frame. ``message`` is a list of data; raises :class:`Unfit`."""
        self._nodes = 0
        packed = [self._pack(item, 1, ()) for item in message]
        text = "".join(self._encode(packed, 0))
        if len(text) > self.cap:
            raise TooBig(self._too_big(len(text)))
        return len(text).to_bytes(4, "little") + text.encode("ascii")

    def decode(self, frame: bytes) -> list[Any]:
        """The message in a frame's body; raises :class:`Unfit` for anything odd."""
        try:
            text = frame.decode("ascii")
            message, end = self._scan(text, 0)
        except StopIteration:
            raise Unfit("not JSON") from None
        except (ValueError, RecursionError, OverflowError) as error:
            raise Unfit(f"not a message: {str(error)[:200]}") from None
        except (TypeError, KeyError, IndexError) as error:
            raise Unfit(f"a tag with a wrong form: {str(error)[:200]}") from None
        if end != len(text) or type(message) is not list or not message:
            raise Unfit("not one list")
        if text.count("[") + text.count("{") > DEPTH_CAP:
            _check_depth(message)
        return message

    # -- to text ---------------------------------------------------------------

    def _pack(self, x: Any, depth: int, path: tuple[int, ...]) -> Any:
        kind = type(x)
        if kind in _PLAIN:
            return x
        if kind is int:
            return x if -BIG < x < BIG else _tag("I", _hex(x))
        if kind in _ROWS or kind is dict:
            return self._pack_container(x, kind, depth, path)
        if kind in _SIMPLE:
            return _SIMPLE[kind](x)
        base, form = _base_of(kind)
        if base is None:
            return self.give(x)
        if form is not None:
            return form(x)
        return self._pack(_COPY[base](x), depth, path)

    def _pack_container(
        self, x: Any, kind: type, depth: int, path: tuple[int, ...]
    ) -> Any:
        if id(x) in path:
            raise Unfit("a container that holds itself")
        if depth >= DEPTH_CAP:
            raise TooBig(f"nested deeper than {DEPTH_CAP}")
        # Shared parts are written out each time: bounded before memory is.
        self._nodes += len(x)
        if 2 * self._nodes > self.cap:
            raise TooBig(self._too_big(2 * self._nodes))
        path += (id(x),)
        if kind is dict:
            return self._pack_dict(x, depth, path)
        tag = _ROWS[kind]
        items = x if kind in (list, tuple) else list(x)
        if tag in ("s", "f"):
            _check_hash(items)
        if not _all_plain(items):
            items = [self._pack(y, depth + 1, path) for y in items]
        return items if tag == "" else _tag(tag, list(items))

    def _pack_dict(self, x: dict[Any, Any], depth: int, path: tuple[int, ...]) -> Any:
        if _all_text(x) and "$" not in x:
            if _all_plain(x.values()):
                return x
            return {k: self._pack(v, depth + 1, path) for k, v in x.items()}
        _check_hash(x)
        deeper = depth + 1
        pairs = [
            [self._pack(k, deeper, path), self._pack(v, deeper, path)]
            for k, v in x.items()
        ]
        return _tag("d", pairs)

    def _too_big(self, size: int) -> str:
        return f"{size} bytes or more, the cap is {self.cap}{self.hint}"

    # -- from text -------------------------------------------------------------

    def _mend(self, pairs: list[tuple[str, Any]]) -> Any:
        """Called by the scanner for every JSON object, innermost first."""
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Unfit("a key twice")
        if "$" not in found:
            return found
        if len(found) != 2 or "v" not in found or type(found["$"]) is not str:
            raise Unfit("a tag with a wrong form")
        tag, form = found["$"], found["v"]
        if tag == "r" or tag == "j":
            return self.take(tag, form)
        if tag not in _READ:
            raise Unfit(f"unknown tag {tag[:20]!r}")
        return _READ[tag](form)


class _Scanner:
    """What the C scanner reads its settings from."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float  # NaN, Infinity, -Infinity

    def __init__(self, hook: Callable[[list[tuple[str, Any]]], Any]) -> None:
        self.object_pairs_hook = hook


def _refuse(x: Any) -> Any:
    raise Unfit("not plain data")


def _tag(name: str, form: Any) -> dict[str, Any]:
    return {"$": name, "v": form}


def _hex(x: int) -> str:
    return f"{x:x}"


def _all_text(x: Any) -> bool:
    return {str}.issuperset(map(type, x))


def _all_plain(x: Any) -> bool:
    """Whether the C encoder may take all members as they are."""
    kinds = set(map(type, x))
    if int not in kinds:
        return kinds <= _PLAIN
    if not kinds - {int} <= _PLAIN:
        return False
    ints = x if len(kinds) == 1 else [y for y in x if type(y) is int]
    return min(ints) > -BIG and max(ints) < BIG


def _check_hash(members: Any) -> None:
    if len(members) > HASH_CAP and not _all_text(members):
        raise TooBig(f"more than {HASH_CAP} members of a set or keys that are not text")


def _check_depth(message: Any) -> None:
    layer = [message]
    for _ in range(DEPTH_CAP + 2):
        inner: list[Any] = []
        for x in layer:
            parts = [*x, *x.values()] if type(x) is dict else x
            inner += [y for y in parts if type(y) in _ROWS or type(y) is dict]
        if not inner:
            return
        layer = inner
    raise Unfit(f"nested deeper than {DEPTH_CAP}")


# -- types beyond JSON's own: tag, form, and the way back ------------------------


_ROWS: dict[type, str] = {list: "", tuple: "t", set: "s", frozenset: "f"}


def _bytes_form(tag: str) -> Callable[[Any], Any]:
    return lambda x: _tag(tag, b2a_base64(x, newline=False).decode("ascii"))


_SIMPLE: dict[type, Callable[[Any], Any]] = {
    bytes: _bytes_form("b"),
    bytearray: _bytes_form("B"),
    complex: lambda x: _tag("c", [x.real, x.imag]),
    range: lambda x: _tag("R", [_hex(x.start), _hex(x.stop), _hex(x.step)]),
}

_WHOLE = slice(None)
_COPY: dict[type, Callable[[Any], Any]] = {
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
    ("decimal", "Decimal"): lambda x: _tag("D", str(x)),
    ("_pydecimal", "Decimal"): lambda x: _tag("D", str(x)),
    ("fractions", "Fraction"): lambda x: _tag(
        "F", [_hex(x.numerator), _hex(x.denominator)]
    ),
    ("datetime", "datetime"): lambda x: _tag(
        "T",
        [*_date_form(x), *_time_form(x)],
    ),
    ("datetime", "date"): lambda x: _tag("Y", _date_form(x)),
    ("datetime", "time"): lambda x: _tag("H", _time_form(x)),
    ("datetime", "timedelta"): lambda x: _tag("L", [x.days, x.seconds, x.microseconds]),
    ("uuid", "UUID"): lambda x: _tag("U", _hex(x.int)),
    ("pathlib", "PosixPath"): lambda x: _tag("P", str(x)),
    ("pathlib", "PurePosixPath"): lambda x: _tag("p", str(x)),
    ("pathlib._local", "PosixPath"): lambda x: _tag("P", str(x)),
    ("pathlib._local", "PurePosixPath"): lambda x: _tag("p", str(x)),
}

_bases: dict[type, tuple[Any, Any]] = {}


def _base_of(kind: type) -> tuple[Any, Any]:
    """The first base that is data, with its form if it goes by name; else two None."""
    if kind not in _bases:
        _bases[kind] = _find_base(kind)
    return _bases[kind]


def _find_base(kind: type) -> tuple[Any, Any]:
    for base in type.__dict__["__mro__"].__get__(kind):
        if base in _COPY:
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
    _check_hash(_strict(list, form))
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
    _check_hash([k for k, _ in form])
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


_READ: dict[str, Callable[[Any], Any]] = {
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


# -- frames ---------------------------------------------------------------------


def read_frame(fd: int, cap: int) -> bytes | None:
    """The body of the next frame; None at end of file between frames.

    One system call for a small frame. Raises :class:`Unfit` when more than one frame
    has come, or half of one and then the end, :class:`TooBig` over ``cap``.
    """
    first = posix_read(fd, 65536)
    if not first:
        return None
    while len(first) < 4:
        more = posix_read(fd, 65536)
        if not more:
            raise Unfit("half a frame")
        first += more
    size = int.from_bytes(first[:4], "little")
    if len(first) == size + 4:
        return first[4:]
    if size > cap:
        raise TooBig(f"a frame of {size} bytes, the cap is {cap}")
    return _read_rest(fd, size + 4, bytearray(first))


def _read_rest(fd: int, size: int, found: bytearray) -> bytes:
    while len(found) < size:
        more = posix_read(fd, min(size - len(found), 1 << 20))
        if not more:
            raise Unfit("half a frame")
        found += more
    if len(found) > size:
        raise Unfit("two frames at once")
    return bytes(memoryview(found)[4:])


def write_frame(fd: int, frame: bytes) -> None:
    """Send a whole frame: one system call unless the socket is full."""
    sent = posix_write(fd, frame)
    while sent < len(frame):
        sent += posix_write(fd, memoryview(frame)[sent : sent + (1 << 20)])
