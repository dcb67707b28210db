"""``validate``: each code by itself, and random programs."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("calc_model.py"))))

INT, BOOL = {"i": "int", "j": "int"}, {"p": "bool", "q": "bool"}


def problems(code: Any, text: str, types: dict[str, str]) -> Any:
    return code.call("validator:validate", text, types)


def codes(code: Any, expression: str) -> list[str]:
    """Of one expression of i, j (integers) and p, q (truth values)."""
    found = problems(code, f"\nz = {expression}", INT | BOOL)
    assert type(found) is list
    for one in found:
        assert type(one) is tuple
        assert one[:1] == (2,)
    return [code for _, code in found]


def test_random_programs_have_the_problems_of_the_model(code: Any, rng: Random) -> None:
    for _ in range(200):
        text, program = model.any_program(rng)
        names = rng.sample(model.NAMES, rng.randrange(4))
        types = {name: rng.choice(["int", "bool"]) for name in names}
        assert same(problems(code, text, types), model.problems(program, types)), text


def test_sound_programs_have_no_problems(code: Any, rng: Random) -> None:
    for _ in range(50):
        text, _, inputs = model.sound_program(rng)
        types = {name: model.type_name(value) for name, value in inputs.items()}
        assert same(problems(code, text, types), []), text
    assert same(problems(code, "", {}), [])


def test_a_name_is_defined_by_earlier_lines_only(code: Any) -> None:
    assert same(problems(code, "a = a", {}), [(1, "undefined")])
    assert same(problems(code, "a = b\nb = 1\nc = b", {}), [(1, "undefined")])
    assert same(problems(code, "a = x", {"x": "bool"}), [])
    assert same(problems(code, "a = X", {"x": "bool"}), [(1, "undefined")])
    assert same(
        problems(code, "a = min\nb = f(1)", {}), [(1, "undefined"), (2, "function")]
    )


def test_a_name_is_assigned_once(code: Any) -> None:
    assert same(problems(code, "a = 1\na = 1", {}), [(2, "redefined")])
    assert same(problems(code, "x = 1", {"x": "int"}), [(1, "redefined")])
    text = "a = 1\na = true\na = 2\nb = a + 1\nc = not a"
    expected = [(2, "redefined"), (3, "redefined"), (5, "type")]
    assert same(problems(code, text, {}), expected)
    text = "x = x\ny = x and x"
    assert same(problems(code, text, {"x": "bool"}), [(1, "redefined")])
    text = "a = b\na = 1\nb = 2\nc = a and (a + 1 == b)"
    expected = [(1, "undefined"), (2, "redefined")]
    assert same(problems(code, text, {}), expected)


def test_arithmetic_takes_integers(code: Any) -> None:
    for sign in model.ARITHMETIC:
        assert codes(code, f"i {sign} j + 1") == []
        for text in (
            f"p {sign} j",
            f"i {sign} q",
            f"p {sign} q",
            f"(i {sign} j) and p",
        ):
            assert codes(code, text) == ["type"], text
    assert codes(code, "-i + 1") == []
    assert codes(code, "-p") == ["type"]
    assert codes(code, "not -i") == ["type"]


def test_order_takes_integers_and_equality_two_of_one_type(code: Any) -> None:
    for sign in ("<", "<=", ">", ">="):
        assert codes(code, f"(i {sign} j) and p") == []
        for text in (f"p {sign} j", f"i {sign} q", f"p {sign} q", f"(i {sign} j) + 1"):
            assert codes(code, text) == ["type"], text
    for sign in ("==", "!="):
        assert codes(code, f"(i {sign} j) and (p {sign} q)") == []
        for text in (f"p {sign} j", f"i {sign} q", f"(i {sign} j) + 1"):
            assert codes(code, text) == ["type"], text


def test_logic_takes_truth_values(code: Any) -> None:
    for sign in ("and", "or"):
        assert codes(code, f"p {sign} q {sign} true") == []
        for text in (f"p {sign} 1", f"i {sign} q", f"i {sign} j", f"(p {sign} q) + 1"):
            assert codes(code, text) == ["type"], text
    assert codes(code, "not p and not (i == j)") == []
    assert codes(code, "not i") == ["type"]
    assert codes(code, "(not p) + 1") == ["type"]


def test_a_choice_takes_a_truth_value_and_two_of_one_type(code: Any) -> None:
    assert codes(code, "1 + (if p then i else j)") == []
    assert codes(code, "q and (if p then p else q)") == []
    for text in (
        "if i then 1 else 2",
        "if p then i else q",
        "if p then q else i",
        "(if p then i else q) + 1",
        "p and (if p then i else j)",
        "p and (if p then u() else j)",
    ):
        assert "type" in codes(code, text), text
    assert codes(code, "(if p then i else q) + 1") == ["type"]
    assert codes(code, "1 + (if p then i else q)") == ["type"]


def test_functions_take_integers_and_so_many(code: Any) -> None:
    for text in ("abs(i)", "min(i, j)", "max(1, 2, i, j)", "abs(-i) + min(1, 2)"):
        assert codes(code, text) == [], text
    for text in ("abs()", "abs(i, j)", "min()", "min(i)", "max()", "max(j)"):
        assert codes(code, text) == ["arity"], text
        assert codes(code, f"{text} + 1") == ["arity"], text
        assert codes(code, f"not {text}") == ["arity", "type"], text
    for text in ("abs(p)", "min(i, p)", "max(p, j)", "max(i, j, q)", "not max(i, j)"):
        assert codes(code, text) == ["type"], text
    assert codes(code, "abs(p, i)") == ["arity", "type"]
    for text in ("f(i)", "sum()", "Min(i, j)", "i(j)"):
        assert codes(code, text) == ["function"], text


def test_what_is_unknown_fits_everywhere(code: Any) -> None:
    for text in ("u + 1", "u and p", "u == i", "p == u", "not u", "-u", "u < 1"):
        assert codes(code, text) == ["undefined"], text
    for text in ("if u then 1 else 2", "if p then u else 1", "min(u, 1)", "u == u"):
        assert codes(code, text) == ["undefined"], text
    assert codes(code, "(if p then u else 1) + 1") == ["undefined"]
    assert codes(code, "(if p then 1 else u) + 1") == ["undefined"]
    assert codes(code, "not (if p then u else 1)") == ["type", "undefined"]
    assert codes(code, "not (if p then 1 else u)") == ["type", "undefined"]
    assert codes(code, "f(1) + (if f(2) then f(p) else 1)") == ["function"]
    text = "a = u\nb = a + 1\nc = a and true\nd = c + b"
    assert same(problems(code, text, {}), [(1, "undefined"), (4, "type")])


def test_all_parts_of_a_line_are_looked_at(code: Any) -> None:
    assert codes(code, "u + f(p + 1) + abs()") == [
        "arity",
        "function",
        "type",
        "undefined",
    ]
    assert codes(code, "false and u") == ["undefined"]
    assert codes(code, "if true then 1 else u") == ["undefined"]
    assert codes(code, "if u then v else w") == ["undefined"]
    assert codes(code, "f(g(u), not i)") == ["function", "type", "undefined"]
    assert codes(code, "u == abs()") == ["arity", "undefined"]
    assert codes(code, "i == not_(q + 1)") == ["function", "type"]


def test_the_types_that_are_given_are_not_changed(code: Any) -> None:
    types = code.make({"x": "int"})
    for _ in range(2):
        assert same(problems(code, "a = x\nb = a", types), [])
        assert same(code.plain(types), {"x": "int"})
