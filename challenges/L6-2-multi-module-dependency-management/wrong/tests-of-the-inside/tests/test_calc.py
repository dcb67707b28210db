"""The language, by the functions of the three modules."""

import pytest
from executor import ExecutionError
from executor import run
from nodes import Assignment
from nodes import Literal
from parser import CalcError
from parser import ParseError
from parser import normalize
from parser import parse
from validator import ValidationError
from validator import validate

TYPES = {"i": "int", "p": "bool"}


def test_a_program_is_a_list_of_assignments():
    assert parse("a = 1") == [Assignment(1, "a", Literal(1))]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("-2 ^ -1", "(-(2 ^ (-1)))"),
        ("not a == b and c", "((not (a == b)) and c)"),
        ("a or b and c", "(a or (b and c))"),
        ("if a then 1 else f(2,007)", "(if a then 1 else f(2, 7))"),
    ],
)
def test_grouping(expression, expected):
    assert normalize(f"\nz = {expression} # comment\n") == f"z = {expected}"


@pytest.mark.parametrize(
    "line",
    ["a", "a = ", "a = 1 < 2 < 3", "a = (1", "a = f(1,)", "a = 2x", "if = 1", "a = 1\r"],
)
def test_wrong_lines(line):
    with pytest.raises(ParseError) as caught:
        parse(f"b = 1\n{line}")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("expression", "codes"),
    [
        ("i + 1", []),
        ("z", ["undefined"]),
        ("f(1)", ["function"]),
        ("abs()", ["arity"]),
        ("abs(1, 2)", ["arity"]),
        ("min(1)", ["arity"]),
        ("i + p", ["type"]),
        ("not i", ["type"]),
        ("if i then 1 else true", ["type"]),
        ("u + abs(p, 1)", ["arity", "type", "undefined"]),
    ],
)
def test_problems(expression, codes):
    assert validate(f"z = {expression}", TYPES) == [(1, code) for code in codes]


def test_a_name_is_assigned_once():
    assert validate("i = 1\na = 1\na = true", TYPES) == [
        (1, "redefined"),
        (3, "redefined"),
    ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("-7 % 2", -1),
        ("7 / 2", 3),
        ("2 ^ 3 ^ 2", 512),
        ("0 ^ 0", 1),
        ("false and 1 / 0 == 1", False),
        ("true or 1 / 0 == 1", True),
        ("if true then 1 else 1 / 0", 1),
        ("max(1, i, 2) - min(1, 2)", 4),
    ],
)
def test_values(expression, expected):
    found = run(f"z = {expression}", {"i": 5})
    assert found == {"z": expected}
    assert type(found["z"]) is type(expected)


@pytest.mark.parametrize(
    ("expression", "code"),
    [("1 / 0", "division"), ("1 % 0", "division"), ("2 ^ -1", "exponent")],
)
def test_failures(expression, code):
    with pytest.raises(ExecutionError) as caught:
        run(f"a = 1\nb = {expression}", {})
    assert (caught.value.line, caught.value.code) == (2, code)


def test_nothing_runs_with_problems():
    with pytest.raises(ValidationError) as caught:
        run("a = 1 / 0\nb = c", {})
    assert caught.value.problems == [(2, "undefined")]
    assert issubclass(ValidationError, CalcError)
