"""Completes what has been typed with the best words that begin so."""

from __future__ import annotations

import unicodedata
from heapq import heappop
from heapq import heappush
from typing import Any
from typing import NamedTuple


class Word(NamedTuple):
    """As it was inserted last."""

    text: str
    weight: Any


class Node:
    """A beginning of words; it knows how many there are, and the greatest weight."""

    __slots__ = ("below", "count", "greatest", "word")

    def __init__(self) -> None:
        self.below: dict[str, Node] = {}
        """The next character → the node of the longer beginning."""
        self.word: Word | None = None
        """The word that ends here."""
        self.count = 0
        self.greatest: Any = None

    def measure(self) -> None:
        """Tell the number and the greatest weight from what is directly below."""
        below = self.below.values()
        weights = [node.greatest for node in below]
        if self.word is not None:
            weights.append(self.word.weight)
        self.count = (self.word is not None) + sum(node.count for node in below)
        self.greatest = max(weights, default=None)


class Candidate:
    """A word, or all words below a node, by the best that may be there."""

    __slots__ = ("form", "found", "weight")

    def __init__(self, weight: Any, form: str, found: Word | Node) -> None:
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
        for node in reversed(path):
            node.measure()
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
        for node, character in zip(reversed(path), reversed(form)):
            node.below[character].measure()
            if node.below[character].count == 0:
                del node.below[character]
        self._root.measure()
        return True

    def complete(self, prefix: str, k: int) -> list[str]:
        """Texts of the best ``k`` words that begin with the prefix, the best first.

        All words below a node are one candidate until it is the best: then the node's
        own word and the nodes below it take its place. Its form is the beginning of
        theirs, so among equal weights it is never looked at too late, and each look
        leads towards the word that is found next.
        """
        if k < 0:
            raise ValueError(f"k below 0: {k}")
        node = self._find(prefix)
        candidates: list[Candidate] = []
        if node is not None:
            candidates.append(Candidate(node.greatest, _form(prefix), node))
        texts: list[str] = []
        while candidates and len(texts) < k:
            best = heappop(candidates)
            if isinstance(best.found, Word):
                texts.append(best.found.text)
                continue
            word = best.found.word
            if word is not None and best.found is not node:
                heappush(candidates, Candidate(word.weight, best.form, word))
            for character, below in best.found.below.items():
                form = best.form + character
                heappush(candidates, Candidate(below.greatest, form, below))
        return texts

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
