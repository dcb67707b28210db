"""What is wrong in a results folder, in words, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pytest_overnight.records.store import DAMAGED


class Kind(StrEnum):
    """What a disagreement is about; in this order people read of them."""

    SESSION = "session"
    RECORD = "run records"
    JOURNAL = "journal"
    TRY = "tries"
    FILE = "logs and snapshots"
    VIEW = "workspaces of missed runs"
    DERIVED = "master log, status, report"
    LEFTOVER = "left over"


class Remedy(StrEnum):
    """What a repair is to do about it; in this order it is done."""

    NONE = ""
    """Nothing is wrong: it is only told of."""
    BY_HAND = "cannot be mended"
    FINISH_MOVE = "move the rest there, too"
    SET_ASIDE = f"move to {DAMAGED}/"
    NOTE = "add the line to the journal"
    REMOVE = "remove"
    WRITE_LOG = "write again"
    UNPACK = "unpack from the snapshot"
    WRITE_MASTER = "derive again"
    WRITE_STATUS = "count again"
    WRITE_REPORT = "write it"

    @property
    def mends(self) -> bool:
        """Whether a repair can do something."""
        return self not in (Remedy.NONE, Remedy.BY_HAND)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two files that say different things, or one that is not as it must be."""

    kind: Kind
    where: str
    """File or folder, from the results folder on."""
    what: str
    """What is wrong with it, and what can be done where a repair does nothing."""
    remedy: Remedy

    @property
    def harmless(self) -> bool:
        """Nothing is wrong: it is only told of."""
        return self.remedy is Remedy.NONE


Found = Iterator[Disagreement]
"""What a check yields."""
