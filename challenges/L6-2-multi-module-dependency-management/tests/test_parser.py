"""``parse`` and ``normalize``: which texts are programs, and how they are grouped."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("calc_model.py"))))


def normal(code: Any, expression: str) -> str:
    """One expression with all its parentheses."""
    text: str = code.call("parser:normalize", f"z = {expression}")
    assert type(text) is str
    assert text.startswith("z = ")
    return text.removeprefix("z = ")


def wrong_line(code: Any, text: str) -> Any:
    """The line of the ``ParseError``."""
    make = "def line_of(text):\n import parser\n try:\n  parser.parse(text)\n"
    make += " except parser.ParseError as error:\n  return error.line\n"
    return code.define(make).line_of(text)


def test_random_programs_are_grouped_as_they_were_written(
    code: Any, rng: Random
) -> None:
    for _ in range(150):
        text, program = model.any_program(rng)
        expected = [f"{name} = {model.shown(tree)}" for _, name, tree in program]
        assert same(code.call("parser:normalize", text), "\n".join(expected)), text


def test_what_is_normal_stays_as_it_is(code: Any, rng: Random) -> None:
    for _ in range(20):
        text = code.call("parser:normalize", model.any_program(rng)[0])
        assert same(code.call("parser:normalize", text), text)


@pytest.mark.parametrize(
    ("written", "grouped"),
    [
        ("1 + 2 * 3 ^ 4", "(1 + (2 * (3 ^ 4)))"),
        ("1 - 2 - 3 + 4", "(((1 - 2) - 3) + 4)"),
        ("1 * 2 / 3 % 4", "(((1 * 2) / 3) % 4)"),
        ("2 ^ 3 ^ 4", "(2 ^ (3 ^ 4))"),
        ("-2 ^ 2", "(-(2 ^ 2))"),
        ("2 ^ -1 ^ 2", "(2 ^ (-(1 ^ 2)))"),
        ("-a * b", "((-a) * b)"),
        ("a * -b", "(a * (-b))"),
        ("--a", "(-(-a))"),
        ("a--b", "(a - (-b))"),
        ("not not a", "(not (not a))"),
        ("not a == b", "(not (a == b))"),
        ("not a and b", "((not a) and b)"),
        ("a or b and c or d", "((a or (b and c)) or d)"),
        ("a and b and c", "((a and b) and c)"),
        ("a or not b and c", "(a or ((not b) and c))"),
        ("a + 1 < b * 2", "((a + 1) < (b * 2))"),
        ("(a < b) == (c >= d)", "((a < b) == (c >= d))"),
        ("a <= b and b != c", "((a <= b) and (b != c))"),
        ("if a then b else c + 1", "(if a then b else (c + 1))"),
        (
            "if a then b else if c then d else e",
            "(if a then b else (if c then d else e))",
        ),
        (
            "if if a then b else c then if d then 1 else 2 else 3",
            "(if (if a then b else c) then (if d then 1 else 2) else 3)",
        ),
        ("if a or b then 1 else 2", "(if (a or b) then 1 else 2)"),
        ("(if a then 1 else 2) + 1", "((if a then 1 else 2) + 1)"),
        ("f()", "f()"),
        (
            "f(if a then 1 else 2, not b)+g (a)",
            "(f((if a then 1 else 2), (not b)) + g(a))",
        ),
        ("min(min(1,2),(3))", "min(min(1, 2), 3)"),
        ("((((a))))", "a"),
        ("0007 + 00", "(7 + 0)"),
        ("iffy + thenx - _not - True", "(((iffy + thenx) - _not) - True)"),
    ],
)
def test_operators_bind_as_the_table_says(
    code: Any, written: str, grouped: str
) -> None:
    assert same(normal(code, written), grouped)


def test_words_need_no_white_space_beside_signs(code: Any) -> None:
    assert same(normal(code, "if(a)then(b)else(c)"), "(if a then b else c)")
    assert same(normal(code, "(a)and(b)or not(c)"), "((a and b) or (not c))")
    assert same(code.call("parser:normalize", "a=1<=b"), "a = (1 <= b)")
    assert same(code.call("parser:normalize", "\t a\t= \t1 \t"), "a = 1")


def test_blank_lines_and_comments_are_left_out(code: Any) -> None:
    for text in ("", "\n", " \t\n\n", "# a = 1", "#\n  # é\n"):
        assert same(code.call("parser:normalize", text), "")
    text = "# one\n\na = 1# two # three\n \t\nb = a #\n# \r\x0b\u2028 ) ="
    assert same(code.call("parser:normalize", text), "a = 1\nb = a")


WRONG = [
    *("a", "a =", "= 1", "1 = 1", "a == 1", "a = 1 b", "a 1", "a = b = c", "a, b = 1"),
    *("a = 1 +", "a = * 1", "a = + 1", "a = 1 + + 1", "a = 1 ^", "a = ^ 1", "a = -"),
    *("a = (1", "a = 1)", "a = ()", "a = (1, 2)", "a = ((1)", "(a) = 1", "a = )"),
    *("a = f(", "a = f(1", "a = f(1,)", "a = f(,1)", "a = f(1 2)", "a = f(,)"),
    *("a = f(1,,2)", "a = 1(2)", "a = (f)(1)", "a = f(1)(2)", "a = true(1)"),
    *("a = 1 < 2 < 3", "a = 1 == 2 != 3", "a = b == c == d", "a = 1 < = 2"),
    *("a = 1 ! = 2", "a = !b", "a = 1 = 2", "a = 1 =< 2", "a = 1 <> 2", "a = b not c"),
    *("a = not", "a = b == not c", "a = 2 * not b", "a = -not b", "a = 2 ^ not b"),
    *("a = if b then 1", "a = if b else 2", "a = then", "a = b if c else d"),
    *("a = if b then 1 else", "a = if then else", "a = 1 + if b then 1 else 2"),
    *("a = not if b then c else d", "a = -if b then 1 else 2", "a = b and if c"),
    *("if = 1", "true = 1", "a = else", "a = and", "a = or(1)", "not = 1", "false = 0"),
    *("a = 2x", "a = 2_", "a = 0x1", "a = 1.5", "a = 1e3", "2a = 1", "a = 1_000"),
    *("a = $", "a = b.c", "a = 'x'", 'a = "x"', "a = [1]", "a = 1;", "a = 1 & 2"),
    *("a = \u00b2", "a = \u0663", "\u00e9 = 1", "a = b\u00e9", "a = 1\u00a0+ 1"),
    *("a = 1\r", "\r", "a = 1\x0b", "a = 1\x0c+ 1", "a = 1\u2028b = 2", "\ufeffa = 1"),
    *("a = 2 ** 3", "a = 7 // 2", "a = 1 == = 2", "a = b c", "a = 1 2", "a = not = b"),
]


def test_what_is_no_program_is_refused_with_its_line(code: Any, rng: Random) -> None:
    for wrong in WRONG:
        before = [rng.choice(["", "z = 1", "# a ="]) for _ in range(rng.randrange(4))]
        after = rng.choice(["", "\n", "\nz = 1", "\n)", "\n# x\n"])
        text = "\n".join([*before, wrong]) + after
        assert same(wrong_line(code, text), len(before) + 1), text


def test_a_line_ends_with_a_line_feed_only(code: Any) -> None:
    assert same(wrong_line(code, "a = (1\n+ 2)"), 1)
    assert same(wrong_line(code, "a = 1\nb = 2\r\nc = 3"), 2)
    assert same(wrong_line(code, "a =\n1"), 1)
    assert same(wrong_line(code, "a = 1 # x\u2028\x85 b\nb"), 2)


def test_every_function_raises_the_parse_error(code: Any) -> None:
    for target in ("parser:normalize", "parser:parse"):
        with pytest.raises(CodeError) as caught:
            code.call(target, "a = 1\nb = ")
        assert caught.value.type == "ParseError"
    for target in ("validator:validate", "executor:run"):
        with pytest.raises(CodeError) as caught:
            code.call(target, "a = c\nb = ", {})
        assert caught.value.type == "ParseError"


LONG = {
    "sum": (" + ".join(["a"] * 201), "(" * 200 + "a" + " + a)" * 200),
    "power": (" ^ ".join(["a"] * 201), "(a ^ " * 200 + "a" + ")" * 200),
    "not": ("not " * 200 + "a", "(not " * 200 + "a" + ")" * 200),
    "minus": ("-" * 200 + "a", "(-" * 200 + "a" + ")" * 200),
    "parentheses": ("(" * 30 + "a" + ")" * 30, "a"),
    "choice": (
        "if a then a else " * 200 + "a",
        "(if a then a else " * 200 + "a" + ")" * 200,
    ),
}


@pytest.mark.parametrize("kind", list(LONG))
def test_long_expressions(code: Any, kind: str) -> None:
    text, expected = LONG[kind]
    assert normal(code, text) == expected
