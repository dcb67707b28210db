"""Values as text: what may cross between the deciding process and a child.

A message is a list of data as ASCII JSON, the types beyond JSON's own as ``forms.py``
has them. The same text runs on both sides; in the child it is a part of the program
that the box forks, where only C modules may be imported: an answer may hold a
``json.py``.
"""

from __future__ import annotations

from _json import encode_basestring_ascii
from _json import make_encoder
from _json import make_scanner
from collections.abc import Callable
from typing import Any

from pytest_overnight.grading.forms import COPY
from pytest_overnight.grading.forms import READ
from pytest_overnight.grading.forms import ROWS
from pytest_overnight.grading.forms import SIMPLE
from pytest_overnight.grading.forms import all_text
from pytest_overnight.grading.forms import base_of
from pytest_overnight.grading.forms import check_hash
from pytest_overnight.grading.forms import hex_of
from pytest_overnight.grading.forms import tagged
from pytest_overnight.grading.frames import TooBig
from pytest_overnight.grading.frames import Unfit

DEPTH_CAP = 200
BIG = 1 << 2048
"""Larger ints travel as hex: decimal text is limited, and the limit can be lowered."""
_PLAIN = {type(None), bool, str, float}


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
        longest: int = 0,
    ) -> None:
        """``cap``: bytes of one message; ``hint``: what to say to who is over it.

        ``longest``: items of a range that is taken, 0 for any number.
        """
        self._give, self._take, self._cap, self._hint = give, take, cap, hint
        self._longest = longest
        self._encode = make_encoder(
            None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True
        )
        self._scan = make_scanner(_Scanner(self._mend))  # type: ignore[arg-type]

    def encode(self, message: list[Any]) -> bytes:
        """One frame. ``message`` is a list of data; raises :class:`Unfit`."""
        packer = _Packer(self._give, self._cap, self._hint)
        packed = [packer.pack(item, 1, ()) for item in message]
        text = "".join(self._encode(packed, 0))
        if len(text) > self._cap:
            packer.refuse(len(text))
        return len(text).to_bytes(4, "little") + text.encode("ascii")

    def decode(self, body: bytes) -> list[Any]:
        """The message in a frame's body; raises :class:`Unfit` for anything odd."""
        try:
            text = body.decode("ascii")
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
            return self._take(tag, form)
        if tag not in READ:
            raise Unfit(f"unknown tag {tag[:20]!r}")
        return self._within(READ[tag](form))

    def _within(self, x: Any) -> Any:
        # A few bytes that whoever asks for the items pays for.
        if self._longest and type(x) is range and x[self._longest :]:
            raise TooBig(f"a range of more than {self._longest} items")
        return x


class _Scanner:
    """What the C scanner reads its settings from."""

    strict = True
    object_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float  # NaN, Infinity, -Infinity

    def __init__(self, hook: Callable[[list[tuple[str, Any]]], Any]) -> None:
        self.object_pairs_hook = hook


class _Packer:
    """Turns one message into what the C encoder takes."""

    __slots__ = ("_cap", "_give", "_hint", "_members")

    def __init__(self, give: Callable[[Any], Any], cap: int, hint: str) -> None:
        self._give, self._cap, self._hint = give, cap, hint
        self._members = 0

    def pack(self, x: Any, depth: int, path: tuple[int, ...]) -> Any:
        """``path``: ids of the containers that ``x`` lies in."""
        kind = type(x)
        if kind in _PLAIN:
            return x
        if kind is int:
            return x if -BIG < x < BIG else tagged("I", hex_of(x))
        if kind in ROWS or kind is dict:
            return self._container(x, kind, depth, path)
        if kind in SIMPLE:
            return SIMPLE[kind](x)
        base, form = base_of(kind)
        if base is None:
            return self._give(x)
        if form is not None:
            return form(x)
        return self.pack(COPY[base](x), depth, path)

    def _container(self, x: Any, kind: type, depth: int, path: tuple[int, ...]) -> Any:
        if id(x) in path:
            raise Unfit("a container that holds itself")
        if depth >= DEPTH_CAP:
            raise TooBig(f"nested deeper than {DEPTH_CAP}")
        # Shared parts are written out each time: bounded before memory is.
        self._members += len(x)
        if 2 * self._members > self._cap:
            self.refuse(2 * self._members)
        path += (id(x),)
        if kind is dict:
            return self._dict(x, depth + 1, path)
        tag = ROWS[kind]
        items = x if kind in (list, tuple) else list(x)
        if tag in ("s", "f"):
            check_hash(items)
        if not _all_plain(items):
            items = [self.pack(y, depth + 1, path) for y in items]
        return items if tag == "" else tagged(tag, list(items))

    def _dict(self, x: dict[Any, Any], depth: int, path: tuple[int, ...]) -> Any:
        if all_text(x) and "$" not in x:
            if _all_plain(x.values()):
                return x
            return {k: self.pack(v, depth, path) for k, v in x.items()}
        check_hash(x)
        pack = self.pack
        pairs = [[pack(k, depth, path), pack(v, depth, path)] for k, v in x.items()]
        return tagged("d", pairs)

    def refuse(self, size: int) -> None:
        """The size is over the cap."""
        raise TooBig(f"{size} bytes or more, the cap is {self._cap}{self._hint}")


def _refuse(x: Any) -> Any:
    raise Unfit("not plain data")


def _all_plain(x: Any) -> bool:
    """Whether the C encoder may take all members as they are."""
    kinds = set(map(type, x))
    if int not in kinds:
        return kinds <= _PLAIN
    if not kinds - {int} <= _PLAIN:
        return False
    ints = x if len(kinds) == 1 else [y for y in x if type(y) is int]
    return min(ints) > -BIG and max(ints) < BIG


def _check_depth(message: Any) -> None:
    layer = [message]
    for _ in range(DEPTH_CAP + 2):
        inner: list[Any] = []
        for x in layer:
            parts = [*x, *x.values()] if type(x) is dict else x
            inner += [y for y in parts if type(y) in ROWS or type(y) is dict]
        if not inner:
            return
        layer = inner
    raise Unfit(f"nested deeper than {DEPTH_CAP}")
