"""Reads programs."""

from calc_errors import CalcError
from calc_lexer import END, NAME, NUMBER, SYMBOL, tokens
from calc_nodes import (
    COMPARISON,
    INFIX,
    MINUS,
    NOT,
    OR,
    POWER,
    Assignment,
    Call,
    Choice,
    Infix,
    Number,
    Prefix,
    Truth,
    Variable,
)


class ParseError(CalcError):
    """The text is no program; ``line`` is the number of the first wrong line."""

    def __init__(self, line):
        super().__init__(f"line {line} is wrong")
        self.line = line


class _Line:
    """The tokens of one line, to be read from the left."""

    def __init__(self, number, text):
        self.number = number
        self.tokens = tokens(text)
        self.at = 0

    @property
    def next(self):
        return self.tokens[self.at]

    def take(self):
        token = self.next
        self.at += 1
        return token

    def take_symbol(self, text):
        if self.next.kind == SYMBOL and self.next.text == text:
            self.at += 1
            return True
        return False

    def expect(self, text):
        if not self.take_symbol(text):
            raise ParseError(self.number)

    def assignment(self):
        name = self.take()
        if name.kind != NAME:
            raise ParseError(self.number)
        self.expect("=")
        expression = self.expression(0)
        if self.next.kind != END:
            raise ParseError(self.number)
        return Assignment(self.number, name.text, expression)

    def expression(self, loosest):
        """An expression of operators that are at least as tight as ``loosest``."""
        left = self.operand(loosest)
        if isinstance(left, Choice):
            # A bare one extends as far as it can; in parentheses it is an operand.
            if not self.closed:
                return left
        limit = POWER  # the tightest operator that may follow
        if isinstance(left, Prefix) and not self.closed:
            limit = (NOT if left.operator == "not" else MINUS) - 1
        while self.next.kind == SYMBOL and self.next.text in INFIX:
            operator = self.next.text
            level = INFIX[operator]
            if level < loosest or level > limit:
                break
            self.take()
            if level == POWER:
                right = self.expression(MINUS)
            else:
                right = self.expression(level + 1)
            left = Infix(operator, left, right)
            limit = level - 1 if level in (COMPARISON, POWER) else level
        self.closed = False
        return left

    def operand(self, loosest):
        """What an expression begins with; ``closed`` tells whether it is in parentheses."""
        token = self.take()
        self.closed = False
        if token.kind == NUMBER:
            return Number(token.text.lstrip("0") or "0")
        if token.kind == NAME:
            if self.take_symbol("("):
                return Call(token.text, self.arguments())
            return Variable(token.text)
        if token.kind == SYMBOL:
            if token.text in ("true", "false"):
                return Truth(token.text == "true")
            if token.text == "(":
                inner = self.expression(0)
                self.expect(")")
                self.closed = True
                return inner
            if token.text == "-" and loosest <= MINUS:
                operand = self.expression(MINUS)
                self.closed = False
                return Prefix("-", operand)
            if token.text == "not" and loosest <= NOT:
                operand = self.expression(NOT)
                self.closed = False
                return Prefix("not", operand)
            if token.text == "if" and loosest < OR:
                condition = self.expression(0)
                self.expect("then")
                yes = self.expression(0)
                self.expect("else")
                no = self.expression(0)
                self.closed = False
                return Choice(condition, yes, no)
        raise ParseError(self.number)

    def arguments(self):
        """The arguments of a call, behind its opening parenthesis."""
        result = []
        if not self.take_symbol(")"):
            result.append(self.expression(0))
            while self.take_symbol(","):
                result.append(self.expression(0))
            self.expect(")")
        self.closed = False
        return tuple(result)


def parse(text):
    """The assignments of a program, a tuple."""
    lines = (_Line(number, line) for number, line in enumerate(text.split("\n"), 1))
    return tuple(line.assignment() for line in lines if line.next.kind != END)


def _normal(node):
    if isinstance(node, Number):
        return node.digits
    if isinstance(node, Truth):
        return "true" if node.value else "false"
    if isinstance(node, Variable):
        return node.name
    if isinstance(node, Call):
        arguments = [_normal(argument) for argument in node.arguments]
        return f"{node.function}({', '.join(arguments)})"
    if isinstance(node, Prefix):
        space = " " if node.operator == "not" else ""
        return f"({node.operator}{space}{_normal(node.operand)})"
    if isinstance(node, Infix):
        return f"({_normal(node.left)} {node.operator} {_normal(node.right)})"
    return f"(if {_normal(node.condition)} then {_normal(node.yes)} else {_normal(node.no)})"


def normalize(text):
    """The assignments of a program in a form of which there is only one."""
    return "\n".join(
        f"{assignment.name} = {_normal(assignment.expression)}" for assignment in parse(text)
    )
