import pytest

import parser


def normal(expression):
    return parser.normalize("z = " + expression).removeprefix("z = ")


def test_the_examples():
    text = "a = 1 + 2 * 3 ^ b - -c # comment\n\nd=if not e and a<3 then min(a,001) else -(a%2)\n"
    assert parser.normalize(text) == (
        "a = ((1 + (2 * (3 ^ b))) - (-c))\n"
        "d = (if ((not e) and (a < 3)) then min(a, 1) else (-(a % 2)))"
    )


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
        ("2 ^ -1 ^ 2", "(2 ^ (-(1 ^ 2)))"),
        ("-2 ^ 2", "(-(2 ^ 2))"),
        ("(-2) ^ 2", "((-2) ^ 2)"),
        ("--a", "(-(-a))"),
        ("-a * b", "((-a) * b)"),
        ("a - b - c", "((a - b) - c)"),
        ("a - (b - c)", "(a - (b - c))"),
        ("a / b * c % d", "(((a / b) * c) % d)"),
        ("not not a", "(not (not a))"),
        ("not a == b", "(not (a == b))"),
        ("(not a) == b", "((not a) == b)"),
        ("(a < b) == c", "((a < b) == c)"),
        ("a or b and c or d", "((a or (b and c)) or d)"),
        ("a and not b", "(a and (not b))"),
        ("not a and b", "((not a) and b)"),
        ("if a then b else c + 1", "(if a then b else (c + 1))"),
        ("(if a then b else c) + 1", "((if a then b else c) + 1)"),
        ("if a then b else if c then d else e", "(if a then b else (if c then d else e))"),
        ("max (a, if b then c else d)", "max(a, (if b then c else d))"),
        ("f()", "f()"),
        ("((a))", "a"),
        ("007", "7"),
        ("00", "0"),
        ("true", "true"),
        ("\ta<=b ", "(a <= b)"),
    ],
)
def test_normalize(expression, expected):
    assert normal(expression) == expected
    assert normal(expected) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "a < b < c",
        "a == b != c",
        "1 + if a then b else c",
        "not if a then b else c",
        "a == not b",
        "2 * not a",
        "- not a",
        "2 ^ not a",
        "f(1,)",
        "f(,)",
        "(a",
        "a)",
        "a b",
        "if a then b",
        "1a",
        "1_0",
        "a = b",
        "+a",
        "a ! b",
        "a\r",
        "\u00e4",
        "\u0661",
        "a\u00a0+ b",
        "then",
    ],
)
def test_errors(expression):
    with pytest.raises(parser.ParseError) as caught:
        parser.parse("a = 1 # \u00e4\n\nb = " + expression + "\nc = = 1")
    assert caught.value.line == 3
    assert isinstance(caught.value, parser.CalcError)


@pytest.mark.parametrize("line", ["1 = 2", "if = 2", "a", "a 1", "= 1", "a == 1", "a, b = 1"])
def test_wrong_lines(line):
    with pytest.raises(parser.ParseError) as caught:
        parser.normalize("\n" + line)
    assert caught.value.line == 2


def test_empty():
    assert parser.normalize("") == parser.normalize("\n # a = 1\n \t\n") == ""


def test_names_of_functions_are_free():
    assert parser.normalize("min = min(1, 2)") == "min = min(1, 2)"
