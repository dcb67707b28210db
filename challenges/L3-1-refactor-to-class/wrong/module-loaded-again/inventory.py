"""Stock keeping for a small workshop: python inventory.py SCRIPT"""

import importlib.util
import sys
from pathlib import Path

import procedures
from procedures import InventoryError


class Inventory:
    """Each inventory has the old module to itself."""

    def __init__(self, data=None):
        spec = importlib.util.spec_from_file_location("procedures", procedures.__file__)
        self._module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._module)
        self._module.InventoryError = InventoryError
        if data is not None:
            self.restore(data)

    def reset(self):
        return self._module.reset()

    def set_currency(self, currency):
        return self._module.set_currency(currency)

    def add_item(self, sku, name):
        return self._module.add_item(sku, name)

    def receive(self, sku, quantity, unit_cost):
        return self._module.receive(sku, quantity, unit_cost)

    def ship(self, sku, quantity):
        return self._module.ship(sku, quantity)

    def undo(self):
        return self._module.undo()

    def stock(self, sku):
        return self._module.stock(sku)

    def total_value(self):
        return self._module.total_value()

    def low_stock(self, limit=5):
        return self._module.low_stock(limit)

    def history(self, sku=None):
        return self._module.history(sku)

    def snapshot(self):
        return self._module.snapshot()

    def restore(self, data):
        return self._module.restore(data)

    def report(self):
        return self._module.report()

    def run_line(self, line):
        return self._module.run_line(line)


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
