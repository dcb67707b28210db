"""Words with weights, and the best of those that begin with a prefix."""

import unicodedata
from heapq import heappop
from heapq import heappush
from heapq import heapreplace


def _form(text):
    return unicodedata.normalize("NFC", text.casefold())


class _Word:
    __slots__ = ("form", "text", "weight")

    def __init__(self, form, text, weight):
        self.form = form
        self.text = text
        self.weight = weight


def _better(one, other):
    if one.weight == other.weight:
        return one.form < other.form
    return one.weight > other.weight


class _Node:
    """A beginning of words: of ``count`` of them, the best of which is ``best``."""

    __slots__ = ("children", "word", "best", "count")

    def __init__(self):
        self.children = None  # None or a dict that is not empty
        self.word = None
        self.best = None
        self.count = 0

    def choose(self):
        best = self.word
        if self.children is not None:
            for child in self.children.values():
                if best is None or _better(child.best, best):
                    best = child.best
        self.best = best


class _Group:
    """Candidates ``(word, node)``, the best of which is kept apart.

    ``word`` stands for all words of ``node``, or for itself if that is None.
    """

    __slots__ = ("word", "node", "others")

    def __init__(self, candidates):
        self.others = candidates
        self.choose()

    def choose(self):
        others = self.others
        best = 0
        for place in range(1, len(others)):
            if _better(others[place][0], others[best][0]):
                best = place
        others[best], others[-1] = others[-1], others[best]
        self.word, self.node = others.pop()

    def __lt__(self, other):
        return _better(self.word, other.word)


def _besides(word, node):
    """The candidates for all words of the node but its best, which is ``word``."""
    found = []
    while node is not None:
        if node.word is not None and node.word is not word:
            found.append((node.word, None))
        way = None
        if node.children is not None:
            for child in node.children.values():
                if child.best is word:
                    way = child
                else:
                    found.append((child.best, child))
        node = way
    return found


class Autocomplete:
    def __init__(self):
        self._root = _Node()

    def insert(self, text, weight):
        """Put the word in. False if it was there: then text and weight are replaced."""
        form = _form(text)
        node = self._root
        path = [node]
        for char in form:
            if node.children is None:
                node.children = {}
            child = node.children.get(char)
            if child is None:
                child = node.children[char] = _Node()
            node = child
            path.append(node)
        word = node.word
        if word is None:
            word = node.word = _Word(form, text, weight)
            for node in path:
                node.count += 1
                if node.best is None or _better(word, node.best):
                    node.best = word
            return True
        word.text = text
        word.weight = weight
        for node in reversed(path):
            node.choose()
        return False

    def delete(self, text):
        """Take the word out. False if it was not there."""
        form = _form(text)
        node = self._root
        path = [node]
        for char in form:
            node = node.children and node.children.get(char)
            if node is None:
                return False
            path.append(node)
        word = node.word
        if word is None:
            return False
        node.word = None
        for depth in range(len(path) - 1, -1, -1):
            node = path[depth]
            node.count -= 1
            if depth < len(form):
                if not path[depth + 1].count:
                    self._cut(node, form[depth])
            if node.best is word:
                node.choose()
        return True

    @staticmethod
    def _cut(node, char):
        # A new dict, as one from which things are deleted does not become smaller.
        node.children = {
            other: child for other, child in node.children.items() if other != char
        } or None

    def complete(self, prefix, k):
        """The texts of the best k words that begin with the prefix."""
        if k < 0:
            raise ValueError("k is below 0")
        texts = []
        node = self._find(prefix)
        if node is None or node.best is None or not k:
            return texts
        groups = [_Group([(node.best, node)])]
        while groups:
            group = groups[0]
            word = group.word
            node = group.node
            texts.append(word.text)
            if len(texts) == k:
                break
            if group.others:
                group.choose()
                heapreplace(groups, group)
            else:
                heappop(groups)
            found = _besides(word, node)
            if found:
                heappush(groups, _Group(found))
        return texts

    def weight(self, text, default=None):
        """The weight of the word, or ``default`` if it is not there."""
        node = self._find(text)
        if node is None or node.word is None:
            return default
        return node.word.weight

    def count(self, prefix):
        """How many words begin with the prefix."""
        node = self._find(prefix)
        return 0 if node is None else node.count

    def __contains__(self, text):
        node = self._find(text)
        return node is not None and node.word is not None

    def __len__(self):
        return self._root.count

    def _find(self, text):
        node = self._root
        for char in _form(text):
            if node.children is None:
                return None
            node = node.children.get(char)
            if node is None:
                return None
        return node
