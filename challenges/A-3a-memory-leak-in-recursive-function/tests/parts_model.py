"""What the functions must return, random books, and the given files to measure with."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

GIVEN = Path(__file__).resolve().parent.parent / "environment"
ORIGINAL = (GIVEN / "parts.py").read_text(encoding="utf-8")

Table = dict[str, list[tuple[str, int]]]
"""Product → its lines. A part without an entry is missing."""

MENDED = {
    "_needs": ("cache", [("@lru_cache(maxsize=None)\n", "")]),
    "_failed": (
        "traceback",
        [("_failed[product] = error", "_failed[product] = str(error)")],
    ),
    "depth": (
        "cycle",
        [
            (
                "        return level(product)\n",
                "        try:\n            return level(product)\n"
                "        finally:\n            del level\n",
            )
        ],
    ),
}
"""The leaks: name → kind, and a mending of this one alone."""


def alone(name: str) -> str:
    """The given module with this leak and no other."""
    text = ORIGINAL
    for other, (_, changes) in MENDED.items():
        for old, new in changes:
            assert old in text
            text = text if other == name else text.replace(old, new)
    return text


class Missing(Exception):
    """A part is missing; says which."""


def lines_of(table: Table, name: str) -> list[tuple[str, int]]:
    if name not in table:
        raise Missing(name)
    return table[name]


def needs(table: Table, product: str) -> dict[str, int]:
    """Bought parts in the order of first need."""
    lines = lines_of(table, product)
    if not lines:
        return {product: 1}
    total: dict[str, int] = {}
    for part, quantity in lines:
        for bought, each in needs(table, part).items():
            total[bought] = total.get(bought, 0) + quantity * each
    return total


def depth(table: Table, product: str) -> int:
    """Levels below."""
    return max((depth(table, p) + 1 for p, _ in lines_of(table, product)), default=0)


def outcome(table: Table, function: str, product: str) -> Any:
    """The result, or the text of the exception."""
    try:
        return needs(table, product) if function == "needs" else depth(table, product)
    except Missing as missing:
        return f"{missing} is not in the book"


def some_table(rng: Random, size: int, gaps: int = 0) -> Table:
    """Products of which each is made of others; ``gaps`` of them are missing."""
    names = [f"part {number}" for number in rng.sample(range(1000), size)]
    table: Table = {}
    for place, name in enumerate(names):
        later = names[place + 1 :]
        chosen = rng.sample(later, min(len(later), rng.choice([0, 1, 2, 3, 3])))
        chosen += chosen[: rng.randrange(2)]  # one part may stand on two lines
        table[name] = [(part, rng.randrange(1, 5)) for part in chosen]
    for name in rng.sample(names, gaps):
        del table[name]
    return table


def some_names(rng: Random, table: Table, number: int) -> list[str]:
    """Products to ask for, missing ones among them; some come twice."""
    parts = [part for lines in table.values() for part, _ in lines]
    names = [*table, *parts] or ["part 0"]
    return rng.choices(names, k=number)
