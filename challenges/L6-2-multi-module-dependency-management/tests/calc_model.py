"""Calc as it should be: random programs as trees, and what they mean.

The trees come first and the text is written from them, so no parser is needed here.
Nothing of this reaches the child but texts and inputs.
"""

from __future__ import annotations

from random import Random
from typing import Any

Tree = tuple[Any, ...]
"""``("value", 3)``, ``("name", "a")``, ``("call", "min", [...])``, ``("-", x)``,
``("not", x)``, ``("if", c, a, b)``, ``("op", "+", x, y)``."""

LEVEL = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "^": 8}
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]
LEVEL |= dict.fromkeys(COMPARISONS, 4)
NEGATION, PRIMARY = 7, 9
ARITHMETIC = ["+", "-", "*", "/", "%", "^"]
NAMES = ["a", "b", "_", "x1", "If", "nota", "min", "A_b", "true1"]
WORDS = ("if", "then", "else", "and", "or", "not", "true", "false")


class Failed(Exception):
    """A line cannot be worked out: its code."""


# -- writing ----------------------------------------------------------------------


def tokens(tree: Tree, least: int = 0, rng: Random | None = None) -> list[str]:
    """With the parentheses that are needed, and with ``rng`` sometimes more."""
    level, inside = _tokens(tree, rng)
    more = rng is not None and rng.random() < 0.15
    if level < least or more:
        return ["(", *inside, ")"]
    return inside


def _tokens(tree: Tree, rng: Random | None) -> tuple[int, list[str]]:
    kind = tree[0]
    if kind == "value":
        value = tree[1]
        if type(value) is bool:
            return PRIMARY, ["true" if value else "false"]
        zeros = rng.choice(["", "", "0", "00"]) if rng else ""
        return PRIMARY, [zeros + str(value)]
    if kind == "name":
        return PRIMARY, [tree[1]]
    if kind == "call":
        inside = [token for one in tree[2] for token in (",", *tokens(one, 0, rng))]
        return PRIMARY, [tree[1], "(", *inside[1:], ")"]
    if kind == "if":
        condition, chosen, other = (tokens(one, 0, rng) for one in tree[1:])
        return 0, ["if", *condition, "then", *chosen, "else", *other]
    if kind == "not":
        return LEVEL["not"], ["not", *tokens(tree[1], LEVEL["not"], rng)]
    if kind == "-":
        return NEGATION, ["-", *tokens(tree[1], NEGATION, rng)]
    _, sign, left, right = tree
    level = LEVEL[sign]
    if sign == "^":
        sides = tokens(left, PRIMARY, rng), tokens(right, NEGATION, rng)
    elif sign in COMPARISONS:
        sides = tokens(left, level + 1, rng), tokens(right, level + 1, rng)
    else:
        sides = tokens(left, level, rng), tokens(right, level + 1, rng)
    return level, [*sides[0], sign, *sides[1]]


def joined(words: list[str], rng: Random) -> str:
    """Tokens as a text, with white space where it is needed and elsewhere."""
    text = ""
    for word in words:
        glued = (text[-1:] + word[:1]).replace("_", "a").isalnum() and text[-1:] != ""
        gap = rng.choice(["", " ", " ", "\t", "  "])
        if glued and text[-1].isascii() and text[-1] not in " \t":
            gap = gap or " "
        text += gap + word
    return text


def shown(tree: Tree) -> str:
    """As ``normalize`` has it."""
    kind = tree[0]
    if kind == "value":
        return str(tree[1]).lower()
    if kind == "name":
        return str(tree[1])
    if kind == "call":
        return f"{tree[1]}({', '.join(map(shown, tree[2]))})"
    if kind == "if":
        condition, chosen, other = map(shown, tree[1:])
        return f"(if {condition} then {chosen} else {other})"
    if kind == "not":
        return f"(not {shown(tree[1])})"
    if kind == "-":
        return f"(-{shown(tree[1])})"
    return f"({shown(tree[2])} {tree[1]} {shown(tree[3])})"


