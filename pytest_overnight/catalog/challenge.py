"""A challenge: a folder with a task, hidden tests and a reference answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LEVELS = ("L3", "L4", "L5", "L6", "A")
"""In the order of a night."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One validated challenge folder (Harbor's task layout)."""

    id: str
    """``L3-1``, ``A-2b``; no id is a prefix of another."""
    level: str
    """One of :data:`LEVELS`."""
    title: str
    folder: Path
    instruction: str
    """The exact prompt."""
    timeout_seconds: float
    """Limit of the agent's working time."""
    verify_seconds: float
    """Wall limit of the whole verification."""
    repetitions: int
    expected_files: tuple[str, ...]
    """Files the instruction demands, relative to the workspace."""
    digest: str
    """SHA-256 over instruction, environment, tests and limits; never over paths."""

    @property
    def place(self) -> tuple[int, str]:
        """Sort key: level by level, then by id."""
        return LEVELS.index(self.level), self.id

    @property
    def environment(self) -> Path:
        """The starting workspace."""
        return self.folder / "environment"

    @property
    def tests(self) -> Path:
        """The hidden tests."""
        return self.folder / "tests"

    @property
    def solution(self) -> Path:
        """The reference answer, laid over the starting workspace."""
        return self.folder / "solution"

    @property
    def wrong(self) -> tuple[Path, ...]:
        """Folders of answers that look right and are not, sorted by name."""
        folder = self.folder / "wrong"
        if not folder.is_dir():
            return ()
        return tuple(sorted(p for p in folder.iterdir() if p.is_dir()))
