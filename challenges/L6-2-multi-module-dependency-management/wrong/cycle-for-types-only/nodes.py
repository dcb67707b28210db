"""The parts of a program."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Union

if TYPE_CHECKING:
    from parser import ParseError


@dataclass
class Literal:
    """A number or a truth value."""

    value: int | bool


@dataclass
class Variable:
    """The value of a name."""

    name: str


@dataclass
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass
class Unary:
    """``-`` or ``not``."""

    operator: str
    operand: "Expression"


@dataclass
class Binary:
    """Two operands."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass
class Choice:
    """``if``."""

    condition: "Expression"
    chosen: "Expression"
    other: "Expression"


Expression = Union[Literal, Variable, Call, Unary, Binary, Choice]


@dataclass
class Assignment:
    """One line of a program."""

    line: int
    name: str
    expression: Expression
    error: "ParseError | None" = None
