"""The bill of one service, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from meterbill.core import clean_readings
from meterbill.core import consumption
from meterbill.core import share
from meterbill.core import tiered_charge
from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Settings
from meterbill.models import Tier
from meterbill.money import format_cents
from meterbill.money import with_currency
from meterbill.readings import by_meter
from meterbill.tables import table
from meterbill.tariffs import unit_of

__all__ = ["Rules", "ServiceBill", "make_bill", "render_bill"]


@dataclass(frozen=True)
class Rules:
    """In what the services differ; see the functions of ``core``."""

    keep: str
    digits: int | None
    rounding: str
    ties: str


@dataclass(frozen=True)
class ServiceBill:
    """What one service costs; ``cost`` and ``shares`` in cents."""

    service: str
    unit: str
    units: int
    cost: int
    shares: Mapping[str, int]
    """Name of the flat → its part; in the order of the flats."""

    def text(self, settings: Settings | None = None) -> str:
        """The bill as ``render_bill`` writes it."""
        return render_bill(self, settings)


def make_bill(
    name: str,
    rules: Rules,
    weight: Callable[[Flat], int],
    readings: Iterable[Reading],
    tiers: Sequence[Tier],
    flats: Sequence[Flat],
) -> ServiceBill:
    """A service of a house, shared among its flats."""
    clean = clean_readings(readings, keep=rules.keep)
    rows = by_meter(clean).values()
    units = sum(consumption(row, digits=rules.digits) for row in rows)
    cost = tiered_charge(units, tiers, rounding=rules.rounding)
    parts = share(cost, [weight(flat) for flat in flats], ties=rules.ties)
    shares = {flat.name: part for flat, part in zip(flats, parts, strict=True)}
    return ServiceBill(name, unit_of(name), units, cost, shares)


def render_bill(bill: ServiceBill, settings: Settings | None = None) -> str:
    """A line for the house, then a table of the flats."""
    chosen = settings or Settings()
    head = f"{bill.service}: {bill.units} {bill.unit}"
    rows = [(f"  {n}", format_cents(c, chosen)) for n, c in bill.shares.items()]
    return f"{head}, {with_currency(bill.cost, chosen)}\n{table(rows)}"
