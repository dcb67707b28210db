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
    """What ``needs`` found out about one version of a book."""

    __slots__ = ("reference", "version", "totals")

    def __init__(self, book):
        key = id(book)
        self.reference = weakref.ref(book, lambda _: _remembered.pop(key, None))
        self.version = None
        self.totals = {}


def needs(book, product):
    """Name -> quantity of all bought parts in one product, first needed ones first.

    A bought product needs one of itself. Every call returns a new dict.
    """
    try:
        totals = _totals(book)
        found = {}
        result = dict(_needs(book, totals, found, product))
        totals.update(found)  # nothing of a call that failed
        return result
    except MissingPart as error:
        _failed[_plain(product)] = str(error)
        raise


def _totals(book):
    """What is remembered of the latest version; nothing else is from now on."""
    version = book.version
    results = _remembered.get(id(book))
    if results is None:
        results = _remembered[id(book)] = _Results(book)
    if results.version != version:
        results.version = version
        results.totals = {}
    return results.totals


def _needs(book, totals, found, name):
    key = _plain(name)
    if key in totals:
        return totals[key]
    if key not in found:
        total = {}
        for part, quantity in _lines(book, name):
            for bought, each in _needs(book, totals, found, part).items():
                total[bought] = total.get(bought, 0) + quantity * each
        found[key] = total or {key: 1}
    return found[key]


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
