"""What a hidden test may meet instead of a value.

All but :class:`JudgeError` are failed tests: the answer earned them. ``JudgeError`` is
a fault of the harness or of the test and voids the verification.
"""

from __future__ import annotations

from typing import Any

MESSAGE_CAP = 4000
"""Characters of the answer's own text that are kept in an error."""


class CodeError(Exception):
    """Agent code raised. Every field is plain text; nothing of the agent's is kept."""

    def __init__(
        self,
        type: str,
        message: str = "",
        module: str = "builtins",
        bases: tuple[str, ...] = (),
        where: str = "",
    ) -> None:
        super().__init__(type, message)
        self.type = type
        """Name of the exception's class, without its module."""
        self.message = message
        """``str(exception)``, at most 4000 characters."""
        self.module = module
        """Module of the class."""
        self.bases = bases
        """Names of all classes in its MRO, itself first."""
        self.where = where
        """File, line and function of the innermost frames in the working folder."""

    def is_a(self, name: str) -> bool:
        """Whether a class of that name is in the exception's MRO."""
        return name == self.type or name in self.bases

    def __str__(self) -> str:
        place = f"  [{self.where}]" if self.where else ""
        return f"{self.type}: {self.message}{place}"


class CodeGone(Exception):
    """The child ended: exit, crash, kill, or a limit of its process."""


class CodeTimeout(CodeGone):
    """The test's time ran out while agent code had the word."""


class CodeTooBig(Exception):
    """A value is over a cap; the text names the knob."""


class OverBudget(Exception):
    """Agent code asked more often than the counter's budget allows."""


class ProtocolError(Exception):
    """The child sent what no honest child sends."""


class JudgeError(Exception):
    """A fault of the test or the harness; says nothing about the answer."""


class RaisedByJudge(Exception):
    """Made by ``code.error``: raise it in a callback; agent code sees its own class."""

    def __init__(self, target: str, args: tuple[Any, ...]) -> None:
        super().__init__(target, *args)
        self.target = target
        self.arguments = args
