"""House files: the whole input as text, one fact a line."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from meterbill.config import Settings
from meterbill.config import with_setting
from meterbill.errors import BillingError
from meterbill.errors import LineError
from meterbill.models import Flat
from meterbill.models import Reading
from meterbill.models import Tier
from meterbill.readings import parse_reading
from meterbill.registry import service
from meterbill.tariffs import parse_tier

__all__ = ["House", "parse_flat", "parse_house"]


@dataclass
class House:
    """What a house file says."""

    settings: Settings = field(default_factory=Settings)
    flats: list[Flat] = field(default_factory=list)
    tiers: dict[str, list[Tier]] = field(default_factory=dict)
    """Service → its tiers, in the order of the file."""
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    """Service → its readings, in the order of the file."""


def parse_house(text: str) -> House:
    """The house that a text describes; raises LineError at the first bad line."""
    house = House()
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            _add(house, *words)
        except BillingError as error:
            raise LineError(number, str(error)) from None
        except TypeError:
            raise LineError(number, "too many or too few words") from None
    return house


def parse_flat(name: str, persons: str, area: str) -> Flat:
    """A flat of a house file: ``A 2 61``, name, persons and square metres."""
    for text in (persons, area):
        if not (text.isascii() and text.isdigit()):
            raise BillingError(f"not a number: {text!r}")
    return Flat(name, int(persons), int(area))


def _add(house: House, kind: str, *words: str) -> None:
    if kind == "set":
        house.settings = with_setting(house.settings, *words)
    elif kind == "flat":
        house.flats.append(parse_flat(*words))
    elif kind == "tier":
        _of_service(house.tiers, *words[:1]).append(parse_tier(*words[1:]))
    elif kind == "read":
        _of_service(house.readings, *words[:1]).append(parse_reading(*words[1:]))
    else:
        raise BillingError(f"no such line: {kind!r}")


def _of_service(table: dict[str, list], name: str) -> list:
    return table.setdefault(service(name).NAME, [])
