import pytest

import executor
import parser
import validator


def value(expression, **inputs):
    result = executor.run("z = " + expression, inputs)
    assert list(result) == ["z"]
    return result["z"]


@pytest.mark.parametrize(
    "expression, expected",
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / -2", -3),
        ("-7 / -2", 3),
        ("-1 / 2", 0),
        ("-7 % 2", -1),
        ("7 % -2", 1),
        ("-7 % -2", -1),
        ("10 ^ 30 / 7", 10**30 // 7),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("0 ^ 0", 1),
        ("2 ^ 1000", 2**1000),
        ("10 - 3 - 2", 5),
        ("abs(-3) + min(2, 1, 3) * max(1, 2)", 5),
        ("1 < 2", True),
        ("true != false", True),
        ("not 1 >= 2", True),
        ("false and 1 / 0 == 1", False),
        ("true or 1 / 0 == 1", True),
        ("true and false or true", True),
        ("if true then 1 else 1 / 0", 1),
        ("if false then 1 / 0 else 2", 2),
    ],
)
def test_values(expression, expected):
    result = value(expression)
    assert result == expected and type(result) is type(expected)


@pytest.mark.parametrize(
    "expression, code",
    [
        ("1 / 0", "division"),
        ("1 % 0", "division"),
        ("2 ^ -1", "exponent"),
        ("2 ^ 1001", "exponent"),
        ("1 / 0 + 2 ^ -1", "division"),
        ("2 ^ -1 + 1 / 0", "exponent"),
        ("max(2 ^ -1, 1 / 0)", "exponent"),
        ("if true and 1 / 0 == 1 then 1 else 2", "division"),
        ("if false or 1 / 0 == 1 then 1 else 2", "division"),
    ],
)
def test_failures(expression, code):
    with pytest.raises(executor.ExecutionError) as caught:
        executor.run("a = 1\n\nb = " + expression + "\nc = 1 / 0", {})
    assert (caught.value.line, caught.value.code) == (3, code)
    assert isinstance(caught.value, executor.CalcError)


def test_example_of_a_program():
    text = "half = n / 2 # rounds\n\nbig = half > 10\nn2 = if big and not t then half else -half\n"
    inputs = {"n": 30, "t": False}
    assert executor.run(text, inputs) == {"half": 15, "big": True, "n2": 15}
    assert inputs == {"n": 30, "t": False}
    assert executor.run(text, {"n": 5, "t": True}) == {"half": 2, "big": False, "n2": -2}


@pytest.mark.parametrize(
    "text, problems",
    [
        ("a = 1\na = 2", [(2, "redefined")]),
        ("n = 2", [(1, "redefined")]),
        ("a = if true then 1 else b", [(1, "undefined")]),
        ("a = true or n", [(1, "type")]),
        ("a = t + 1", [(1, "type")]),
        ("a = true == 1", [(1, "type")]),
        ("a = abs(1, 2)\nb = f(1)", [(1, "arity"), (2, "function")]),
        ("a = 1 / 0\nb = min(1)", [(2, "arity")]),
    ],
)
def test_problems_come_first(text, problems):
    with pytest.raises(validator.ValidationError) as caught:
        executor.run(text, {"n": 1, "t": True})
    assert caught.value.problems == problems
    assert isinstance(caught.value, validator.CalcError)


def test_wrong_text():
    with pytest.raises(parser.ParseError):
        executor.run("a = ", {})


def test_one_class_of_errors():
    assert parser.CalcError is validator.CalcError is executor.CalcError


def stop(*args, **kwargs):
    raise RuntimeError("stopped")


def test_run_asks_validate(monkeypatch):
    monkeypatch.setattr(validator.validate, "__code__", stop.__code__)
    with pytest.raises(RuntimeError):
        executor.run("a = 1", {})


def test_all_ask_parse(monkeypatch):
    monkeypatch.setattr(parser.parse, "__code__", stop.__code__)
    for call in (
        lambda: parser.normalize("a = 1"),
        lambda: validator.validate("a = 1", {}),
        lambda: executor.run("a = 1", {}),
    ):
        with pytest.raises(RuntimeError):
            call()
