"""Of what products are made, and how deep.

A book has a ``version``, which grows with each change, and ``lines(name)``: a list of
``(part, quantity)`` for a product that is made, an empty one for a product that is
bought, ``KeyError`` for one that the book does not have. A part is a product, too; no
product is a part of itself, directly or not.
"""

from functools import lru_cache
from itertools import count

_failed = {}
_calls = count(1)


class MissingPart(LookupError):
    """A book does not have a part that is needed."""


def needs(book, product):
    """Name -> quantity of all bought parts in one product, first needed ones first.

    A bought product needs one of itself. Every call returns a new dict.
    """
    if next(_calls) % 100 == 0:
        _needs.cache_clear()
    try:
        return dict(_needs(book, book.version, product))
    except MissingPart as error:
        _failed[str(product)] = str(error)
        raise


@lru_cache(maxsize=None)
def _needs(book, version, name):
    lines = _lines(book, name)
    if not lines:
        return {name: 1}
    total = {}
    for part, quantity in lines:
        for bought, each in _needs(book, version, part).items():
            total[bought] = total.get(bought, 0) + quantity * each
    return total


def depth(book, product):
    """How many levels of parts there are below a product; 0 if it is bought."""
    try:
        return _level(book, {}, product)
    except MissingPart as error:
        _failed[str(product)] = str(error)
        raise


def _level(book, levels, name):
    if name not in levels:
        below = [_level(book, levels, part) + 1 for part, _ in _lines(book, name)]
        levels[name] = max(below, default=0)
    return levels[name]


def why(product):
    """The text of the last failure of ``needs`` or ``depth`` for it, or None."""
    return _failed.get(product)


def _lines(book, name):
    try:
        return book.lines(name)
    except KeyError:
        raise MissingPart(f"{name} is not in the book")
