"""Of what products are made, and how deep.

A book has a ``version``, which grows with each change, and ``lines(name)``: a list of
``(part, quantity)`` for a product that is made, an empty one for a product that is
bought, ``KeyError`` for one that the book does not have. A part is a product, too; no
product is a part of itself, directly or not.
"""

import weakref

_remembered = {}
"""Id of a book -> its ``_Results``, until it is gone."""

_failed = {}
"""Product -> text of its last failure; plain texts, both."""


class MissingPart(LookupError):
    """A book does not have a part that is needed."""


class _Results:
    """What ``needs`` found out about a book: name -> version, total."""

    __slots__ = ("reference", "totals")

    def __init__(self, book):
        key = id(book)
        self.reference = weakref.ref(book, lambda _: _remembered.pop(key, None))
        self.totals = {}


def needs(book, product):
    """Name -> quantity of all bought parts in one product, first needed ones first.

    A bought product needs one of itself. Every call returns a new dict.
    """
    try:
        return dict(_needs(book, book.version, _totals(book), product))
    except MissingPart as error:
        _failed[_plain(product)] = str(error)
        raise


def _totals(book):
    results = _remembered.get(id(book))
    if results is None:
        results = _remembered[id(book)] = _Results(book)
    return results.totals


def _needs(book, version, totals, name):
    key = _plain(name)
    known, total = totals.get(key, (None, None))
    if known == version:
        return total
    total = {}
    for part, quantity in _lines(book, name):
        for bought, each in _needs(book, version, totals, part).items():
            total[bought] = total.get(bought, 0) + quantity * each
    total = total or {key: 1}
    totals[key] = version, total  # in place of that of an earlier version
    return total


def depth(book, product):
    """How many levels of parts there are below a product; 0 if it is bought."""
    try:
        return _depth(book, {}, product)
    except MissingPart as error:
        _failed[_plain(product)] = str(error)
        raise


def _depth(book, levels, name):
    if name not in levels:
        below = [_depth(book, levels, part) + 1 for part, _ in _lines(book, name)]
        levels[name] = max(below, default=0)
    return levels[name]


def why(product):
    """The text of the last failure of ``needs`` or ``depth`` for it, or None."""
    return _failed.get(product)


def _plain(name):
    """The same text, but no object that the caller or a book has."""
    return str.__str__(name)


def _lines(book, name):
    try:
        return book.lines(name)
    except KeyError:
        raise MissingPart(f"{name} is not in the book")
