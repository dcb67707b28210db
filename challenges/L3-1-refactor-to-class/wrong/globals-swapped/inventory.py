"""Stock keeping for a small workshop: python inventory.py SCRIPT

SCRIPT is a text file with one command on each line ("-": standard input).
"""

import sys
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
FINE = Decimal("0.0001")

_the_currency = "EUR"
_the_items = {}  # sku -> {"name", "quantity", "cost"}
_the_history = []  # (number, action, sku, quantity), the oldest first
_the_undo_stack = []  # (sku, the item before the change or None)
_the_next_number = 1
_the_cached_value = None  # _old_total_value() of the present items


class InventoryError(Exception):
    """A command that cannot be carried out."""


def _old_reset():
    """Back to an empty inventory in EUR; the next change is number 1."""
    global _the_currency, _the_next_number, _the_cached_value
    _the_currency = "EUR"
    _the_items.clear()
    _the_history.clear()
    _the_undo_stack.clear()
    _the_next_number = 1
    _the_cached_value = None


def _old_set_currency(currency):
    """The currency that amounts are printed with."""
    global _the_currency
    _the_currency = currency


def _get(sku):
    if sku not in _the_items:
        raise InventoryError(f"unknown item: {sku}")
    return _the_items[sku]


def _check(quantity):
    if quantity <= 0:
        raise InventoryError(f"quantity must be positive: {quantity}")


def _log(action, sku, quantity):
    global _the_next_number, _the_cached_value
    _the_history.append((_the_next_number, action, sku, quantity))
    _the_next_number += 1
    _the_cached_value = None


def _worth(quantity, cost):
    return (quantity * cost).quantize(CENT, ROUND_HALF_UP)


def _old_add_item(sku, name):
    """A new item, none of it in stock."""
    if sku in _the_items:
        raise InventoryError(f"item exists: {sku}")
    _the_undo_stack.append((sku, None))
    _the_items[sku] = {"name": name, "quantity": 0, "cost": Decimal("0.0000")}
    _log("item", sku, 0)


def _old_receive(sku, quantity, unit_cost):
    """Goods come in; returns the new average cost of one."""
    item = _get(sku)
    _check(quantity)
    worth = item["quantity"] * item["cost"] + quantity * Decimal(unit_cost)
    _the_undo_stack.append((sku, dict(item)))
    item["quantity"] += quantity
    item["cost"] = (worth / item["quantity"]).quantize(FINE, ROUND_HALF_EVEN)
    _log("receive", sku, quantity)
    return item["cost"]


def _old_ship(sku, quantity):
    """Goods go out; returns what they had cost, rounded to cents."""
    item = _get(sku)
    _check(quantity)
    have = item["quantity"]
    if quantity > have:
        raise InventoryError(f"not enough stock: {sku} has {have}, wanted {quantity}")
    _the_undo_stack.append((sku, dict(item)))
    item["quantity"] -= quantity
    _log("ship", sku, -quantity)
    return _worth(quantity, item["cost"])


def _old_undo():
    """Take the last change of an item back; returns the item's sku."""
    if not _the_undo_stack:
        raise InventoryError("nothing to undo")
    sku, before = _the_undo_stack.pop()
    if before is None:
        del _the_items[sku]
    else:
        _the_items[sku] = before
    _log("undo", sku, 0)
    return sku


def _old_stock(sku):
    """How many there are."""
    return _get(sku)["quantity"]


def _old_total_value():
    """Value of the whole stock; each item is rounded to cents by itself."""
    global _the_cached_value
    if _the_cached_value is None:
        worths = (
            _worth(item["quantity"], item["cost"]) for item in _the_items.values()
        )
        _the_cached_value = sum(worths, Decimal("0.00"))
    return _the_cached_value


def _old_low_stock(limit=5):
    """The skus at or under the limit; the smallest stock first, then the oldest."""
    return sorted(
        (sku for sku in _the_items if _old_stock(sku) <= limit), key=_old_stock
    )


def _old_history(sku=None):
    """All changes as (number, action, sku, quantity), or those of one item."""
    return [entry for entry in _the_history if sku is None or entry[2] == sku]


def _old_snapshot():
    """Everything but the undo stack, as data fit for JSON."""
    return {
        "currency": _the_currency,
        "next_number": _the_next_number,
        "items": {
            k: {**item, "cost": str(item["cost"])} for k, item in _the_items.items()
        },
        "history": [list(entry) for entry in _the_history],
    }


def _old_restore(data):
    """Replace everything by what _old_snapshot() returned; nothing is left to undo."""
    global _the_next_number
    _old_reset()
    _old_set_currency(data["currency"])
    for sku, item in data["items"].items():
        _the_items[sku] = {**item, "cost": Decimal(item["cost"])}
    _the_history.extend(tuple(entry) for entry in data["history"])
    _the_next_number = data["next_number"]


def _money(amount):
    return f"{_the_currency} {amount:,.2f}"


def _old_report():
    """The stock as a table, sorted by name."""
    lines = ["SKU      NAME                QUANTITY       COST        VALUE"]
    for sku in sorted(
        _the_items, key=lambda sku: (_the_items[sku]["name"].lower(), sku)
    ):
        item = _the_items[sku]
        worth = _worth(item["quantity"], item["cost"])
        row = f"{sku:<8} {item['name']:<18} {item['quantity']:>9}"
        lines.append(f"{row} {item['cost']:>10} {worth:>12,}")
    noun = "item" if len(_the_items) == 1 else "items"
    lines.append(f"{len(_the_items)} {noun}, total {_money(_old_total_value())}")
    return "\n".join(lines)


