"""Completes what has been typed with the best words that begin so."""

from __future__ import annotations

import unicodedata
from functools import cmp_to_key
from typing import Any


def _form(text: str) -> str:
    """What texts have in common that are the same word."""
    return unicodedata.normalize("NFC", text.casefold())


class Autocomplete:
    """Form of a word → text and weight."""

    def __init__(self) -> None:
        self._words: dict[str, tuple[str, Any]] = {}

    def insert(self, text: str, weight: Any) -> bool:
        """Put the word in, or give it another text and weight; whether it is new."""
        is_new = text not in self
        self._words[_form(text)] = (text, weight)
        return is_new

    def delete(self, text: str) -> bool:
        """Take the word out; whether it was there."""
        return self._words.pop(_form(text), None) is not None

    def complete(self, prefix: str, k: int) -> list[str]:
        """Texts of the best ``k`` words that begin with the prefix, the best first."""
        if k < 0:
            raise ValueError(f"k below 0: {k}")
        matches = self._matches(prefix)
        matches.sort(key=cmp_to_key(self._compare))
        return [self._words[form][0] for form in matches[:k]]

    def weight(self, text: str, default: Any = None) -> Any:
        """The word's weight, or ``default``."""
        return self._words.get(_form(text), ("", default))[1]

    def count(self, prefix: str) -> int:
        """How many words begin with the prefix."""
        return len(self._matches(prefix))

    def __contains__(self, text: str) -> bool:
        return _form(text) in self._words

    def __len__(self) -> int:
        return len(self._words)

    def _matches(self, prefix: str) -> list[str]:
        start = _form(prefix)
        return [form for form in self._words if form.startswith(start)]

    def _compare(self, one: str, other: str) -> int:
        weights = self._words[one][1], self._words[other][1]
        if weights[0] == weights[1]:
            return -1 if one < other else 1
        return -1 if weights[0] > weights[1] else 1
