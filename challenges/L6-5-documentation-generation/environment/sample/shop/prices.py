"""Prices of all things,
in cents.

The table is fixed. `price_of` looks things up in it; use ``price_of(name)`` and
not the table, which the next version may keep elsewhere.

    >>> price_of("salt")
    90
"""

from typing import overload

TABLE = {
    "salt": 90,
    "tea": 350,
}


@overload
def price_of(name: str, default: None = None) -> int: ...
@overload
def price_of(name: str, default: int) -> int: ...
def price_of(name, default=None):
    """The price of a thing.

    >>> price_of("tea")
    350

    If there is no such thing, it is `default`; without one, `KeyError` is raised:

    >>> price_of("gold", 0)
    0
    >>> price_of("gold")
    Traceback (most recent call last):
    KeyError: 'gold'
    """
    if default is None:
        return TABLE[name]
    return TABLE.get(name, default)
