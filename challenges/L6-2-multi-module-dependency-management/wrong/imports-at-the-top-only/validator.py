"""What is wrong with a program before it runs."""

import math

from errors import CalcError
from nodes import Binary
from nodes import Call
from nodes import Choice
from nodes import Literal
from nodes import Unary
from nodes import Variable
from parser import parse

FUNCTIONS = {"abs": (1, 1), "min": (2, math.inf), "max": (2, math.inf)}
"""Fewest and most arguments."""
INT = ("int", "int")
BOOL = ("bool", "bool")
COMPARED = ("int", "bool")
OPERATORS = dict.fromkeys(("+", "-", "*", "/", "%", "^"), INT)
OPERATORS |= dict.fromkeys(("<", "<=", ">", ">="), COMPARED)
OPERATORS |= dict.fromkeys(("and", "or", "not"), BOOL)
"""Operator to the type that it takes and the one that it gives."""


class ValidationError(CalcError):
    """A program has problems."""

    def __init__(self, problems):
        super().__init__(f"problems: {problems}")
        self.problems = problems


def validate(text, types):
    """The problems of a program as ``(line, code)``."""
    known, problems = dict(types), set()
    for one in parse(text):
        checker = _Checker(one.line, known, problems)
        found = checker.type_of(one.expression)
        if one.name in known:
            checker.add("redefined")
        known.setdefault(one.name, found)
    return sorted(problems)


class _Checker:
    """Looks at the expression of one line. An unknown type is None."""

    def __init__(self, line, known, problems):
        self.line, self.known, self.problems = line, known, problems

    def add(self, code):
        self.problems.add((self.line, code))

    def need(self, expression, wanted):
        """The type of an expression that has to be of the wanted one."""
        found = self.type_of(expression)
        if None not in (found, wanted) and found != wanted:
            self.add("type")
        return found

    def type_of(self, expression):
        match expression:
            case Literal(value):
                return type(value).__name__
            case Variable(name):
                if name not in self.known:
                    self.add("undefined")
                return self.known.get(name)
            case Call():
                return self.type_of_call(expression)
            case Choice(condition, chosen, other):
                self.need(condition, "bool")
                found = self.type_of(chosen)
                second = self.need(other, found)
                return found or second
            case Binary("==" | "!=", left, right):
                self.need(right, self.type_of(left))
                return "bool"
            case Binary(operator, left, right):
                taken, given = OPERATORS[operator]
                self.need(left, taken)
                self.need(right, taken)
                return given
            case Unary(operator, operand):
                taken, given = OPERATORS[operator]
                self.need(operand, taken)
                return given

    def type_of_call(self, call):
        wanted = "int" if call.function in FUNCTIONS else None
        for argument in call.arguments:
            self.need(argument, wanted)
        if wanted is None:
            self.add("function")
            return None
        fewest, most = FUNCTIONS[call.function]
        if not fewest <= len(call.arguments) <= most:
            self.add("arity")
        return wanted
