"""Runs in the child: books and names that are counted, and scripts of calls.

Garbage collection is off from here on, and each run of it is noted.
"""

import gc
import sys

gc.disable()
gc.collect()

alive = {"books": 0, "names": 0}
collections: list[str] = []
gc.callbacks.append(lambda phase, info: collections.append(phase))


class Name(str):
    """The name of a product."""

    def __new__(cls, text):
        alive["names"] += 1
        return super().__new__(cls, text)

    def __del__(self):
        alive["names"] -= 1


class Book:
    """Holds a table of lines."""

    __slots__ = ("__weakref__", "load", "table", "version")

    def __init__(self, table, size=0):
        alive["books"] += 1
        self.version = 0
        self.load = bytearray(size)
        self.fill(table)

    def __del__(self):
        alive["books"] -= 1

    def fill(self, table):
        self.version += 1
        self.table = {
            Name(name): [(Name(part), quantity) for part, quantity in lines]
            for name, lines in table.items()
        }

    def lines(self, name):
        return self.table[name]


class AskedBook:
    """Asks the judge for its lines. Its version is a new number at each look."""

    __slots__ = ("__weakref__", "changes", "read")

    def __init__(self, read):
        self.read = read
        self.changes = 1

    @property
    def version(self):
        return self.changes + 1000

    @version.setter
    def version(self, changes):
        self.changes = changes

    def lines(self, name):
        found = self.read(name)
        if found is None:
            raise KeyError(name)
        return found


def ask(parts, function, book, product, kept):
    """One call. ``kept`` holds results that the caller keeps."""
    try:
        found = getattr(parts, function)(book, Name(product))
    except LookupError as error:
        return str(error)
    if kept is not None:
        kept.append(found)
    return dict(found) if type(found) is dict else found


def play(parts, steps, keep=False):
    """``[operation, number of the book, …]`` each; after each: outcome, counts."""
    books, seen = {}, []
    kept = [] if keep else None
    for operation, number, *given in steps:
        outcome = None
        if operation == "book":
            books[number] = Book(*given)
        elif operation == "fill":
            books[number].fill(*given)
        elif operation == "drop":
            del books[number]
        else:
            outcome = ask(parts, operation, books[number], *given, kept)
            if type(outcome) is dict:
                # Plain names: what the judge gets keeps nothing alive here.
                outcome = {str(name): count for name, count in outcome.items()}
        seen.append([outcome, alive["books"], alive["names"], len(collections)])
    return seen


def blocks_of_repeated(parts, table, products, times):
    """Memory blocks in use after one round of calls, and after many more."""
    book = Book(table)

    def one_round():
        for product in products:
            for function in ("needs", "depth"):
                ask(parts, function, book, product, None)
            parts.why(product)

    for _ in range(3):
        one_round()
    before = sys.getallocatedblocks()
    for _ in range(times):
        one_round()
    return [before, sys.getallocatedblocks()]


def blocks_of_versions(parts, tables):
    """Memory blocks in use after each of these fillings of one book was asked about."""
    book, seen = Book({}), []
    for table in tables:
        book.fill(table)
        for product in table:
            for function in ("needs", "depth"):
                ask(parts, function, book, product, None)
        seen.append(sys.getallocatedblocks())
    return seen