def _number(kind, text):
    try:
        return kind(text)
    except (ValueError, ArithmeticError):
        raise InventoryError(f"not a number: {text}") from None


def _old_run_line(line):
    """Carry one line of a script out; returns the text to be printed, or ""."""
    words = line.partition("#")[0].split()
    match words:
        case []:
            return ""
        case ["currency", currency]:
            _old_set_currency(currency)
            return ""
        case ["item", sku, _, *_]:
            _old_add_item(sku, " ".join(words[2:]))
            return f"added {sku}"
        case ["receive", sku, quantity, cost]:
            average = _old_receive(sku, _number(int, quantity), _number(Decimal, cost))
            return f"{sku}: {_old_stock(sku)} in stock at {average}"
        case ["ship", sku, quantity]:
            cost = _old_ship(sku, _number(int, quantity))
            return f"{sku}: {_old_stock(sku)} in stock, shipped for {_money(cost)}"
        case ["undo"]:
            return f"undone: {_old_undo()}"
        case ["value"]:
            return _money(_old_total_value())
        case ["low"]:
            return "\n".join(f"{sku}: {_old_stock(sku)}" for sku in _old_low_stock())
        case ["history"] | ["history", _]:
            entries = _old_history(*words[1:])
            return "\n".join(f"{n:>4} {a:<8} {s:<8} {q:>+6}" for n, a, s, q in entries)
        case ["report"]:
            return _old_report()
    raise InventoryError(f"bad command: {words[0]}")


class Inventory:
    def __init__(self, data=None):
        self._state = ("EUR", {}, [], [], 1, None)
        if data is not None:
            self.restore(data)

    def _with_state(self, function, *arguments):
        global \
            _the_currency, \
            _the_items, \
            _the_history, \
            _the_undo_stack, \
            _the_next_number, \
            _the_cached_value
        kept = (
            _the_currency,
            _the_items,
            _the_history,
            _the_undo_stack,
            _the_next_number,
            _the_cached_value,
        )
        (
            _the_currency,
            _the_items,
            _the_history,
            _the_undo_stack,
            _the_next_number,
            _the_cached_value,
        ) = self._state
        try:
            return function(*arguments)
        finally:
            self._state = (
                _the_currency,
                _the_items,
                _the_history,
                _the_undo_stack,
                _the_next_number,
                _the_cached_value,
            )
            (
                _the_currency,
                _the_items,
                _the_history,
                _the_undo_stack,
                _the_next_number,
                _the_cached_value,
            ) = kept

    def reset(self):
        return self._with_state(_old_reset)

    def set_currency(self, currency):
        return self._with_state(_old_set_currency, currency)

    def add_item(self, sku, name):
        return self._with_state(_old_add_item, sku, name)

    def receive(self, sku, quantity, unit_cost):
        return self._with_state(_old_receive, sku, quantity, unit_cost)

    def ship(self, sku, quantity):
        return self._with_state(_old_ship, sku, quantity)

    def undo(self):
        return self._with_state(_old_undo)

    def stock(self, sku):
        return self._with_state(_old_stock, sku)

    def total_value(self):
        return self._with_state(_old_total_value)

    def low_stock(self, limit=5):
        return self._with_state(_old_low_stock, limit)

    def history(self, sku=None):
        return self._with_state(_old_history, sku)

    def snapshot(self):
        return self._with_state(_old_snapshot)

    def restore(self, data):
        return self._with_state(_old_restore, data)

    def report(self):
        return self._with_state(_old_report)

    def run_line(self, line):
        return self._with_state(_old_run_line, line)


default_inventory = Inventory()


def reset():
    """Inventory.reset of the default inventory."""
    default_inventory.reset()


def set_currency(currency):
    """Inventory.set_currency of the default inventory."""
    default_inventory.set_currency(currency)


def add_item(sku, name):
    """Inventory.add_item of the default inventory."""
    default_inventory.add_item(sku, name)


def receive(sku, quantity, unit_cost):
    """Inventory.receive of the default inventory."""
    return default_inventory.receive(sku, quantity, unit_cost)


def ship(sku, quantity):
    """Inventory.ship of the default inventory."""
    return default_inventory.ship(sku, quantity)


def undo():
    """Inventory.undo of the default inventory."""
    return default_inventory.undo()


def stock(sku):
    """Inventory.stock of the default inventory."""
    return default_inventory.stock(sku)


def total_value():
    """Inventory.total_value of the default inventory."""
    return default_inventory.total_value()


def low_stock(limit=5):
    """Inventory.low_stock of the default inventory."""
    return default_inventory.low_stock(limit)


def history(sku=None):
    """Inventory.history of the default inventory."""
    return default_inventory.history(sku)


def snapshot():
    """Inventory.snapshot of the default inventory."""
    return default_inventory.snapshot()


def restore(data):
    """Inventory.restore of the default inventory."""
    default_inventory.restore(data)


def report():
    """Inventory.report of the default inventory."""
    return default_inventory.report()


def run_line(line):
    """Inventory.run_line of the default inventory."""
    return default_inventory.run_line(line)


def main(argv):
    """Run a script; returns the exit status."""
    if len(argv) != 1:
        print("usage: python inventory.py SCRIPT", file=sys.stderr)
        return 2
    try:
        with open(0 if argv[0] == "-" else argv[0], encoding="utf-8") as script:
            lines = script.read().splitlines()
    except OSError:
        print(f"cannot read {argv[0]}", file=sys.stderr)
        return 2
    failed = 0
    for number, line in enumerate(lines, 1):
        try:
            output = run_line(line)
        except InventoryError as error:
            failed += 1
            print(f"line {number}: {error}", file=sys.stderr)
        else:
            if output:
                print(output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
