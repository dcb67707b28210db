"""Prints a `shop.cart.Cart`. Needs a printer."""

import receipt_printer  # not everybody has it

PRINTER = receipt_printer.connect("till")
PRINTER.ring()


def report(cart, printer=PRINTER):
    """Print it."""
    for line in cart.lines:
        printer.print(f"{line.name} {line.count}")
