"""What a customer has chosen so far."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from ._rounding import to_cents
from .prices import price_of


class Cart:
    """The cart of one customer, a list of `Cart.Line` objects.

    >>> cart = Cart("Ana")
    >>> cart.add("tea")
    >>> cart.add("salt", count=3)
    >>> [line.name for line in cart.lines]
    ['tea', 'salt']
    """

    LIMIT: int = 99

    @dataclass(frozen=True)
    class Line:
        """Some pieces of one thing."""

        name: str
        count: int = 1

        def cents(self) -> int:
            """What this line costs, by `shop.prices.price_of`."""
            return price_of(self.name) * self.count

    def __init__(self, customer: str, /, *lines: Line, discount: float = 0.0) -> None:
        self.customer = customer
        self.lines = list(lines)
        self._discount = discount

    def add(
        self,
        name: str,
        *,
        count: int = 1,  # at most LIMIT
    ) -> None:
        """Put something in.

        Raises:
            ValueError: more than `Cart.LIMIT` pieces
        """
        if not 0 < count <= self.LIMIT:
            raise ValueError(count)
        self.lines.append(self.Line(name, count))

    @property
    def discount(self) -> float:
        """The part of the price that the customer saves, 0 to 1."""
        return self._discount

    @discount.setter
    def discount(self, part: float) -> None:
        self._discount = part

    @property
    def total(self) -> int:
        """Cents to be paid.

        >>> cart = Cart("Ben", Cart.Line("tea"), discount=0.5)
        >>> cart.total
        175
        """
        return to_cents(sum(line.cents() for line in self.lines) * (1 - self.discount))

    async def deliver(self, *, fast: bool = False) -> AsyncIterator[Line]:
        """Hand over the lines, one after the other."""
        for line in sorted(self.lines, key=lambda line: line.count):
            yield line

    def _check(self) -> None:
        """Not for customers."""
