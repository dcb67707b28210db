"""Replacing a piece of text in a file when the model quotes it almost right.

The ladder: exact; then without regard to blanks at line ends; then with the whole
block indented differently. Nothing fuzzier is ever applied: a wrong edit costs more
than a refused one. A refusal shows the nearest real lines instead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

SIMILAR = 0.6
"""Least similarity of a line shown as a hint; the figure is aider's."""
HINT_LINES = 2000
"""Longest file searched for hints: the search is quadratic in bad cases."""
HINT_WIDTH = 200
SHOWN = 10
"""Most lines, or places, that a refusal shows of the file."""

_NUMBERED = re.compile(r"^ *\d+\| ?")
"""A line as ``read_file`` shows it, copied with its number."""


class EditError(Exception):
    """The edit was not made; the text says why, for the model."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit that was made."""

    text: str
    """The whole new text."""
    first_line: int
    """First changed line, from 1, in the new text."""
    lines: int
    """Lines of the first replacement."""
    count: int
    """How many places were changed."""
    repair: str = ""
    """What was forgiven; empty for an exact match."""


def apply_edit(text: str, old: str, new: str, replace_all: bool = False) -> Edit:
    """Replace ``old`` by ``new``; ``old`` must be found once unless ``replace_all``."""
    if not old:
        raise EditError(
            '"old_text" is empty. To make a file or replace all of it, use write_file.'
        )
    if old == new:
        raise EditError('"old_text" and "new_text" are equal: nothing to change.')
    places = _exact(text, old)
    repair = ""
    if not places:
        places, old, new, repair = _forgiving(text, old, new)
    if not places:
        raise EditError(_not_found(text, old, new))
    if len(places) > 1 and not replace_all:
        raise EditError(_ambiguous(text, places))
    return _replace(text, places, _with_ends_of(text, new), repair)


Span = tuple[int, int]
"""Start and end offset of a match."""


def _exact(text: str, old: str) -> list[Span]:
    spans, start = [], text.find(old)
    while start >= 0:
        spans.append((start, start + len(old)))
        start = text.find(old, start + len(old))
    return spans


def _forgiving(text: str, old: str, new: str) -> tuple[list[Span], str, str, str]:
    """Match whole lines, first as they are but for their ends, then shifted."""
    lines, new, repair = _without_numbers(old.strip("\r\n"), new.strip("\r\n"))
    if repair and (places := _exact(text, "\n".join(lines))):
        return places, old, new, repair
    if places := _line_matches(text, lines, str.rstrip):
        return places, old, new, repair + "blanks at line ends ignored"
    for start, end in (places := _line_matches(text, lines, str.strip)):
        found = text[start:end].split("\n")
        if len(places) > 1:
            raise EditError(_ambiguous(text, places))
        if _dedented(found) == _dedented(lines):
            new = _shifted(new.split("\n"), _indent(lines), _indent(found))
            return places, old, new, repair + "indentation fitted to the file"
    return [], old, new, ""


def _with_ends_of(text: str, new: str) -> str:
    """``new`` with Windows line ends where most lines of ``text`` have them."""
    if 2 * text.count("\r\n") <= text.count("\n"):
        return new
    return new.replace("\r\n", "\n").replace("\n", "\r\n")


def _without_numbers(old: str, new: str) -> tuple[list[str], str, str]:
    """Take off line numbers copied from ``read_file``, where every line has one."""
    lines = old.split("\n")
    if not all(_NUMBERED.match(line) for line in lines):
        return lines, new, ""
    bare = "\n".join(_NUMBERED.sub("", line) for line in new.split("\n"))
    stripped = [_NUMBERED.sub("", line) for line in lines]
    return stripped, bare, "line numbers taken off; "


def _line_matches(
    text: str, lines: list[str], form: Callable[[str], str]
) -> list[Span]:
    """Where whole lines equal ``lines``, both in ``form``; in linear time."""
    wanted = "\n".join(["", *map(form, lines), ""])
    if not wanted.strip():
        return []
    have = text.split("\n")
    formed = "\n".join(["", *map(form, have), ""])
    starts = list(accumulate((len(line) + 1 for line in have), initial=0))
    spans, line, before, at = [], 0, 0, formed.find(wanted)
    while at >= 0:
        line += formed.count("\n", before, at)
        stop = starts[line + len(lines)] - 1
        spans.append((starts[line], stop - text.endswith("\r", 0, stop)))
        before, at = at, formed.find(wanted, at + len(wanted) - 1)
    return spans


def _indent(lines: list[str]) -> str:
    """The indentation that all non-blank lines share."""
    blanks = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    shared = min(blanks, key=len, default="")
    while not all(blank.startswith(shared) for blank in blanks):
        shared = shared[:-1]
    return shared


def _dedented(lines: list[str]) -> list[str]:
    cut = len(_indent(lines))
    return [line[cut:].rstrip() for line in lines]


def _shifted(lines: list[str], old: str, new: str) -> str:
    """``lines`` moved from indentation ``old`` to ``new``."""
    moved = [
        new + line.removeprefix(old) if line.strip() else line.rstrip()
        for line in lines
    ]
    return "\n".join(moved)


def _replace(text: str, places: list[Span], new: str, repair: str) -> Edit:
    parts, at = [], 0
    for start, end in places:
        parts += [text[at:start], new]
        at = end
    parts.append(text[at:])
    first = text.count("\n", 0, places[0][0]) + 1
    lines = new.count("\n") + 1
    return Edit("".join(parts), first, lines, len(places), repair.rstrip("; "))


def _ambiguous(text: str, places: list[Span]) -> str:
    numbers = [text.count("\n", 0, start) + 1 for start, _ in places[:SHOWN]]
    shown = ", ".join(map(str, numbers)) + ", …" * (len(places) > SHOWN)
    return (
        f'"old_text" is in the file {len(places)} times, at lines {shown}. Add '
        "neighbouring lines until it is unique, or set replace_all to true."
    )


def _not_found(text: str, old: str, new: str) -> str:
    new_lines = new.strip("\r\n").split("\n")
    if new.strip() and (places := _line_matches(text, new_lines, str.rstrip)):
        line = text.count("\n", 0, places[0][0]) + 1
        return (
            f'"old_text" is not in the file, but "new_text" is, at line {line}: '
            "already applied? Look with read_file before you repeat it."
        )
    head = "\n".join(line[:HINT_WIDTH] for line in old.strip("\n").split("\n")[:3])
    message = f'"old_text" is not in the file. Searched for:\n{head}\n'
    return message + _nearest(text, old)


def _nearest(text: str, old: str) -> str:
    """The lines of the file that stand where the model thinks ``old`` is."""
    lines = [line.rstrip("\r")[:HINT_WIDTH] for line in text.split("\n")]
    if len(lines) > HINT_LINES:
        return "Call read_file first and copy the lines exactly."
    wanted = old.strip("\n").split("\n")
    longest = max(range(len(wanted)), key=lambda n: len(wanted[n].strip()))
    anchor = wanted[longest][:HINT_WIDTH]
    close = difflib.get_close_matches(anchor, lines, n=1, cutoff=SIMILAR)
    if not close:
        return "Nothing like it is there. Call read_file first and copy exactly."
    at = lines.index(close[0])
    first = max(0, at - min(longest, SHOWN // 2) - 1)
    last = min(len(lines), first + min(len(wanted), SHOWN) + 2)
    shown = "\n".join(f"{n + 1:>4}| {lines[n]}" for n in range(first, last))
    return f"The nearest lines are:\n{shown}\nCopy them exactly, without the numbers."
