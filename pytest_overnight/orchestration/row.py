"""One row of the preflight table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    """What was looked at, how it stands, and what to do about it."""

    what: str
    mark: Literal["ok", "warn", "FAIL"]
    text: str
    advice: str = ""
    """One sentence; empty where there is nothing to do."""
