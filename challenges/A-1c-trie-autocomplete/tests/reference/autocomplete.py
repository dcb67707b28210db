"""Another right design: nodes know their best word. For the agent's tests only."""

from __future__ import annotations

import heapq
import unicodedata
from typing import Any


class Entry:
    """A word; the better one is less."""

    def __init__(self, text: str, weight: Any) -> None:
        self.text = text
        self.form = form_of(text)
        self.weight = weight

    def __lt__(self, other: Entry) -> bool:
        if self.weight != other.weight:
            return bool(self.weight > other.weight)
        return self.form < other.form


class Node:
    def __init__(self) -> None:
        self.below: dict[str, Node] = {}
        self.own: Entry | None = None
        self.best: Entry | None = None


def form_of(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


class Autocomplete:
    """The words by their forms in a dict, and a trie for what begins alike."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._root = Node()
        self._count = 0

    def insert(self, text: str, weight: Any) -> bool:
        entry = Entry(text, weight)
        old = self._entries.get(entry.form)
        self._entries[entry.form] = entry
        self._count += old is None
        self._place(entry.form, entry)
        return old is None

    def delete(self, text: str) -> bool:
        form = form_of(text)
        if form not in self._entries:
            return False
        self._count -= 1
        del self._entries[form]
        self._place(form, None)
        return True

    def complete(self, prefix: str, k: int) -> list[str]:
        if k < 0:
            raise ValueError(k)
        start = form_of(prefix)
        node = self._node(start)
        found: list[Entry] = []
        todo: list[tuple[Entry, Node, int]] = []
        if node is not None and node.best is not None:
            todo.append((node.best, node, len(start)))
        while todo and len(found) < k:
            best, node, depth = heapq.heappop(todo)
            found.append(best)
            for candidate in self._beside(best, node, depth):
                heapq.heappush(todo, candidate)
        return [entry.text for entry in found]

    def weight(self, text: str, default: Any = None) -> Any:
        entry = self._entries.get(form_of(text))
        return default if entry is None else entry.weight

    def count(self, prefix: str) -> int:
        form = form_of(prefix)
        return sum(one.startswith(form) for one in self._entries)

    def __contains__(self, text: str) -> bool:
        return form_of(text) in self._entries

    def __len__(self) -> int:
        return self._count

    def _node(self, form: str) -> Node | None:
        node: Node | None = self._root
        for character in form:
            node = None if node is None else node.below.get(character)
        return node

    def _beside(
        self, best: Entry, node: Node, depth: int
    ) -> list[tuple[Entry, Node, int]]:
        """All words of the node but the best, in parts that know their best."""
        parts = []
        for place in range(depth, len(best.form) + 1):
            if node.own is not None and node.own is not best:
                parts.append((node.own, Node(), place))
            character = best.form[place : place + 1]
            for other, below in node.below.items():
                if other != character and below.best is not None:
                    parts.append((below.best, below, place + 1))
            node = node.below.get(character, node)
        return parts

    def _place(self, form: str, entry: Entry | None) -> None:
        """Set the word of a node, and measure the nodes above it."""
        path = [self._root]
        for character in form:
            path.append(path[-1].below.setdefault(character, Node()))
        path[-1].own = entry
        for place in range(len(form), -1, -1):
            node = path[place]
            bests = [below.best for below in node.below.values()]
            there = [one for one in [node.own, *bests] if one is not None]
            node.best = min(there, default=None)
            if place and node.best is None:
                del path[place - 1].below[form[place - 1]]
