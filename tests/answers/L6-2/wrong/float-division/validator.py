"""Finds out what is wrong in a program before it runs."""

import parser

from calc_errors import CalcError
from calc_nodes import COMPARISON, FUNCTIONS, INFIX, Call, Choice, Infix, Number, Prefix, Truth, Variable

INT, BOOL = "int", "bool"


class ValidationError(CalcError):
    """A program has problems; ``problems`` is what ``validate`` returns."""

    def __init__(self, problems):
        super().__init__(f"problems: {problems}")
        self.problems = problems


class _Checker:
    """The types of the names (None: unknown) and the problems found so far."""

    def __init__(self, types):
        self.types = dict(types)
        self.problems = set()
        self.line = 0

    def report(self, code):
        self.problems.add((self.line, code))

    def check(self, assignment):
        self.line = assignment.line
        kind = self.type_of(assignment.expression)
        if assignment.name in self.types:
            self.report("redefined")
        else:
            self.types[assignment.name] = kind

    def want(self, kind, node):
        """The type of the node should be ``kind``."""
        if self.type_of(node) not in (kind, None):
            self.report("type")

    def want_same(self, one, other):
        """The types of both should be the same; returns it, if it is known."""
        left, right = self.type_of(one), self.type_of(other)
        if left is not None and right is not None and left != right:
            self.report("type")
        return right if left is None else left

    def type_of(self, node):
        if isinstance(node, Number):
            return INT
        if isinstance(node, Truth):
            return BOOL
        if isinstance(node, Variable):
            if node.name not in self.types:
                self.report("undefined")
            return self.types.get(node.name)
        if isinstance(node, Call):
            return self.call(node)
        if isinstance(node, Prefix):
            kind = BOOL if node.operator == "not" else INT
            self.want(kind, node.operand)
            return kind
        if isinstance(node, Infix):
            return self.infix(node)
        assert isinstance(node, Choice)
        self.want(BOOL, node.condition)
        return self.want_same(node.yes, node.no)

    def call(self, node):
        if node.function not in FUNCTIONS:
            self.report("function")
            for argument in node.arguments:
                self.type_of(argument)
            return None
        least, most = FUNCTIONS[node.function]
        count = len(node.arguments)
        if count < least or (most is not None and count > most):
            self.report("arity")
        for argument in node.arguments:
            self.want(INT, argument)
        return INT

    def infix(self, node):
        if node.operator in ("==", "!="):
            self.want_same(node.left, node.right)
            return BOOL
        takes = BOOL if node.operator in ("and", "or") else INT
        self.want(takes, node.left)
        self.want(takes, node.right)
        return BOOL if INFIX[node.operator] <= COMPARISON else INT


def validate(text, types):
    """The problems of a program: a sorted list of tuples (line, code)."""
    checker = _Checker(types)
    for assignment in parser.parse(text):
        checker.check(assignment)
    return sorted(checker.problems)
