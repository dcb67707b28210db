"""Values as Markdown that also reads well as plain text.

Whatever is not :class:`Markdown` yet is escaped before it reaches a page, so that no
text of an agent's making can become a heading, a link, an image or HTML.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from collections.abc import Sequence
from urllib.parse import quote

from pytest_overnight.reporting.statistics import Interval

WIDTH = 80
"""Columns that running text is wrapped at."""
EXCERPT = 160
"""Characters of a quotation; the record has it whole."""
LONGEST = 2000
"""Characters of one value in running text: somebody else may have chosen them."""
MOST_IDS = 12
"""Run ids in a list within text; the table of all runs has the others."""
NOTHING = "–"
"""What a cell shows when there is no such number."""

_CODE = re.compile(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)")
_SPECIAL = re.compile(r"[\\`*\[\]~]|(?<![^\W_])_|_(?![^\W_])")
_BLOCK_START = re.compile(r"^([#+=|:-]|\d+(?=[.)](?:\s|$)))")


class Markdown(str):
    """Text that is Markdown already and goes into a page as it is."""

    __slots__ = ()


def text(value: object) -> Markdown:
    """One line of running text in which nothing has a meaning to Markdown or HTML."""
    if isinstance(value, Markdown):
        return value
    return Markdown(_BLOCK_START.sub(_not_a_block, _inside_a_line(value)))


def _inside_a_line(value: object) -> str:
    shown = str(value).strip(" \n")
    if len(shown) > LONGEST:
        shown = f"{shown[:LONGEST]}…"
    shown = visible(shown)
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\g<0>", shown)


def _not_a_block(start: re.Match[str]) -> str:
    return f"&#{ord(start[0][0])};{start[0][1:]}"


def code(value: object, limit: int = EXCERPT) -> Markdown:
    """One line of somebody else's text, quoted: links, tags and mentions stay dead.

    It must not be wrapped: a line that begins inside it could begin a block.
    """
    shown = visible(str(value).strip(" \n"))
    if len(shown) > limit:
        shown = f"{shown[:limit]}…"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    pad = " " if longest or not shown else ""
    fence = "`" * (longest + 1)
    return Markdown(f"{fence}{pad}{shown}{pad}{fence}")


def visible(value: str) -> str:
    """Line breaks, terminal escapes, direction marks and the like as ``\\x1b``."""
    return "".join(c if c.isprintable() else _escaped(c) for c in value)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markdown:
    """An aligned pipe table; a heading that starts with ``>`` aligns right."""
    right = [name.startswith(">") for name in header]
    lines = [[_cell(name.lstrip(">")) for name in header]]
    lines += [[_cell(value) for value in row] for row in rows]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    shown = [
        " | ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        )
        for line in lines
    ]
    rule = "|".join(
        "-" * (width + 1) + (":" if to_right else "-")
        for width, to_right in zip(widths, right, strict=True)
    )
    body = "\n".join(f"| {line} |" for line in shown[1:])
    return Markdown(f"| {shown[0]} |\n|{rule}|\n{body}".rstrip("\n"))


def _cell(value: object) -> str:
    shown = NOTHING if value is None else value
    plain = shown if isinstance(shown, Markdown) else _inside_a_line(shown)
    return plain.replace("|", r"\|")


def label(name: str) -> Markdown:
    """A link whose target :func:`definition` gives at the end of the page."""
    return Markdown(f"[{text(name)}]")


def definition(name: str, path: str) -> Markdown:
    """Where ``[name]`` leads: a path relative to the report."""
    return Markdown(f"[{text(name)}]: {quote(path)}")


def ids(run_ids: Iterable[str], most: int = MOST_IDS) -> Markdown:
    """``[L3-1-run-0001], [L3-1-run-0004] and 7 more``: links to the records."""
    listed = list(run_ids)
    shown = ", ".join(label(run_id) for run_id in listed[:most])
    left = len(listed) - most
    return Markdown(f"{shown} and {left} more" if left > 0 else shown)


def plural(number: int, noun: str) -> str:
    """``1 run``, ``3 runs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def wrap(value: object, indent: int = 0) -> Markdown:
    """Running text broken into lines, never inside a quotation, see :func:`code`."""
    whole = _CODE.sub(lambda span: span[0].replace(" ", "\0"), text(value))
    lines = textwrap.wrap(
        whole, WIDTH - indent, break_long_words=False, break_on_hyphens=False
    )
    # A word that is harmless inside a line may begin a block at its start.
    safe = lines[:1] + [_BLOCK_START.sub(_not_a_block, line) for line in lines[1:]]
    return Markdown(f"\n{' ' * indent}".join(safe).replace("\0", " "))


def percent(share: float | None) -> str:
    """``70 %``: with a few dozen runs, decimals would be pretence.

    Only all is 100 % and only none is 0 %.
    """
    if share is None:
        return NOTHING
    whole = round(100 * share)
    return f"{min(max(whole, 1), 99) if 0 < share < 1 else whole} %"


def interval(ends: Interval) -> str:
    """``61–75 %``."""
    return f"{100 * ends.low:.0f}–{100 * ends.high:.0f} %"


def points(difference: float) -> str:
    """A difference of two shares in percentage points: ``+7``, ``-12``, ``0``."""
    whole = round(100 * difference)
    return f"{whole:+d}" if whole else "0"


def chance(value: float) -> str:
    """``= 0.03``, ``< 0.01``, to stand after "p"."""
    return f"= {value:.2f}" if value >= 0.01 else "< 0.01"


def seconds(value: float | None) -> str:
    """Seconds for a column of times: three figures say all there is."""
    if value is None:
        return NOTHING
    return (
        f"{value:.2f}"
        if value < 10
        else f"{value:.1f}"
        if value < 100
        else f"{value:.0f}"
    )


def span(value: float) -> str:
    """A long time in words: ``7 h 58 min``, ``12 min 5 s``, ``3.2 s``."""
    if value < 60:
        return f"{value:.1f} s"
    whole = round(value)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
