import pytest

import parser
import validator


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a = i + 1\nb = a < 2 and t", []),
        ("a = b", [(1, "undefined")]),
        ("a = a", [(1, "undefined")]),
        ("a = a + 1\nb = a", [(1, "undefined")]),
        ("a = b\nb = 1\nc = b", [(1, "undefined")]),
        ("a = 1\na = 2", [(2, "redefined")]),
        ("i = 1", [(1, "redefined")]),
        ("i = true\na = i + 1", [(1, "redefined")]),
        ("a = 1\na = true\nb = a + 1\nc = not a", [(2, "redefined"), (4, "type")]),
        ("a = f(1)", [(1, "function")]),
        ("a = f(b, 1 + t)", [(1, "function"), (1, "type"), (1, "undefined")]),
        ("abs = 1\na = abs", []),
        ("a = abs()", [(1, "arity")]),
        ("a = abs(1, 2)", [(1, "arity")]),
        ("a = min()", [(1, "arity")]),
        ("a = min(1)", [(1, "arity")]),
        ("a = max(1)", [(1, "arity")]),
        ("a = max(1, 2, 3) + abs(1) + min(1, 2)", []),
        ("a = abs(t)", [(1, "type")]),
        ("a = max(1, 2, t)", [(1, "type")]),
        ("a = t + 1", [(1, "type")]),
        ("a = -t", [(1, "type")]),
        ("a = t < t", [(1, "type")]),
        ("a = t == t", []),
        ("a = t != 1", [(1, "type")]),
        ("a = not 1", [(1, "type")]),
        ("a = t and 1", [(1, "type")]),
        ("a = 1 or t", [(1, "type")]),
        ("a = if 1 then 1 else 2", [(1, "type")]),
        ("a = if t then 1 else t", [(1, "type")]),
        ("a = (if t then 1 else t) + 1", [(1, "type")]),
        ("a = if t then b else 1\nc = a and t", [(1, "undefined"), (2, "type")]),
        ("a = b\nc = a + 1\nd = not a", [(1, "undefined")]),
        ("a = t + t\nb = not a", [(1, "type"), (2, "type")]),
        ("a = b + b + b", [(1, "undefined")]),
    ],
)
def test_problems(text, expected):
    assert validator.validate(text, {"i": "int", "t": "bool"}) == expected


def test_wrong_text():
    with pytest.raises(parser.ParseError):
        validator.validate("a = ", {})


def test_types_are_not_changed():
    types = {"i": "int"}
    validator.validate("a = i", types)
    assert types == {"i": "int"}
