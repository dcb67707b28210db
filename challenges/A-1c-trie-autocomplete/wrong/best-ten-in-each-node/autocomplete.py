"""Completes what has been typed with the best words that begin so."""

from __future__ import annotations

import unicodedata
from heapq import merge
from itertools import islice
from typing import Any
from typing import NamedTuple

BEST = 10


class Word(NamedTuple):
    """As it was inserted last."""

    text: str
    weight: Any


class Node:
    """A beginning of words; it knows how many there are, and the ten best of them."""

    __slots__ = ("below", "best", "count", "word")

    def __init__(self) -> None:
        self.below: dict[str, Node] = {}
        """The next character → the node of the longer beginning."""
        self.word: Word | None = None
        """The word that ends here."""
        self.count = 0
        self.best: list[Candidate] = []

    def measure(self, form: str) -> None:
        """Tell the number and the best words from what is directly below."""
        below = self.below.values()
        best = [node.best for node in below]
        if self.word is not None:
            best.append([Candidate(self.word.weight, form, self.word)])
        self.count = (self.word is not None) + sum(node.count for node in below)
        self.best = list(islice(merge(*best), BEST))


class Candidate:
    """A word with its form."""

    __slots__ = ("form", "found", "weight")

    def __init__(self, weight: Any, form: str, found: Word) -> None:
        self.weight, self.form, self.found = weight, form, found

    def __lt__(self, other: Candidate) -> bool:
        """Whether this one is to be looked at before."""
        if self.weight == other.weight:
            return self.form < other.form
        return bool(self.weight > other.weight)


class Autocomplete:
    """A trie of the words' forms."""

    def __init__(self) -> None:
        self._root = Node()

    def insert(self, text: str, weight: Any) -> bool:
        """Put the word in, or give it another text and weight; whether it is new."""
        form = _form(text)
        path = [self._root]
        for character in form:
            path.append(path[-1].below.setdefault(character, Node()))
        is_new = path[-1].word is None
        path[-1].word = Word(text, weight)
        for place in range(len(form), -1, -1):
            path[place].measure(form[:place])
        return is_new

    def delete(self, text: str) -> bool:
        """Take the word out; whether it was there."""
        if text not in self:
            return False
        form = _form(text)
        path = [self._root]
        for character in form:
            path.append(path[-1].below[character])
        path.pop().word = None
        for place in range(len(form) - 1, -1, -1):
            node, character = path[place], form[place]
            node.below[character].measure(form[: place + 1])
            if node.below[character].count == 0:
                del node.below[character]
        self._root.measure("")
        return True

    def complete(self, prefix: str, k: int) -> list[str]:
        """Texts of the best ``k`` words that begin with the prefix, the best first."""
        if k < 0:
            raise ValueError(f"k below 0: {k}")
        node = self._find(prefix)
        best = [] if node is None else node.best
        return [one.found.text for one in best[:k]]

    def weight(self, text: str, default: Any = None) -> Any:
        """The word's weight, or ``default``."""
        node = self._find(text)
        if node is None or node.word is None:
            return default
        return node.word.weight

    def count(self, prefix: str) -> int:
        """How many words begin with the prefix."""
        node = self._find(prefix)
        return 0 if node is None else node.count

    def __contains__(self, text: str) -> bool:
        node = self._find(text)
        return node is not None and node.word is not None

    def __len__(self) -> int:
        return self._root.count

    def _find(self, prefix: str) -> Node | None:
        """The node of this beginning, if any word begins so."""
        node: Node | None = self._root
        for character in _form(prefix):
            if node is None:
                return None
            node = node.below.get(character)
        return node


def _form(text: str) -> str:
    """What texts have in common that are the same word."""
    return unicodedata.normalize("NFC", text.casefold())
