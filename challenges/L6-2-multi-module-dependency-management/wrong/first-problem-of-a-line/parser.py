"""Text to program and back."""

import re

from errors import CalcError
from nodes import Assignment
from nodes import Binary
from nodes import Call
from nodes import Choice
from nodes import Literal
from nodes import Unary
from nodes import Variable

WORDS = {"if", "then", "else", "and", "or", "not", "true", "false"}
TOKEN = re.compile(
    r"[ \t]*(?:([0-9]+(?![A-Za-z0-9_]))|([A-Za-z_][A-Za-z0-9_]*)|([=!<>]=|[-=<>+*/%^(),]))"
)
NAME = re.compile("[A-Za-z_]")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
LEVELS = (("or",), ("and",), ("not",), COMPARISONS, ("+", "-"), ("*", "/", "%"))
"""Operators from loose to tight; ``-X`` and ``^`` follow."""


class ParseError(CalcError):
    """The text is no program."""

    def __init__(self, line):
        super().__init__(f"line {line} cannot be understood")
        self.line = line


def parse(text):
    """The assignments of a program."""
    program = []
    for number, line in enumerate(text.split("\n"), 1):
        code = line.partition("#")[0].rstrip(" \t")
        if code:
            program.append(_Line(number, code).assignment())
    return program


class _Line:
    """The tokens of one line, from the left."""

    def __init__(self, number, code):
        self.number = number
        self.tokens = []
        place = 0
        while place < len(code):
            found = TOKEN.match(code, place)
            if not found:
                raise ParseError(number)
            self.tokens.append(found[0].lstrip(" \t"))
            place = found.end()
        self.tokens.append("")

    def take(self, *wanted):
        """The next token if it is one of these."""
        if self.tokens[0] in wanted:
            return self.tokens.pop(0)
        return None

    def need(self, wanted):
        """The next token, which must be this one."""
        if self.tokens.pop(0) != wanted:
            raise ParseError(self.number)

    def name(self):
        """The next token, which must be a name."""
        token = self.tokens.pop(0)
        if token in WORDS or not NAME.match(token):
            raise ParseError(self.number)
        return token

    def assignment(self):
        name = self.name()
        self.need("=")
        expression = self.expression()
        self.need("")
        return Assignment(self.number, name, expression)

    def expression(self):
        if not self.take("if"):
            return self.operation(0)
        condition = self.expression()
        self.need("then")
        chosen = self.expression()
        self.need("else")
        return Choice(condition, chosen, self.expression())

    def operation(self, level):
        """Operators of this level and of tighter ones."""
        if level == len(LEVELS):
            return self.negation()
        if LEVELS[level] == ("not",):
            if self.take("not"):
                return Unary("not", self.operation(level))
            return self.operation(level + 1)
        left = self.operation(level + 1)
        while operator := self.take(*LEVELS[level]):
            left = Binary(operator, left, self.operation(level + 1))
            if operator in COMPARISONS:
                break
        return left

    def negation(self):
        if self.take("-"):
            return Unary("-", self.negation())
        base = self.primary()
        if self.take("^"):
            return Binary("^", base, self.negation())
        return base

    def primary(self):
        if self.take("("):
            inner = self.expression()
            self.need(")")
            return inner
        if truth := self.take("true", "false"):
            return Literal(truth == "true")
        if self.tokens[0].isdigit():
            return Literal(int(self.tokens.pop(0)))
        name = self.name()
        if self.take("("):
            return Call(name, tuple(self.arguments()))
        return Variable(name)

    def arguments(self):
        """What stands before the ``)``."""
        if self.take(")"):
            return
        yield self.expression()
        while self.take(","):
            yield self.expression()
        self.need(")")


def normalize(text):
    """The program with all parentheses and nothing else that it can do without."""
    return "\n".join(f"{one.name} = {_shown(one.expression)}" for one in parse(text))


def _shown(expression):
    match expression:
        case Literal(bool(value)):
            return str(value).lower()
        case Literal(value):
            return str(value)
        case Variable(name):
            return name
        case Call(function, arguments):
            return f"{function}({', '.join(map(_shown, arguments))})"
        case Unary("-", operand):
            return f"(-{_shown(operand)})"
        case Unary(operator, operand):
            return f"({operator} {_shown(operand)})"
        case Binary(operator, left, right):
            return f"({_shown(left)} {operator} {_shown(right)})"
        case Choice(condition, chosen, other):
            parts = map(_shown, (condition, chosen, other))
            return "(if {} then {} else {})".format(*parts)
