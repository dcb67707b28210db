"""``status.json`` as it must read when no run is under way; else ``progress.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.rules.outcome import Outcome

CATEGORIES = ("solved", "missed", "void")
COUNTS = ("planned", "done", *CATEGORIES)
DERIVED = (*COUNTS, "running", "server_awaited")
"""What follows from journal and records; the rest tells of the moment of writing."""


def derive_status(
    facts: SessionFacts, records: Sequence[RunRecord], *, updated: str
) -> dict[str, Any]:
    """The status of a session of which no process is at work.

    ``updated``: UTC, the moment of writing. What is left is not estimated: nobody
    plays it.
    """
    found = Counter(Outcome(record.outcome).category for record in records)
    done = len(records) >= len(facts.plan)
    return {
        "updated": updated,
        "planned": len(facts.plan),
        "done": len(records),
        **{word: found[word] for word in CATEGORIES},
        "running": [],
        "eta_seconds": 0 if done else None,
        "server_awaited": None,
    }
