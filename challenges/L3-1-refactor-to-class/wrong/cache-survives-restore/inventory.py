"""Stock keeping for a small workshop: python inventory.py SCRIPT

SCRIPT is a text file with one command on each line ("-": standard input).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
FINE = Decimal("0.0001")

Entry = tuple[int, str, str, int]


class InventoryError(Exception):
    """A command that cannot be carried out."""


class Inventory:
    """The stock of one workshop: its items, their history, and what can be undone."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        """An empty inventory, or the one that snapshot() returned as ``data``."""
        self.reset()
        if data is not None:
            self.restore(data)

    def reset(self) -> None:
        """Back to an empty inventory in EUR; the next change is number 1."""
        self._currency = "EUR"
        self._items: dict[str, dict[str, Any]] = {}
        self._history: list[Entry] = []
        self._undo_stack: list[tuple[str, dict[str, Any] | None]] = []
        self._next_number = 1
        self._cached_value: Decimal | None = None

    def set_currency(self, currency: str) -> None:
        """The currency that amounts are printed with."""
        self._currency = currency

    def _get(self, sku: str) -> dict[str, Any]:
        if sku not in self._items:
            raise InventoryError(f"unknown item: {sku}")
        return self._items[sku]

    def _log(self, action: str, sku: str, quantity: int) -> None:
        self._history.append((self._next_number, action, sku, quantity))
        self._next_number += 1
        self._cached_value = None

    def add_item(self, sku: str, name: str) -> None:
        """A new item, none of it in stock."""
        if sku in self._items:
            raise InventoryError(f"item exists: {sku}")
        self._undo_stack.append((sku, None))
        self._items[sku] = {"name": name, "quantity": 0, "cost": Decimal("0.0000")}
        self._log("item", sku, 0)

    def receive(self, sku: str, quantity: int, unit_cost: Decimal | str) -> Decimal:
        """Goods come in; returns the new average cost of one."""
        item = self._get(sku)
        _check(quantity)
        worth = item["quantity"] * item["cost"] + quantity * Decimal(unit_cost)
        self._undo_stack.append((sku, dict(item)))
        item["quantity"] += quantity
        item["cost"] = (worth / item["quantity"]).quantize(FINE, ROUND_HALF_EVEN)
        self._log("receive", sku, quantity)
        return item["cost"]  # type: ignore[no-any-return]

    def ship(self, sku: str, quantity: int) -> Decimal:
        """Goods go out; returns what they had cost, rounded to cents."""
        item = self._get(sku)
        _check(quantity)
        have = item["quantity"]
        if quantity > have:
            text = f"not enough stock: {sku} has {have}, wanted {quantity}"
            raise InventoryError(text)
        self._undo_stack.append((sku, dict(item)))
        item["quantity"] -= quantity
        self._log("ship", sku, -quantity)
        return _worth(quantity, item["cost"])

    def undo(self) -> str:
        """Take the last change of an item back; returns the item's sku."""
        if not self._undo_stack:
            raise InventoryError("nothing to undo")
        sku, before = self._undo_stack.pop()
        if before is None:
            del self._items[sku]
        else:
            self._items[sku] = before
        self._log("undo", sku, 0)
        return sku

    def stock(self, sku: str) -> int:
        """How many there are."""
        return self._get(sku)["quantity"]  # type: ignore[no-any-return]

    def total_value(self) -> Decimal:
        """Value of the whole stock; each item is rounded to cents by itself."""
        if self._cached_value is None:
            items = self._items.values()
            worths = (_worth(item["quantity"], item["cost"]) for item in items)
            self._cached_value = sum(worths, Decimal("0.00"))
        return self._cached_value

    def low_stock(self, limit: int = 5) -> list[str]:
        """The skus at or under the limit; the smallest stock first, then the oldest."""
        skus = (sku for sku in self._items if self.stock(sku) <= limit)
        return sorted(skus, key=self.stock)

    def history(self, sku: str | None = None) -> list[Entry]:
        """All changes as (number, action, sku, quantity), or those of one item."""
        return [entry for entry in self._history if sku is None or entry[2] == sku]

    def snapshot(self) -> dict[str, Any]:
        """Everything but the undo stack, as data fit for JSON."""
        items = self._items.items()
        return {
            "currency": self._currency,
            "next_number": self._next_number,
            "items": {k: {**item, "cost": str(item["cost"])} for k, item in items},
            "history": [list(entry) for entry in self._history],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Replace everything by what snapshot() returned; nothing is left to undo."""
        self._items = {}
        self._history = []
        self._undo_stack = []
        self.set_currency(data["currency"])
        for sku, item in data["items"].items():
            self._items[sku] = {**item, "cost": Decimal(item["cost"])}
        self._history.extend(tuple(entry) for entry in data["history"])
        self._next_number = data["next_number"]

    def _money(self, amount: Decimal) -> str:
        return f"{self._currency} {amount:,.2f}"

    def report(self) -> str:
        """The stock as a table, sorted by name."""
        lines = ["SKU      NAME                QUANTITY       COST        VALUE"]
        items = self._items
        for sku in sorted(items, key=lambda sku: (items[sku]["name"].lower(), sku)):
            item = items[sku]
            worth = _worth(item["quantity"], item["cost"])
            row = f"{sku:<8} {item['name']:<18} {item['quantity']:>9}"
            lines.append(f"{row} {item['cost']:>10} {worth:>12,}")
        noun = "item" if len(items) == 1 else "items"
        lines.append(f"{len(items)} {noun}, total {self._money(self.total_value())}")
        return "\n".join(lines)

    def run_line(self, line: str) -> str:
        """Carry one line of a script out; returns the text to be printed, or ""."""
        words = line.partition("#")[0].split()
        match words:
            case []:
                return ""
            case ["currency", currency]:
                self.set_currency(currency)
                return ""
            case ["item", sku, _, *_]:
                self.add_item(sku, " ".join(words[2:]))
                return f"added {sku}"
            case ["receive", sku, quantity, cost]:
                number = _number(int, quantity)
                average = self.receive(sku, number, _number(Decimal, cost))
                return f"{sku}: {self.stock(sku)} in stock at {average}"
            case ["ship", sku, quantity]:
                worth = self._money(self.ship(sku, _number(int, quantity)))
                return f"{sku}: {self.stock(sku)} in stock, shipped for {worth}"
            case ["undo"]:
                return f"undone: {self.undo()}"
            case ["value"]:
                return self._money(self.total_value())
            case ["low"]:
                return "\n".join(f"{s}: {self.stock(s)}" for s in self.low_stock())
            case ["history"] | ["history", _]:
                rows = self.history(*words[1:])
                return "\n".join(f"{n:>4} {a:<8} {s:<8} {q:>+6}" for n, a, s, q in rows)
            case ["report"]:
                return self.report()
        raise InventoryError(f"bad command: {words[0]}")


def _check(quantity: int) -> None:
    if quantity <= 0:
        raise InventoryError(f"quantity must be positive: {quantity}")


def _worth(quantity: int, cost: Decimal) -> Decimal:
    return (quantity * cost).quantize(CENT, ROUND_HALF_UP)


def _number(kind: Callable[[str], Any], text: str) -> Any:
    try:
        return kind(text)
    except (ValueError, ArithmeticError):
        raise InventoryError(f"not a number: {text}") from None


default_inventory = Inventory()


def reset() -> None:
    """Inventory.reset of the default inventory."""
    default_inventory.reset()


def set_currency(currency: str) -> None:
    """Inventory.set_currency of the default inventory."""
    default_inventory.set_currency(currency)


def add_item(sku: str, name: str) -> None:
    """Inventory.add_item of the default inventory."""
    default_inventory.add_item(sku, name)


def receive(sku: str, quantity: int, unit_cost: Decimal | str) -> Decimal:
    """Inventory.receive of the default inventory."""
    return default_inventory.receive(sku, quantity, unit_cost)


def ship(sku: str, quantity: int) -> Decimal:
    """Inventory.ship of the default inventory."""
    return default_inventory.ship(sku, quantity)


def undo() -> str:
    """Inventory.undo of the default inventory."""
    return default_inventory.undo()


def stock(sku: str) -> int:
    """Inventory.stock of the default inventory."""
    return default_inventory.stock(sku)


def total_value() -> Decimal:
    """Inventory.total_value of the default inventory."""
    return default_inventory.total_value()


def low_stock(limit: int = 5) -> list[str]:
    """Inventory.low_stock of the default inventory."""
    return default_inventory.low_stock(limit)


def history(sku: str | None = None) -> list[Entry]:
    """Inventory.history of the default inventory."""
    return default_inventory.history(sku)


def snapshot() -> dict[str, Any]:
    """Inventory.snapshot of the default inventory."""
    return default_inventory.snapshot()


def restore(data: dict[str, Any]) -> None:
    """Inventory.restore of the default inventory."""
    default_inventory.restore(data)


def report() -> str:
    """Inventory.report of the default inventory."""
    return default_inventory.report()


def run_line(line: str) -> str:
    """Inventory.run_line of the default inventory."""
    return default_inventory.run_line(line)


def main(argv: list[str]) -> int:
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
            output = default_inventory.run_line(line)
        except InventoryError as error:
            failed += 1
            print(f"line {number}: {error}", file=sys.stderr)
        else:
            if output:
                print(output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
