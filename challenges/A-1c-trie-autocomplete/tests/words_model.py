"""What a system must do, as a dict and a sort; and texts. Stays with the judge."""

from __future__ import annotations

import unicodedata
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

PROBE = Path(__file__).with_name("words_probe.py").read_text(encoding="utf-8")


def form(text: str) -> str:
    """What texts have in common that are the same word."""
    return unicodedata.normalize("NFC", text.casefold())


class Model:
    """Form → text and weight."""

    def __init__(self) -> None:
        self.words: dict[str, tuple[str, Any]] = {}

    def insert(self, text: str, weight: Any) -> bool:
        new = text not in self
        self.words[form(text)] = (text, weight)
        return new

    def delete(self, text: str) -> bool:
        return self.words.pop(form(text), None) is not None

    def complete(self, prefix: str, k: int) -> list[str]:
        start = form(prefix)
        found = sorted(one for one in self.words if one.startswith(start))
        found.sort(key=lambda one: self.words[one][1], reverse=True)  # ties stay
        return [self.words[one][0] for one in found[:k]]

    def weight(self, text: str, default: Any = None) -> Any:
        return self.words.get(form(text), ("", default))[1]

    def count(self, prefix: str) -> int:
        return len(self.complete(prefix, len(self.words)))

    def __contains__(self, text: str) -> bool:
        return form(text) in self.words


WEIGHTS: dict[str, list[Any]] = {
    "int": [-3, 0, 1, 2, 1 << 80],
    "float": [-0.5, 0.0, 0.25, 1e300],
    "text": ["", "1", "10", "9", "ä"],
    "tuple": [("a", 1), ("a", 2), ("b", 0)],
}
"""Few of each kind, so that many words have equal ones."""

PIECES = [
    *"aAbBeEsSiIfkK ",
    *"ßẞſςσΣéÉåÅıİδ日本하한😀ﬁ",
    "ss",
    "e\u0301",
    "\u0301",
    "\u0323",
    "\u11ab",  # 한 is 하 and this
    "\u0390",
    "\u1fd3",
    "\u212a",  # the kelvin sign
    "\u212b",  # the angstrom sign
    "i\u0307",
]
"""Texts are made of these: many are the same word or begin one another."""


def some_text(rng: Random, most: int) -> str:
    return "".join(rng.choices(PIECES, k=rng.randint(0, most)))


ACTS = "insert insert insert insert delete complete complete weight count in".split()


def some_act(rng: Random, weights: list[Any]) -> tuple[str, list[Any]]:
    """A call and its arguments."""
    act = rng.choice(ACTS)
    text = some_text(rng, 2)
    if act == "insert":
        return act, [text, rng.choice(weights)]
    if act == "complete":
        return act, [text[:1], rng.choice([0, 1, 2, 3, 9, 99])]
    if act == "count":
        return act, [text[:1]]
    return act, [text]


def all_texts(letters: str, length: int) -> list[str]:
    """Each text of the letters that has this length."""
    return ["".join(one) for one in product(letters, repeat=length)]