Program = list[tuple[int, str, Tree]]
"""Line, name, expression."""


def written(rng: Random, assignments: list[tuple[str, Tree]]) -> tuple[str, Program]:
    """A text with these assignments, blank lines and comments."""
    lines: list[str] = []
    program = []
    for name, tree in assignments:
        while rng.random() < 0.3:
            lines.append(rng.choice(["", "  \t", "# a = 1", "\t# é ² \r =", "#"]))
        line = joined([name, "=", *tokens(tree, 0, rng)], rng)
        line += rng.choice(["", "", " ", "\t", "# = then (", "  #"])
        lines.append(line)
        program.append((len(lines), name, tree))
    return "\n".join(lines) + rng.choice(["", "\n", "\n\n"]), program


# -- meaning ----------------------------------------------------------------------


def type_name(value: Any) -> str:
    return "bool" if type(value) is bool else "int"


def type_of(tree: Tree, known: dict[str, str], codes: set[str]) -> str:
    """``int``, ``bool`` or ``any``; puts the codes of problems into the set."""
    kind = tree[0]
    if kind == "value":
        return type_name(tree[1])
    if kind == "name":
        if tree[1] not in known:
            codes.add("undefined")
        return known.get(tree[1], "any")
    parts = tree[2] if kind == "call" else tree[2:] if kind == "op" else tree[1:]
    types = [type_of(one, known, codes) for one in parts]

    def fits(wanted: str, *given: str) -> None:
        if any("any" not in (one, wanted) and one != wanted for one in given):
            codes.add("type")

    if kind == "call":
        if tree[1] not in ("abs", "min", "max"):
            codes.add("function")
            return "any"
        if len(parts) != 1 if tree[1] == "abs" else len(parts) < 2:
            codes.add("arity")
        fits("int", *types)
        return "int"
    if kind == "if":
        fits("bool", types[0])
        fits(types[1], types[2])
        return types[2] if types[1] == "any" else types[1]
    if kind in ("not", "-"):
        given = {"not": "bool", "-": "int"}[kind]
        fits(given, *types)
        return given
    if tree[1] in ("==", "!="):
        fits(types[0], types[1])
        return "bool"
    taken = "bool" if tree[1] in ("and", "or") else "int"
    fits(taken, *types)
    return "int" if tree[1] in ARITHMETIC else "bool"


def problems(program: Program, types: dict[str, str]) -> list[tuple[int, str]]:
    """As ``validate`` has them."""
    known = dict(types)
    found = []
    for line, name, tree in program:
        codes: set[str] = set()
        value = type_of(tree, known, codes)
        if name in known:
            codes.add("redefined")
        else:
            known[name] = value
        found += [(line, code) for code in codes]
    return sorted(found)


def calculated(sign: str, left: int, right: int) -> int:
    """Arithmetic of rule 5."""
    if sign == "^":
        if right < 0 or right > 1000:
            raise Failed("exponent")
        return left**right
    if sign in ("/", "%"):
        if right == 0:
            raise Failed("division")
        down = left // right
        quotient = down + 1 if down < 0 and down * right != left else down
        return quotient if sign == "/" else left - right * quotient
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


