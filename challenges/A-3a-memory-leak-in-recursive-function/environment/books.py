"""Books of parts, whose objects are counted. Leave this file as it is.

``counts["books"]`` and ``counts["names"]`` say how many objects of the two classes
exist now, ``counts["reads"]`` how often ``Book.lines`` was called.
"""

counts = {"books": 0, "names": 0, "reads": 0}


class Name(str):
    """The name of a product or a part."""

    def __new__(cls, text):
        counts["names"] += 1
        return super().__new__(cls, text)

    def __del__(self):
        counts["names"] -= 1


class Book:
    """Says for each product of what it is made."""

    __slots__ = ("__weakref__", "_lines", "version")

    def __init__(self):
        counts["books"] += 1
        self.version = 0
        self._lines = {}

    def __del__(self):
        counts["books"] -= 1

    def put(self, name, lines):
        """Set a product's lines: (name of the part, quantity) each; none if bought."""
        self._lines.pop(name, None)
        self._lines[name] = list(lines)
        self.version += 1

    def lines(self, name):
        """A product's lines; KeyError if the book does not have it."""
        counts["reads"] += 1
        return self._lines[name]
