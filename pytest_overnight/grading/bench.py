"""The bench of one verification: one box, cleared for every test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime

COMMAND_PROGRAM = Path(__file__).resolve().parent / "inside" / "command.py"


@dataclass(frozen=True, slots=True)
class BoxKind:
    """What all boxes of one judge have in common."""

    level: str
    runtime: Runtime
    program: Path
    """The child's program, see ``program.py``."""
    hidden: tuple[Path, ...]
    """Folders that no box may show."""


class Bench:
    """Opens the box at once, and again if agent code ended it."""

    def __init__(self, kind: BoxKind, submission: Path) -> None:
        """Raises ``BoxError`` when the box does not start."""
        self.submission = submission
        programs = {"child": kind.program, "command": COMMAND_PROGRAM}
        self._plan = BoxPlan(kind.level, submission=submission, programs=programs)
        self._kind = kind
        # Now and by this thread: the kernel ends the box with the thread that made it.
        self._box: Box | None = self._open()
        self._fresh = True

    def begin_test(self) -> None:
        """Give the test a fresh working folder; the first has one already."""
        if not self._fresh:
            try:
                self.box().reset()
            except BoxGone:
                self._box = self._open()
        self._fresh = False

    def box(self) -> Box:
        """The open box."""
        if self._box is None:
            raise JudgeError("the box is closed")
        return self._box

    def _open(self) -> Box:
        return open_box(self._plan, self._kind.runtime, self._kind.hidden)

    def close(self) -> None:
        """End the box and everything in it."""
        if self._box is not None:
            self._box.close()
            self._box = None
