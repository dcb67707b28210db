"""The parts of a program, and what the language knows about its operators."""

from typing import NamedTuple, Union


class Number(NamedTuple):
    digits: str  # without leading zeros


class Truth(NamedTuple):
    value: bool


class Variable(NamedTuple):
    name: str


class Call(NamedTuple):
    function: str
    arguments: tuple


class Prefix(NamedTuple):
    operator: str
    operand: "Expression"


class Infix(NamedTuple):
    operator: str
    left: "Expression"
    right: "Expression"


class Choice(NamedTuple):
    condition: "Expression"
    yes: "Expression"
    no: "Expression"


Expression = Union[Number, Truth, Variable, Call, Prefix, Infix, Choice]


class Assignment(NamedTuple):
    line: int
    name: str
    expression: Expression


KEYWORDS = frozenset(["if", "then", "else", "and", "or", "not", "true", "false"])

# How tight the operators are: larger is tighter.
OR, AND, NOT, COMPARISON, SUM, PRODUCT, MINUS, POWER = range(1, 9)

INFIX = {
    "or": OR,
    "and": AND,
    "==": COMPARISON,
    "!=": COMPARISON,
    "<": COMPARISON,
    "<=": COMPARISON,
    ">": COMPARISON,
    ">=": COMPARISON,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "%": PRODUCT,
    "^": POWER,
}

# The least and the largest number of arguments (None: any).
FUNCTIONS = {"abs": (1, 1), "min": (2, None), "max": (2, None)}
