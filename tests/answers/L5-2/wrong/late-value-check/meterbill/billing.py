"""How the bill of any service is made."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from meterbill import core
from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Settings
from meterbill.models import Tier
from meterbill.money import format_cents
from meterbill.money import with_currency
from meterbill.tables import table

__all__ = ["Rules", "ServiceBill", "make_bill", "render_bill"]


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
        """The bill as ``statements.render_bill`` writes it."""
        return render_bill(self, settings)


@dataclass(frozen=True)
class Rules:
    """What the functions of the core need to know about a service."""

    keep: str
    digits: int | None
    rounding: str
    ties: str


def render_bill(bill: ServiceBill, settings: Settings | None = None) -> str:
    """A line for the house, then a table of the flats."""
    chosen = settings or Settings()
    head = f"{bill.service}: {bill.units} {bill.unit}"
    rows = [(f"  {n}", format_cents(c, chosen)) for n, c in bill.shares.items()]
    return f"{head}, {with_currency(bill.cost, chosen)}\n{table(rows)}"


def make_bill(
    what: tuple[str, str],
    rules: Rules,
    weight: Callable[[Flat], int],
    readings: Iterable[Reading],
    tiers: Sequence[Tier],
    flats: Sequence[Flat],
) -> ServiceBill:
    """The bill of a service, ``what`` being its name and its unit."""
    clean = core.clean_readings(readings, keep=rules.keep)
    units = 0
    for meter in sorted({reading.meter for reading in clean}):
        row = [reading for reading in clean if reading.meter == meter]
        units += core.consumption(row, digits=rules.digits)
    cost = core.tiered_charge(units, tiers, rounding=rules.rounding)
    parts = core.share(cost, [weight(flat) for flat in flats], ties=rules.ties)
    shares = {flat.name: part for flat, part in zip(flats, parts, strict=True)}
    return ServiceBill(*what, units, cost, shares)
