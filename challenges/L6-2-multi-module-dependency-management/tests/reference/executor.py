"""A machine with the values of one run."""

from __future__ import annotations

from calc import COMPARISONS
from calc import CalcError
from parser import parse
from validator import ValidationError
from validator import validate


class ExecutionError(CalcError):
    def __init__(self, line, code):
        super().__init__(line, code)
        self.line = line
        self.code = code


def run(text, inputs):
    types = {name: type(value).__name__ for name, value in inputs.items()}
    faults = validate(text, types)
    if faults:
        raise ValidationError(faults)
    machine = Machine(inputs)
    for line, name, tree in parse(text):
        machine.line = line
        machine.values[name] = machine.value(tree)
    return {name: machine.values[name] for _, name, _ in parse(text)}


class Machine:
    line = 0

    def __init__(self, inputs):
        self.values = dict(inputs)

    def value(self, tree):
        kind = tree[0]
        if kind == "value":
            return tree[1]
        if kind == "name":
            return self.values[tree[1]]
        if kind == "call":
            given = [self.value(one) for one in tree[2]]
            return {"abs": abs, "min": min, "max": max}[tree[1]](*given)
        if kind == "if":
            return self.value(tree[2]) if self.value(tree[1]) else self.value(tree[3])
        if kind == "op":
            return self.operation(tree)
        inner = self.value(tree[1])
        return not inner if kind == "not" else -inner

    def operation(self, tree):
        sign = tree[1]
        left = self.value(tree[2])
        if sign in ("and", "or"):
            decided = sign == "or"
            if left is decided:
                return left
            return self.value(tree[3])
        right = self.value(tree[3])
        if sign in COMPARISONS:
            order = (left > right) - (left < right)
            return {
                "==": order == 0,
                "!=": order != 0,
                "<": order < 0,
                "<=": order <= 0,
                ">": order > 0,
                ">=": order >= 0,
            }[sign]
        if sign == "+":
            return left + right
        if sign == "-":
            return left - right
        if sign == "*":
            return left * right
        if sign == "^":
            if right < 0 or right > 1000:
                raise ExecutionError(self.line, "exponent")
            return left**right
        if right == 0:
            raise ExecutionError(self.line, "division")
        size = abs(left) // abs(right)
        negative = (left < 0) + (right < 0) & 1
        quotient = size if negative == 0 else -size
        return quotient if sign == "/" else left - right * quotient
