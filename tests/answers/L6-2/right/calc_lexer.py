"""Cuts a line into tokens."""

import re
from typing import NamedTuple

from calc_nodes import KEYWORDS

NAME, NUMBER, SYMBOL, WRONG, END = "name", "number", "symbol", "wrong", "end"

_TOKEN = re.compile(
    r"(?P<space>[ \t]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[0-9]+)(?![A-Za-z0-9_])"
    r"|(?P<symbol><=|>=|==|!=|[-+*/%^()<>=,])"
    r"|(?P<wrong>.)",
    re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str


def tokens(line):
    """The tokens of a line without its end; keywords are symbols. The last one is END."""
    result = []
    for match in _TOKEN.finditer(line.partition("#")[0]):
        kind, text = match.lastgroup, match.group()
        if kind == "space":
            continue
        if kind == NAME and text in KEYWORDS:
            kind = SYMBOL
        result.append(Token(kind, text))
    result.append(Token(END, ""))
    return result
