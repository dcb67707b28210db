"""What one inventory must do, and random work for it.

``Model`` is written on its own, as immutable rows; it never leaves this process.
"""

from __future__ import annotations

import random
from decimal import ROUND_HALF_EVEN
from decimal import ROUND_HALF_UP
from decimal import Decimal
from typing import Any

SKUS = ["A1", "b2", "C-3", "d4", "E5"]
NAMES = ["Bolt", "bolt", "Angle bracket", "Zinc plate 20 x 30 mm", "Washer"]


class Refused(Exception):
    """What InventoryError is in the program."""


class Model:
    """What one inventory must do; rows are (name, quantity, cost) by sku."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.currency = "EUR"
        self.rows: dict[str, tuple[str, int, Decimal]] = {}
        self.entries: list[tuple[int, str, str, int]] = []
        self.past: list[tuple[str, tuple[str, int, Decimal] | None]] = []
        self.upcoming = 1

    def set_currency(self, currency: str) -> None:
        self.currency = currency

    def _row(self, sku: str) -> tuple[str, int, Decimal]:
        if sku not in self.rows:
            raise Refused(f"unknown item: {sku}")
        return self.rows[sku]

    def _note(self, action: str, sku: str, quantity: int) -> None:
        self.entries.append((self.upcoming, action, sku, quantity))
        self.upcoming += 1

    def _put(self, sku: str, row: tuple[str, int, Decimal], *change: Any) -> None:
        self.past.append((sku, self.rows.get(sku)))
        self.rows[sku] = row
        self._note(change[0], sku, change[1])

    def add_item(self, sku: str, name: str) -> None:
        if sku in self.rows:
            raise Refused(f"item exists: {sku}")
        self._put(sku, (name, 0, Decimal("0.0000")), "item", 0)

    def receive(self, sku: str, quantity: int, unit_cost: str | Decimal) -> Decimal:
        name, old, cost = self._row(sku)
        if quantity <= 0:
            raise Refused(f"quantity must be positive: {quantity}")
        mean = (old * cost + quantity * Decimal(unit_cost)) / (old + quantity)
        mean = mean.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        self._put(sku, (name, old + quantity, mean), "receive", quantity)
        return mean

    def ship(self, sku: str, quantity: int) -> Decimal:
        name, old, cost = self._row(sku)
        if quantity <= 0:
            raise Refused(f"quantity must be positive: {quantity}")
        if quantity > old:
            raise Refused(f"not enough stock: {sku} has {old}, wanted {quantity}")
        self._put(sku, (name, old - quantity, cost), "ship", -quantity)
        return cents(quantity * cost)

    def undo(self) -> str:
        if not self.past:
            raise Refused("nothing to undo")
        sku, row = self.past.pop()
        if row is None:
            del self.rows[sku]
        else:
            self.rows[sku] = row
        self._note("undo", sku, 0)
        return sku

    def stock(self, sku: str) -> int:
        return self._row(sku)[1]

    def total_value(self) -> Decimal:
        return sum((cents(q * c) for _, q, c in self.rows.values()), Decimal("0.00"))

    def low_stock(self, limit: int = 5) -> list[str]:
        low = [(row[1], age, sku) for age, (sku, row) in enumerate(self.rows.items())]
        return [sku for quantity, _, sku in sorted(low) if quantity <= limit]

    def history(self, sku: str | None = None) -> list[tuple[int, str, str, int]]:
        return [entry for entry in self.entries if sku in (None, entry[2])]

    def snapshot(self) -> dict[str, Any]:
        items = {
            sku: {"name": name, "quantity": quantity, "cost": str(cost)}
            for sku, (name, quantity, cost) in self.rows.items()
        }
        log = [list(entry) for entry in self.entries]
        kept = {"currency": self.currency, "next_number": self.upcoming}
        return {**kept, "items": items, "history": log}

    def restore(self, data: dict[str, Any]) -> None:
        self.reset()
        self.currency, self.upcoming = data["currency"], data["next_number"]
        for sku, item in data["items"].items():
            self.rows[sku] = (item["name"], item["quantity"], Decimal(item["cost"]))
        self.entries = [tuple(entry) for entry in data["history"]]

    def _money(self, amount: Decimal) -> str:
        return f"{self.currency} {amount:,.2f}"

    def report(self) -> str:
        text = "SKU      NAME                QUANTITY       COST        VALUE\n"
        for name, sku in sorted((r[0].lower(), sku) for sku, r in self.rows.items()):
            name, quantity, cost = self.rows[sku]
            value = format(cents(quantity * cost), ",")
            text += f"{sku:8} {name:18} {quantity:9} {cost!s:>10} {value:>12}\n"
        noun = "items" if len(self.rows) != 1 else "item"
        return f"{text}{len(self.rows)} {noun}, total {self._money(self.total_value())}"

    def run_line(self, line: str) -> str:
        words = line.split("#")[0].split()
        if not words:
            return ""
        command, *rest = words
        if command == "item" and len(rest) > 1:
            self.add_item(rest[0], " ".join(rest[1:]))
            return f"added {rest[0]}"
        if command == "history" and len(rest) < 2:
            lines = self.history(*rest)
            return "\n".join(f"{n:4} {a:8} {s:8} {q:+6}" for n, a, s, q in lines)
        if command == "currency" and len(rest) == 1:
            self.set_currency(rest[0])
            return ""
        if command == "receive" and len(rest) == 3:
            sku, quantity, cost = rest[0], whole(rest[1]), decimal(rest[2])
            mean = self.receive(sku, quantity, cost)
            return f"{sku}: {self.stock(sku)} in stock at {mean}"
        if command == "ship" and len(rest) == 2:
            money = self._money(self.ship(rest[0], whole(rest[1])))
            return f"{rest[0]}: {self.stock(rest[0])} in stock, shipped for {money}"
        if command in ("undo", "value", "low", "report") and not rest:
            return self._plain_command(command)
        raise Refused(f"bad command: {command}")

    def _plain_command(self, command: str) -> str:
        if command == "undo":
            return f"undone: {self.undo()}"
        if command == "value":
            return self._money(self.total_value())
        if command == "low":
            return "\n".join(f"{sku}: {self.stock(sku)}" for sku in self.low_stock())
        return self.report()

    def script(self, text: str) -> tuple[int, bytes, bytes]:
        """Exit status, standard output and standard error of the command."""
        out, err = "", ""
        for number, line in enumerate(text.splitlines(), 1):
            try:
                output = self.run_line(line)
            except Refused as refusal:
                err += f"line {number}: {refusal}\n"
            else:
                out += output + "\n" if output else ""
        return int(bool(err)), out.encode(), err.encode()


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused(f"not a number: {text}") from None


def decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise Refused(f"not a number: {text}") from None


def random_step(rng: random.Random) -> tuple[str, dict[str, Any]]:
    sku, quantity = rng.choice(SKUS), rng.choice([-1, 0, 1, 1, 2, 3, 5, 6, 40])
    cost = Decimal(rng.choice([rng.randrange(60), rng.randrange(90_000_000)])) / 10000
    cost = rng.choice([cost, str(cost)])
    weighted: list[tuple[int, str, dict[str, Any]]] = [
        (5, "add_item", {"sku": sku, "name": rng.choice(NAMES)}),
        (9, "receive", {"sku": sku, "quantity": quantity, "unit_cost": cost}),
        (6, "ship", {"sku": sku, "quantity": quantity}),
        (4, "undo", {}),
        (1, "set_currency", {"currency": rng.choice(["EUR", "USD", "CHF"])}),
        (2, "stock", {"sku": sku}),
        (2, "total_value", {}),
        (2, "low_stock", rng.choice([{}, {"limit": quantity}])),
        (2, "history", rng.choice([{}, {"sku": sku}])),
        (2, "report", {}),
        (2, "snapshot", {}),
        (3, "run_line", {"line": random_line(rng)}),
    ]
    weights = [weight for weight, _, _ in weighted]
    return rng.choices(weighted, weights)[0][1:]


def random_line(rng: random.Random) -> str:
    sku, name = rng.choice([*SKUS, "X9"]), rng.choice(NAMES)
    quantity = rng.choice(["1", "1", "2", "3", "5", "6", "60", "0", "-2", "two", "1.5"])
    cost = rng.choice(["0.0005", "0.0015", "0.125", "1.0001", "1234.5", "0", "cheap"])
    lines = [f"item {sku} {name}", f"receive {sku} {quantity} {cost}"] * 3
    lines += [f"ship {sku} {quantity}", "undo", f"history {sku}"] * 2
    lines += ["value", "low", "report", "history", "currency USD", "", "  # nothing"]
    lines += [f"  ship  {sku}\t1 # one", f"sell {sku}", "item", f"item {sku}", "undo 2"]
    lines += [f"receive {sku} {quantity}", "currency", "history a b", "Report", "low 3"]
    return rng.choice(lines)


def random_script(rng: random.Random, length: int) -> str:
    start = [f"item {sku} {rng.choice(NAMES)}" for sku in SKUS if rng.random() < 0.8]
    return "\n".join([*start, *(random_line(rng) for _ in range(length)), "report\n"])
