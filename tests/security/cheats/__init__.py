"""Cheats: work that is wrong and wants to count as solved.

Each is laid as an agent would leave it, kept as a night keeps it, and judged.
"""

from __future__ import annotations

from tests.security.cheats.cheat import Cheat
from tests.security.cheats.ending import ENDING
from tests.security.cheats.framework import FRAMEWORK
from tests.security.cheats.leavings import LEAVINGS
from tests.security.cheats.reading import READING
from tests.security.cheats.startup import STARTUP
from tests.security.cheats.values import VALUES

__all__ = ["CHEATS", "FAMILIES", "Cheat"]

FAMILIES: dict[str, tuple[Cheat, ...]] = {
    "planted files": STARTUP,
    "false ends": ENDING,
    "lying values": VALUES,
    "tampering": FRAMEWORK,
    "reading": READING,
    "the judge's own wire and ground": LEAVINGS,
}
CHEATS = [cheat for family in FAMILIES.values() for cheat in family]
