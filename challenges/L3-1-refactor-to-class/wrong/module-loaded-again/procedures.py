"""Stock keeping for a small workshop: python inventory.py SCRIPT

SCRIPT is a text file with one command on each line ("-": standard input).
"""

import sys
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
FINE = Decimal("0.0001")

_currency = "EUR"
_items = {}  # sku -> {"name", "quantity", "cost"}
_history = []  # (number, action, sku, quantity), the oldest first
_undo_stack = []  # (sku, the item before the change or None)
_next_number = 1
_cached_value = None  # total_value() of the present items


class InventoryError(Exception):
    """A command that cannot be carried out."""


def reset():
    """Back to an empty inventory in EUR; the next change is number 1."""
    global _currency, _next_number, _cached_value
    _currency = "EUR"
    _items.clear()
    _history.clear()
    _undo_stack.clear()
    _next_number = 1
    _cached_value = None


def set_currency(currency):
    """The currency that amounts are printed with."""
    global _currency
    _currency = currency


def _get(sku):
    if sku not in _items:
        raise InventoryError(f"unknown item: {sku}")
    return _items[sku]


def _check(quantity):
    if quantity <= 0:
        raise InventoryError(f"quantity must be positive: {quantity}")


def _log(action, sku, quantity):
    global _next_number, _cached_value
    _history.append((_next_number, action, sku, quantity))
    _next_number += 1
    _cached_value = None


def _worth(quantity, cost):
    return (quantity * cost).quantize(CENT, ROUND_HALF_UP)


def add_item(sku, name):
    """A new item, none of it in stock."""
    if sku in _items:
        raise InventoryError(f"item exists: {sku}")
    _undo_stack.append((sku, None))
    _items[sku] = {"name": name, "quantity": 0, "cost": Decimal("0.0000")}
    _log("item", sku, 0)


def receive(sku, quantity, unit_cost):
    """Goods come in; returns the new average cost of one."""
    item = _get(sku)
    _check(quantity)
    worth = item["quantity"] * item["cost"] + quantity * Decimal(unit_cost)
    _undo_stack.append((sku, dict(item)))
    item["quantity"] += quantity
    item["cost"] = (worth / item["quantity"]).quantize(FINE, ROUND_HALF_EVEN)
    _log("receive", sku, quantity)
    return item["cost"]


def ship(sku, quantity):
    """Goods go out; returns what they had cost, rounded to cents."""
    item = _get(sku)
    _check(quantity)
    have = item["quantity"]
    if quantity > have:
        raise InventoryError(f"not enough stock: {sku} has {have}, wanted {quantity}")
    _undo_stack.append((sku, dict(item)))
    item["quantity"] -= quantity
    _log("ship", sku, -quantity)
    return _worth(quantity, item["cost"])


def undo():
    """Take the last change of an item back; returns the item's sku."""
    if not _undo_stack:
        raise InventoryError("nothing to undo")
    sku, before = _undo_stack.pop()
    if before is None:
        del _items[sku]
    else:
        _items[sku] = before
    _log("undo", sku, 0)
    return sku


def stock(sku):
    """How many there are."""
    return _get(sku)["quantity"]


def total_value():
    """Value of the whole stock; each item is rounded to cents by itself."""
    global _cached_value
    if _cached_value is None:
        worths = (_worth(item["quantity"], item["cost"]) for item in _items.values())
        _cached_value = sum(worths, Decimal("0.00"))
    return _cached_value


def low_stock(limit=5):
    """The skus at or under the limit; the smallest stock first, then the oldest."""
    return sorted((sku for sku in _items if stock(sku) <= limit), key=stock)


def history(sku=None):
    """All changes as (number, action, sku, quantity), or those of one item."""
    return [entry for entry in _history if sku is None or entry[2] == sku]


def snapshot():
    """Everything but the undo stack, as data fit for JSON."""
    return {
        "currency": _currency,
        "next_number": _next_number,
        "items": {k: {**item, "cost": str(item["cost"])} for k, item in _items.items()},
        "history": [list(entry) for entry in _history],
    }


def restore(data):
    """Replace everything by what snapshot() returned; nothing is left to undo."""
    global _next_number
    reset()
    set_currency(data["currency"])
    for sku, item in data["items"].items():
        _items[sku] = {**item, "cost": Decimal(item["cost"])}
    _history.extend(tuple(entry) for entry in data["history"])
    _next_number = data["next_number"]


def _money(amount):
    return f"{_currency} {amount:,.2f}"


def report():
    """The stock as a table, sorted by name."""
    lines = ["SKU      NAME                QUANTITY       COST        VALUE"]
    for sku in sorted(_items, key=lambda sku: (_items[sku]["name"].lower(), sku)):
        item = _items[sku]
        worth = _worth(item["quantity"], item["cost"])
        row = f"{sku:<8} {item['name']:<18} {item['quantity']:>9}"
        lines.append(f"{row} {item['cost']:>10} {worth:>12,}")
    noun = "item" if len(_items) == 1 else "items"
    lines.append(f"{len(_items)} {noun}, total {_money(total_value())}")
    return "\n".join(lines)


def _number(kind, text):
    try:
        return kind(text)
    except (ValueError, ArithmeticError):
        raise InventoryError(f"not a number: {text}") from None


def run_line(line):
    """Carry one line of a script out; returns the text to be printed, or ""."""
    words = line.partition("#")[0].split()
    match words:
        case []:
            return ""
        case ["currency", currency]:
            set_currency(currency)
            return ""
        case ["item", sku, _, *_]:
            add_item(sku, " ".join(words[2:]))
            return f"added {sku}"
        case ["receive", sku, quantity, cost]:
            average = receive(sku, _number(int, quantity), _number(Decimal, cost))
            return f"{sku}: {stock(sku)} in stock at {average}"
        case ["ship", sku, quantity]:
            cost = ship(sku, _number(int, quantity))
            return f"{sku}: {stock(sku)} in stock, shipped for {_money(cost)}"
        case ["undo"]:
            return f"undone: {undo()}"
        case ["value"]:
            return _money(total_value())
        case ["low"]:
            return "\n".join(f"{sku}: {stock(sku)}" for sku in low_stock())
        case ["history"] | ["history", _]:
            entries = history(*words[1:])
            return "\n".join(f"{n:>4} {a:<8} {s:<8} {q:>+6}" for n, a, s, q in entries)
        case ["report"]:
            return report()
    raise InventoryError(f"bad command: {words[0]}")