def value_of(tree: Tree, values: dict[str, Any]) -> Any:
    """Raises ``Failed``."""
    kind = tree[0]
    if kind == "value":
        return tree[1]
    if kind == "name":
        return values[tree[1]]
    if kind == "call":
        given = [value_of(one, values) for one in tree[2]]
        return {"abs": abs, "min": min, "max": max}[tree[1]](*given)
    if kind == "if":
        return value_of(tree[2 if value_of(tree[1], values) else 3], values)
    if kind == "not":
        return not value_of(tree[1], values)
    if kind == "-":
        return -value_of(tree[1], values)
    _, sign, one, two = tree
    left = value_of(one, values)
    if sign in ("and", "or") and left is (sign == "or"):
        return left
    right = value_of(two, values)
    if sign in ("and", "or"):
        return right
    if sign in ARITHMETIC:
        return calculated(sign, left, right)
    return {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[sign]


def results(
    program: Program, inputs: dict[str, Any]
) -> dict[str, Any] | tuple[int, str]:
    """The values, or the line that fails and its code."""
    values = dict(inputs)
    for line, name, tree in program:
        try:
            values[name] = value_of(tree, values)
        except Failed as failure:
            return line, str(failure)
    return {name: values[name] for _, name, _ in program}


# -- random programs --------------------------------------------------------------


def any_tree(rng: Random, depth: int) -> Tree:
    """Of any types."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(
            [
                ("value", rng.randrange(12)),
                ("value", rng.random() < 0.5),
                ("name", rng.choice(NAMES)),
            ]
        )
    kind = rng.choice(["op"] * 8 + ["if", "not", "-", "call"])
    if kind == "call":
        count = rng.choice([0, 1, 2, 2, 3])
        name = rng.choice(["abs", "min", "max", "min", "max", "f", "a"])
        return "call", name, [any_tree(rng, depth - 1) for _ in range(count)]
    if kind == "op":
        sign = rng.choice([*ARITHMETIC, *COMPARISONS, "and", "or", "and", "or"])
        return "op", sign, any_tree(rng, depth - 1), any_tree(rng, depth - 1)
    parts = {"if": 3, "not": 1, "-": 1}[kind]
    return kind, *(any_tree(rng, depth - 1) for _ in range(parts))


def typed_tree(rng: Random, wanted: str, known: dict[str, str], depth: int) -> Tree:
    """Of one type, without problems."""

    def inner(kind: str) -> Tree:
        return typed_tree(rng, kind, known, depth - 1)

    if depth == 0 or rng.random() < 0.1:
        names = [name for name in known if known[name] == wanted]
        if names and rng.random() < 0.6:
            return "name", rng.choice(names)
        value = rng.random() < 0.5 if wanted == "bool" else rng.randrange(10)
        return "value", value
    if rng.random() < 0.1:
        return "if", inner("bool"), inner(wanted), inner(wanted)
    if wanted == "int":
        kind = rng.randrange(8)
        if kind == 0:
            return "-", inner("int")
        if kind == 1:
            name = rng.choice(["abs", "min", "max"])
            count = 1 if name == "abs" else rng.randint(2, 3)
            return "call", name, [inner("int") for _ in range(count)]
        if kind == 2:
            return "op", "^", inner("int"), ("value", rng.randrange(3))
        return "op", rng.choice(ARITHMETIC[:-1]), inner("int"), inner("int")
    kind = rng.randrange(6)
    if kind == 0:
        return "not", inner("bool")
    if kind < 3:
        return "op", rng.choice(["and", "or"]), inner("bool"), inner("bool")
    if kind == 3:
        both = rng.choice(["int", "bool"])
        return "op", rng.choice(["==", "!="]), inner(both), inner(both)
    return "op", rng.choice(COMPARISONS[2:]), inner("int"), inner("int")


def any_program(rng: Random) -> tuple[str, Program]:
    """Most have problems."""
    count = rng.randint(0, 5)
    trees = [
        (rng.choice(NAMES), any_tree(rng, rng.randint(0, 4))) for _ in range(count)
    ]
    return written(rng, trees)


def sound_program(rng: Random) -> tuple[str, Program, dict[str, Any]]:
    """Without problems; with its inputs."""
    inputs: dict[str, Any] = {"n": rng.randint(-9, 9), "flag": rng.random() < 0.5}
    known = {name: type_name(value) for name, value in inputs.items()}
    trees = []
    for name in rng.sample(NAMES, rng.randint(1, 5)):
        wanted = rng.choice(["int", "int", "bool"])
        trees.append((name, typed_tree(rng, wanted, known, rng.randint(1, 4))))
        known[name] = wanted
    return *written(rng, trees), inputs
