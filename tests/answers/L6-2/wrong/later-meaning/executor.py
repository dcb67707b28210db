"""Runs programs."""

import operator

import parser
import validator

from calc_errors import CalcError
from calc_nodes import Call, Choice, Infix, Number, Prefix, Truth, Variable

LARGEST_EXPONENT = 1000


class ExecutionError(CalcError):
    """A program has failed in ``line``; ``code`` tells why."""

    def __init__(self, line, code):
        super().__init__(f"line {line}: {code}")
        self.line = line
        self.code = code


class _Failure(Exception):
    """An operator has failed; its argument is the code."""


def _quotient(x, y):
    if y == 0:
        raise _Failure("division")
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _power(x, y):
    if not 0 <= y <= LARGEST_EXPONENT:
        raise _Failure("exponent")
    return x**y


_INFIX = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": lambda x, y: x - y * _quotient(x, y),
    "^": _power,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_FUNCTIONS = {"abs": abs, "min": min, "max": max}


def _integer(digits):
    """The integer; in pieces, as int() takes no more than some thousand digits."""
    if len(digits) <= 500:
        return int(digits)
    half = len(digits) // 2
    return _integer(digits[:-half]) * 10**half + _integer(digits[-half:])


def _value(node, values):
    if isinstance(node, Number):
        return _integer(node.digits)
    if isinstance(node, Truth):
        return node.value
    if isinstance(node, Variable):
        return values[node.name]
    if isinstance(node, Call):
        arguments = [_value(argument, values) for argument in node.arguments]
        return _FUNCTIONS[node.function](*arguments)
    if isinstance(node, Prefix):
        value = _value(node.operand, values)
        return not value if node.operator == "not" else -value
    if isinstance(node, Infix):
        left = _value(node.left, values)
        if node.operator == "and":
            return left and _value(node.right, values)
        if node.operator == "or":
            return left or _value(node.right, values)
        return _INFIX[node.operator](left, _value(node.right, values))
    assert isinstance(node, Choice)
    return _value(node.yes if _value(node.condition, values) else node.no, values)


def run(text, inputs):
    """The values of the names that the program assigns, a dict."""
    program = parser.parse(text)
    types = {
        name: "bool" if isinstance(value, bool) else "int" for name, value in inputs.items()
    }
    problems = validator.validate(text, types)
    if problems:
        raise validator.ValidationError(problems)
    values, assigned = dict(inputs), {}
    for assignment in program:
        try:
            value = _value(assignment.expression, values)
        except _Failure as failure:
            raise ExecutionError(assignment.line, failure.args[0]) from None
        values[assignment.name] = assigned[assignment.name] = value
    return assigned
