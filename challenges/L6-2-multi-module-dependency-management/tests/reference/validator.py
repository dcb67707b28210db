"""By walking the trees; the unknown type is ``any``."""

from __future__ import annotations

import parser
from calc import COMPARISONS
from calc import FUNCTIONS
from calc import LOGIC
from calc import CalcError


class ValidationError(CalcError):
    def __init__(self, problems):
        super().__init__(problems)
        self.problems = problems


def validate(text, types):
    known = dict(types)
    problems = set()
    for line, target, tree in parser.parse(text):
        scope = dict(known)
        codes = set()
        result = look(tree, scope, codes)
        if target in known:
            codes.add("redefined")
        known.setdefault(target, result)
        problems |= {(line, code) for code in codes}
    return sorted(problems)


def agree(codes, *types):
    if len({*types} - {"any"}) > 1:
        codes.add("type")


def look(tree, scope, codes):
    kind = tree[0]
    if kind == "value":
        return "bool" if isinstance(tree[1], bool) else "int"
    if kind == "name":
        if tree[1] not in scope:
            codes.add("undefined")
        return scope.get(tree[1], "any")
    if kind == "call":
        types = [look(one, scope, codes) for one in tree[2]]
        if tree[1] not in FUNCTIONS:
            codes.add("function")
            return "any"
        agree(codes, "int", *types)
        low, high = FUNCTIONS[tree[1]]
        count = len(types)
        if count not in range(low, high):
            codes.add("arity")
        return "int"
    if kind == "if":
        condition, chosen, other = (look(one, scope, codes) for one in tree[1:])
        agree(codes, "bool", condition)
        agree(codes, chosen, other)
        return other if chosen == "any" else chosen
    if kind == "op":
        left, right = (look(one, scope, codes) for one in tree[2:])
        if tree[1] in ("==", "!="):
            agree(codes, left, right)
        else:
            wanted = "bool" if tree[1] in LOGIC else "int"
            agree(codes, left, wanted)
            agree(codes, right, wanted)
        return "bool" if tree[1] in (*COMPARISONS, *LOGIC) else "int"
    wanted = "bool" if kind == "not" else "int"
    agree(codes, wanted, look(tree[1], scope, codes))
    return wanted
