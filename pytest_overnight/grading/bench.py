"""The bench of one verification: one box, cleared for every test."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight.grading.errors import CodeGone
from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.grading.names import Names
from pytest_overnight.sandbox.box import EXCEEDED
from pytest_overnight.sandbox.box import Box
from pytest_overnight.sandbox.box import BoxChild
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxGone
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.box import CommandResult
from pytest_overnight.sandbox.box import Limits
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.sandbox.shipping import helper_modules
from pytest_overnight.sandbox.shipping import program_code

LIMITS = Limits(output_kb=4096)
"""Hidden tests compare whole outputs."""
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

    @property
    def programs(self) -> dict[str, Path]:
        """What a box of this kind can fork."""
        return {"child": self.program, "command": COMMAND_PROGRAM}

    def warm(self) -> None:
        """Compile once what each verification's fork would compile again."""
        helper_modules()
        for name, source in self.programs.items():
            program_code(name, source)


class Bench:
    """Opens the box at once, and again if agent code ended it.

    Faults are told apart here: what fails before anything of the agent's ran in this
    test is ours (:class:`JudgeError`); afterwards it is the answer's doing, which may
    have killed the box from within or filled it (:class:`CodeGone`).
    """

    def __init__(
        self, kind: BoxKind, submission: Path, mark: Path | None = None
    ) -> None:
        """Raises ``BoxError`` when the box does not start.

        ``mark``: a file that is made as soon as the answer has its say, in any test.
        """
        self.submission = submission
        self._mark = mark
        self.names = Names()
        """What the tests asked for, in all of them."""
        self._plan = BoxPlan(
            kind.level, submission=submission, programs=kind.programs, limits=LIMITS
        )
        self._kind = kind
        # Now and by this thread: the kernel ends the box with the thread that made it.
        self._box = self._open()
        self._touched = False
        self._used = False

    @property
    def workspace(self) -> str:
        """The working folder as agent code sees it."""
        return self._box.workspace

    @property
    def used(self) -> bool:
        """Whether agent code may have run since the test began."""
        return self._used

    def begin_test(self) -> None:
        """Give the test a fresh working folder, and a box with nothing running."""
        if self._touched:
            try:
                self._box.reset()
            except (BoxGone, OSError):  # or what was left there cannot be cleared away
                self._box.close()
                self._box = self._open()
        self._touched = self._used = False

    def spawn(self, program: str, **arguments: Any) -> BoxChild:
        """As ``Box.spawn``."""
        with self._blame():
            child = self._box.spawn(program, **arguments)
        self._use()
        return child

    def run(self, argv: Sequence[str] | str, **options: Any) -> CommandResult:
        """As ``Box.run``."""
        self._use()  # a command is agent code, too
        with self._blame():
            return self._box.run(argv, **options)

    def call(self, operation: str, **arguments: Any) -> Any:
        """As ``Box.call``; ``OSError`` is what the operating system says."""
        with self._blame():
            return self._box.call(operation, **arguments)

    def hear(self) -> None:
        """The answer has its say: from here on a judge that dies may be its doing."""
        if self._mark is not None:
            self._mark.touch()
            self._mark = None

    def _use(self) -> None:
        self._used = True
        self.hear()

    def limit_met(self) -> str:
        """What limit of the box ended something, in words; empty for none."""
        try:
            return EXCEEDED.get(self._box.limit_met(), "")
        except BoxError:
            return ""

    def _open(self) -> Box:
        return open_box(self._plan, self._kind.runtime, self._kind.hidden)

    @contextmanager
    def _blame(self) -> Iterator[None]:
        self._touched = True
        try:
            yield
        except BoxError as error:
            if self._used:
                raise CodeGone(f"the box does not answer: {error}") from error
            raise JudgeError(f"the box for hidden tests failed: {error}") from error

    def close(self) -> None:
        """End the box and everything in it."""
        self._box.close()
