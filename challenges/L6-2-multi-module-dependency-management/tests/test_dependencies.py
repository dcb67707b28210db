"""The import graph: as files say, as the child loads it, as the JSON file has it."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
structure = SimpleNamespace(**run_path(str(HERE / "structure.py")))

THREE = ["parser", "validator", "executor"]

CUT = """
def _cut(*args, **kwargs):
    raise RuntimeError("cut")

def cut(function):
    function.__code__ = _cut.__code__
"""

ALL_OF_IT = """
def use():
    import {module}
    texts = ["a = (1 + 2) * -x ^ 2 / 3\\nb = not (a < 3 or false)\\nc = min(a, 1) % 2",
        "a = if true then abs(1) else b", "a = ", "a = 1 / 0", "a = 1 ^ -1", "a = f(a)"]
    for text in texts:
        for name in ("parse", "normalize", "validate", "run"):
            function = getattr({module}, name, None)
            arguments = [text] if name in ("parse", "normalize") else [text, {types}]
            try:
                if function is not None:
                    function(*arguments)
            except Exception:
                pass
"""
TYPES = {"parser": '{"x": 3}', "validator": '{"x": "int"}', "executor": '{"x": 3}'}


def trees_of(files: Any) -> dict[str, ast.Module]:
    paths = [path for path in files.list() if path.endswith(".py") and "/" not in path]
    return {path.removesuffix(".py"): files.tree(path) for path in paths}


def graph_of(files: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = structure.graph(trees_of(files))
    return found


def test_there_are_the_three_modules_and_what_they_share(files: Any) -> None:
    modules = [*graph_of(files)]
    assert {*THREE} < {*modules}
    elsewhere = [p for p in files.list() if p.endswith(".py") and "/" in p]
    assert [p for p in elsewhere if not p.startswith("tests/")] == []


def test_no_module_depends_on_itself(files: Any) -> None:
    assert structure.in_cycles(graph_of(files)) == []


def test_the_three_modules_import_one_another(files: Any) -> None:
    graph = graph_of(files)
    assert "parser" in graph["validator"]
    assert {"parser", "validator"} <= {*graph["executor"]}


def test_the_parser_imports_a_further_module(files: Any) -> None:
    assert {*graph_of(files)["parser"]} - {*THREE}


def test_every_further_module_is_imported(files: Any) -> None:
    graph = graph_of(files)
    imported = {name for others in graph.values() for name in others}
    assert {*graph} - {*THREE} <= imported


def test_modules_import_one_another_and_the_library_only(files: Any) -> None:
    assert structure.foreign(trees_of(files)) == []


def test_modules_are_imported_by_statements_only(files: Any) -> None:
    assert structure.other_ways(trees_of(files)) == []


def test_no_module_puts_something_into_another_one(files: Any) -> None:
    assert structure.hooks(trees_of(files)) == []


def test_the_graph_file_says_what_is_imported(files: Any) -> None:
    found = json.loads(files.text("dependency_graph.json"))
    assert type(found) is dict
    assert sorted(found) == ["modules", "order"]
    assert found["modules"] == graph_of(files)


def test_the_order_begins_with_what_others_need(files: Any) -> None:
    graph = graph_of(files)
    order = json.loads(files.text("dependency_graph.json"))["order"]
    assert type(order) is list
    assert sorted(order) == sorted(graph)
    for name, others in graph.items():
        for other in others:
            assert order.index(other) < order.index(name), (other, name)


def test_each_module_loads_what_it_depends_on_and_no_more(
    code: Any, files: Any
) -> None:
    graph = graph_of(files)
    for name in graph:
        child = code.spawn()
        types = TYPES.get(name, "{}")
        child.define(ALL_OF_IT.format(module=name, types=types)).use()
        allowed = structure.reach(graph, name) | {name}
        assert {*child.imported()} <= allowed, name
        assert name in child.imported()


def test_other_modules_hold_the_same_names_once_the_executor_is_there(
    code: Any,
) -> None:
    names = "def names(module):\n    return sorted(vars(module))\n"
    before = {}
    for name in ("parser", "validator"):
        child = code.spawn()
        before[name] = child.define(names).names(child.load(name))
    child = code.spawn()
    child.load("executor")
    for name, expected in before.items():
        assert child.define(names).names(child.load(name)) == expected


@pytest.mark.parametrize(
    ("function", "users"),
    [
        ("parser:parse", ["parser:normalize", "validator:validate", "executor:run"]),
        ("validator:validate", ["executor:run"]),
    ],
)
def test_there_is_one_parser_and_one_validator(
    code: Any, function: str, users: list[str]
) -> None:
    for user in users:
        arguments = ["a = 1"] if user == "parser:normalize" else ["a = 1", {}]
        code.call(user, *arguments)
    code.define(CUT).cut(code.ref(function))
    for user in users:
        arguments = ["a = 1"] if user == "parser:normalize" else ["a = 1", {}]
        with code.raises("RuntimeError"):
            code.call(user, *arguments)
