"""Runs programs."""

import operator

from errors import CalcError
from nodes import Binary
from nodes import Call
from nodes import Choice
from nodes import Literal
from nodes import Unary
from nodes import Variable
from parser import parse
from validator import ValidationError
from validator import validate

LARGEST_EXPONENT = 1000
FUNCTIONS = {"abs": abs, "min": min, "max": max}


class ExecutionError(CalcError):
    """A line of a program cannot be worked out."""

    def __init__(self, line, code):
        super().__init__(f"line {line}: {code}")
        self.line, self.code = line, code


def run(text, inputs):
    """The value of each assigned name."""
    problems = validate(text, {n: type(v).__name__ for n, v in inputs.items()})
    if problems:
        raise ValidationError(problems)
    values = dict(inputs)
    results = {}
    for one in parse(text):
        try:
            results[one.name] = values[one.name] = _value(one.expression, values)
        except _Failure as failure:
            raise ExecutionError(one.line, str(failure)) from None
    return results


class _Failure(Exception):
    """Carries the code of what failed."""


def _quotient(left, right):
    if right == 0:
        raise _Failure("division")
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size


def _remainder(left, right):
    return left - right * _quotient(left, right)


def _power(left, right):
    if not 0 <= right <= LARGEST_EXPONENT:
        raise _Failure("exponent")
    return left**right


OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": _remainder,
    "^": _power,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _value(expression, values):
    match expression:
        case Literal(value):
            return value
        case Variable(name):
            return values[name]
        case Call(function, arguments):
            return FUNCTIONS[function](*(_value(one, values) for one in arguments))
        case Unary("-", operand):
            return -_value(operand, values)
        case Unary("not", operand):
            return not _value(operand, values)
        case Binary("and", left, right):
            return _value(left, values) and _value(right, values)
        case Binary("or", left, right):
            return _value(left, values) or _value(right, values)
        case Binary(sign, left, right):
            return OPERATORS[sign](_value(left, values), _value(right, values))
        case Choice(condition, chosen, other):
            taken = chosen if _value(condition, values) else other
            return _value(taken, values)
