"""``run``: values, failures, and what it refuses to begin."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "calc_model.py")))
EXAMPLE = HERE.parent / "environment" / "examples" / "shipping.calc"

PROBE = """
def outcome(text, inputs):
    import executor, validator
    try:
        return "values", executor.run(text, inputs)
    except validator.ValidationError as error:
        return "problems", error.problems
    except executor.ExecutionError as error:
        return "failed", error.line, error.code
"""


def outcomes(code: Any) -> Any:
    """A function that gives values, problems, or line and code of a failure."""
    return code.define(PROBE).outcome


def value(code: Any, expression: str, **inputs: Any) -> Any:
    found = code.call("executor:run", f"z = {expression}", inputs)
    assert type(found) is dict
    assert list(found) == ["z"]
    return found["z"]


def test_random_programs_give_what_the_model_gives(code: Any, rng: Random) -> None:
    outcome = outcomes(code)
    for _ in range(150):
        text, program, inputs = model.sound_program(rng)
        expected = model.results(program, inputs)
        found = outcome(text, inputs)
        if type(expected) is tuple:
            assert same(found, ("failed", *expected)), text
        else:
            assert same(found, ("values", expected)), text


def test_random_programs_with_problems_do_not_begin(code: Any, rng: Random) -> None:
    outcome = outcomes(code)
    for _ in range(80):
        text, program = model.any_program(rng)
        inputs = {"a": rng.randrange(5), "b": rng.random() < 0.5}
        problems = model.problems(program, {"a": "int", "b": "bool"})
        if problems:
            assert same(outcome(text, inputs), ("problems", problems)), text


def test_the_types_are_those_of_the_inputs(code: Any) -> None:
    outcome = outcomes(code)
    assert same(outcome("y = x + 1", {"x": True}), ("problems", [(1, "type")]))
    assert same(outcome("y = x + 1", {"x": 1}), ("values", {"y": 2}))
    assert same(outcome("y = not x", {"x": 1}), ("problems", [(1, "type")]))
    assert same(outcome("y = not x", {"x": False}), ("values", {"y": True}))
    assert same(outcome("y = 1 / 0\nx = 1", {"x": 0}), ("problems", [(2, "redefined")]))


def test_every_assigned_name_has_its_value_and_no_other(code: Any) -> None:
    text = "a = x\nb = a * 2 == 6\nc = if b then a else 0"
    found = code.call("executor:run", text, {"x": 3, "unused": False})
    assert same(found, {"a": 3, "b": True, "c": 3})
    assert same(code.call("executor:run", "", {"x": 1}), {})
    assert same(
        code.call("executor:run", "min = min(2, 1)\nb = min", {}), {"min": 1, "b": 1}
    )


@pytest.mark.parametrize("sign", ["/", "%"])
def test_division_rounds_toward_zero(code: Any, sign: str) -> None:
    for left in (-9, -8, -7, -1, 0, 1, 7, 8, 9, 10**30 + 1, -(10**30) - 1):
        for right in (-4, -3, -1, 1, 3, 4, 10**10 + 7):
            found = value(code, f"x {sign} y", x=left, y=right)
            assert same(found, model.calculated(sign, left, right)), (left, right)


def test_division_by_zero_fails(code: Any) -> None:
    outcome = outcomes(code)
    for text in ("1 / 0", "1 % x", "0 / 0", "x % x", "1 / (1 - 1)", "abs(1 % 0)"):
        found = outcome(f"a = 1\n\nb = {text}", {"x": 0})
        assert same(found, ("failed", 3, "division")), text


def test_powers(code: Any) -> None:
    for left, right in ((2, 10), (0, 0), (5, 0), (-3, 3), (-1, 1000), (1, 999), (0, 1)):
        assert same(value(code, "x ^ y", x=left, y=right), left**right)
    assert same(value(code, "2 ^ 1000"), 2**1000)
    outcome = outcomes(code)
    for text in ("2 ^ 1001", "2 ^ -1", "1 ^ x", "0 ^ -1", "2 ^ 2 ^ 10", "1 ^ (0 - 1)"):
        assert same(outcome(f"a = {text}", {"x": 10**9}), ("failed", 1, "exponent")), (
            text
        )


def test_the_first_failure_counts(code: Any) -> None:
    outcome = outcomes(code)
    for text, failed in (
        ("1 / 0 + 2 ^ -1", "division"),
        ("2 ^ -1 + 1 / 0", "exponent"),
        ("min(2 ^ -1, 1 / 0)", "exponent"),
        ("(1 / 0) ^ (2 ^ -1)", "division"),
        ("2 ^ (1 / 0)", "division"),
        ("1 / 0 == 2 ^ -1", "division"),
        ("-(2 ^ -1) < 1 / 0", "exponent"),
    ):
        found = outcome(f"a = true\nb = {text}\nc = 1 / 0", {})
        assert same(found, ("failed", 2, failed)), text


def test_only_what_is_needed_is_evaluated(code: Any) -> None:
    for text, expected in (
        ("false and 1 / 0 == 1", False),
        ("true or 1 / 0 == 1", True),
        ("if true then 1 else 1 / 0", 1),
        ("if false then 1 / 0 else 2", 2),
        ("not (false and 2 ^ -1 > 0)", True),
        ("x == 0 or 10 / x > 2", True),
        ("x != 0 and 10 / x > 2 and true", False),
        ("if x == 0 then 0 else 10 / x", 0),
    ):
        assert same(value(code, text, x=0), expected), text
    outcome = outcomes(code)
    for text in ("true and 1 / 0 == 1", "false or 1 / 0 == 1", "1 / 0 == 1 or true"):
        assert same(outcome(f"a = {text}", {}), ("failed", 1, "division")), text


def test_values_are_integers_or_truth_values(code: Any) -> None:
    for text, expected in (
        ("true and true", True),
        ("false or false", False),
        ("7 / 7", 1),
        ("2 ^ 0", 1),
        ("1 < 1", False),
        ("1 <= 1", True),
        ("1 > 1", False),
        ("1 >= 1", True),
        ("true == true", True),
        ("false != false", False),
        ("false == true", False),
        ("--5", 5),
        ("abs(-5) - abs(5)", 0),
        ("min(3, 1, 2) * 10 + max(1, 3, 2)", 13),
        ("007", 7),
        ("if true then false else true", False),
    ):
        assert same(value(code, text), expected), text


def test_large_integers_are_exact(code: Any, rng: Random) -> None:
    one, two = rng.getrandbits(200) + 1, rng.getrandbits(90) + 1
    found = value(code, f"({one} * x - x / {two}) % {one}", x=one * two)
    expected = model.calculated("%", one * (one * two) - one, one)
    assert same(found, expected)


def test_long_expressions_run(code: Any) -> None:
    assert same(value(code, " + ".join(["x"] * 201), x=2), 402)
    assert same(value(code, "1 ^ " * 200 + "1"), 1)
    assert same(value(code, "not " * 200 + "true"), True)
    assert same(value(code, "if false then 1 else " * 200 + "2"), 2)


def test_calls_do_not_depend_on_one_another(code: Any) -> None:
    inputs = code.make({"x": 4})
    for _ in range(2):
        assert same(code.call("executor:run", "a = x\nb = a", inputs), {"a": 4, "b": 4})
        assert same(code.plain(inputs), {"x": 4})
    assert same(outcomes(code)("c = a", {}), ("problems", [(1, "undefined")]))


def test_the_example_runs(code: Any, files: Any, rng: Random) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert files.text("examples/shipping.calc") == text
    for grams in (0, 1, 500, 501, 10_001, rng.randrange(20_000)):
        for express in (False, True):
            inputs = {"grams": grams, "express": express}
            steps = (grams + 499) // 500
            base = 1900 if steps > 20 else 400 + 75 * steps
            found = code.call("executor:run", text, inputs)
            assert same(found["cost"], base * (2 if express and steps <= 20 else 1))


def test_the_errors_have_one_class_above_them(code: Any) -> None:
    base = code.ref("parser:CalcError")
    for module in ("validator", "executor"):
        assert code.same_object(code.ref(f"{module}:CalcError"), base), module
    for text, name in (
        ("a =", "ParseError"),
        ("a = b", "ValidationError"),
        ("a = 1 / 0", "ExecutionError"),
    ):
        with pytest.raises(CodeError) as caught:
            code.call("executor:run", text, {})
        assert caught.value.type == name
        assert caught.value.is_a("CalcError")
        assert caught.value.is_a("Exception")
