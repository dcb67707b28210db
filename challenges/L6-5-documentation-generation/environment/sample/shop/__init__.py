"""A small shop.

Put what you want into a `Cart`, which knows the `shop.prices`. The cart of
a customer is a `shop.cart.Cart`; its lines can be changed later:

>>> cart = Cart("Ana")
>>> cart.add("tea", count=2)
>>> cart.total
700

Prices are in cents, see `CURRENCY`.
"""

from shop.cart import Cart

from .prices import price_of as price

__all__ = ["CURRENCY", "Cart", "price"]

CURRENCY = "EUR"
