"""Another right optimizer, for the agent's own tests only: see test_own_tests.py."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

SIZES = (10, 80)
SEEDS = (0, 1, 2, 3, 4)
FILE = "<profiled>"

Lines = dict[int, int]


def new_item_class(lines: Lines) -> type:
    """A class of items that notes its operations."""

    def note(operation: str) -> None:
        frame = sys._getframe(2)
        while frame.f_code.co_filename != FILE:
            frame = frame.f_back
        lines[frame.f_lineno] = lines.get(frame.f_lineno, 0) + 1

    class Item:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __hash__(self) -> int:
            note("hash")
            return hash(self.inner)

    def comparison(name: str) -> Callable[[Any, Any], Any]:
        def compare(one: Any, other: Any) -> Any:
            note(name)
            there = other.inner if type(other) is Item else other
            if name == "__eq__":
                return one.inner == there
            if name == "__ne__":
                return one.inner != there
            return one.inner < there if name == "__lt__" else one.inner > there

        return compare

    for name in ("__eq__", "__ne__", "__lt__", "__gt__"):
        setattr(Item, name, comparison(name))
    return Item


def loaded(source: str, name: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"__name__": "profiled"}
    exec(compile(source, FILE, "exec"), namespace)
    return namespace[name]


def profile(source: str, name: str, arguments: list[Any]) -> Lines:
    lines: Lines = {}
    item = new_item_class(lines)
    function = loaded(source, name)
    with suppress(Exception):
        function(
            *([*map(item, one)] if type(one) is list else one for one in arguments)
        )
    return lines


def total_lines(source: str, name: str, make_input: Any, n: int) -> Lines:
    total: Lines = {}
    for seed in SEEDS:
        for line, count in profile(source, name, make_input(n, seed)).items():
            total[line] = total.get(line, 0) + count
    return total


def slow_lines(source: str, name: str, make_input: Any) -> list[int]:
    small, large = (total_lines(source, name, make_input, n) for n in SIZES)
    return [one for one in sorted(large) if large[one] > 24 * (small.get(one) or 1)]


class Comparison:
    """Two versions of a function on one workload."""

    def __init__(self, source: str, candidate: str, name: str, make_input: Any) -> None:
        self.texts = source, candidate
        self.name = name
        self.make_input = make_input
        self.before, self.after = (
            [sum(total_lines(text, name, make_input, n).values()) for n in SIZES]
            for text in self.texts
        )

    def outcomes(self, n: int, seed: int) -> list[tuple[Any, list[Any]]]:
        found = []
        for text in self.texts:
            arguments = self.make_input(n, seed)
            try:
                result = ("value", loaded(text, self.name)(*arguments))
            except Exception as error:
                result = ("error", error.__class__.__name__)
            found.append((result, arguments))
        return found

    def left_behind(self, n: int, seed: int) -> bool:
        (_, old), (_, new) = self.outcomes(n, seed)
        return shape(old) != shape(new)

    def slower_growth(self) -> bool:
        old, new = (
            Fraction(large, small or 1) for small, large in (self.before, self.after)
        )
        return 2 * new <= old

    def reason(self) -> str:
        for n, seed in product(SIZES, SEEDS):
            (old, _), (new, _) = self.outcomes(n, seed)
            if shape(old) != shape(new):
                return "results"
        for n in SIZES:
            if any(self.left_behind(n, seed) for seed in SEEDS):
                return "arguments"
        if self.after[1] >= self.before[1]:
            return "growth"
        if not self.slower_growth():
            return "growth"
        return ""


def shape(value: Any) -> Any:
    """The value with the types of all its parts."""
    if type(value) in (list, tuple):
        return type(value), [shape(one) for one in value]
    return type(value), value


def compare(source: str, candidate: str, name: str, make_input: Any) -> dict[str, Any]:
    comparison = Comparison(source, candidate, name, make_input)
    reason = comparison.reason()
    return {
        "proved": not reason,
        "reason": reason,
        "before": comparison.before,
        "after": comparison.after,
    }


class Generator:
    """Puts a table of counts beside each list that is searched."""

    def __init__(self, source: str, name: str) -> None:
        self.module = ast.parse(source)
        self.function = next(
            node
            for node in self.module.body
            if isinstance(node, ast.FunctionDef) and node.name == name
        )
        self.parents = {
            child: node
            for node in ast.walk(self.function)
            for child in ast.iter_child_nodes(node)
        }
        self.parameters = [one.arg for one in self.function.args.args]
        self.tables: dict[str, str] = {}

    def nodes(self, name: str) -> list[ast.Name]:
        return [
            node
            for node in ast.walk(self.function)
            if isinstance(node, ast.Name) and node.id == name
        ]

    def is_search(self, node: ast.AST) -> bool:
        up = self.parents[node]
        return (
            isinstance(up, ast.Compare)
            and up.comparators == [node]
            and isinstance(up.ops[0], ast.In | ast.NotIn)
        )

    def call_of(self, node: ast.AST, method: str) -> ast.Call | None:
        up = self.parents[node]
        if isinstance(up, ast.Attribute) and up.attr == method:
            call = self.parents[up]
            if isinstance(call, ast.Call):
                return call
        return None

    def is_harmless(self, node: ast.AST) -> bool:
        up = self.parents[node]
        if isinstance(up, ast.For | ast.comprehension):
            return up.iter is node
        return isinstance(up, ast.Call) and ast.unparse(up.func) == "len"

    def begins(self, node: ast.AST) -> bool:
        up = self.parents[node]
        return isinstance(up, ast.Assign) and ast.unparse(up.value) == "[]"

    def candidate(self) -> str:
        for name in self.parameters:
            uses = self.nodes(name)
            if all(
                self.is_search(node)
                or self.call_of(node, "count")
                or self.is_harmless(node)
                or isinstance(self.parents[node], ast.Subscript)
                for node in uses
            ):
                self.tables[name] = f"{name}__table"
        begun = {node.id for node in ast.walk(self.function) if self.is_begun(node)}
        for name in begun:
            if any(map(self.is_search, self.nodes(name))) and all(
                self.is_search(node)
                or self.is_harmless(node)
                or self.begins(node)
                or self.call_of(node, "append")
                or isinstance(self.parents[node], ast.Return)
                for node in self.nodes(name)
            ):
                self.tables[name] = f"{name}__table"
        self.search_counts()
        for name in self.tables:
            if not any(map(self.is_search, self.nodes(name))):
                continue
            for node in self.nodes(name):
                if self.is_search(node):
                    node.id = self.tables[name]
                elif self.begins(node):
                    self.parents[node].value = ast.parse(
                        f"[{self.tables[name]} := {{}}][1:]", mode="eval"
                    ).body
                elif call := self.call_of(node, "append"):
                    call.args = ast.parse(
                        f"f(({self.tables[name]}.setdefault(__x := "
                        f"{ast.unparse(call.args[0])}), __x)[1])",
                        mode="eval",
                    ).body.args
        place = 1 if ast.get_docstring(self.function) is not None else 0
        text = ast.unparse(self.function)
        for name in self.parameters:
            if self.tables.get(name, "-") in text:
                table = self.tables[name]
                made = f"{table} = {{}}\nfor __x in {name}:\n"
                made += f"    {table}[__x] = {table}.get(__x, 0) + 1"
                self.function.body[place:place] = ast.parse(made).body
        return ast.unparse(ast.fix_missing_locations(self.module)) + "\n"

    def is_begun(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and self.begins(node)

    def search_counts(self) -> None:
        for name in self.tables:
            for node in self.nodes(name):
                if call := self.call_of(node, "count"):
                    call.func = ast.Attribute(
                        ast.Name(self.tables[name], ast.Load()), "get", ast.Load()
                    )
                    call.args.append(ast.Constant(0))


def optimize(source: str, name: str, make_input: Any) -> dict[str, Any]:
    slow = slow_lines(source, name, make_input)
    before = [sum(total_lines(source, name, make_input, n).values()) for n in SIZES]
    verdict = {
        "improved": False,
        "source": source,
        "slow_lines": slow,
        "before": before,
        "after": before,
    }
    if not slow:
        return verdict
    candidate = Generator(source, name).candidate()
    proof = compare(source, candidate, name, make_input)
    if not proof["proved"]:
        return verdict
    verdict["improved"] = True
    verdict["source"] = candidate
    verdict["after"] = proof["after"]
    return verdict


def main() -> None:
    source = Path("slow_functions.py").read_text(encoding="utf-8")
    workloads: dict[str, Any] = {}
    exec(Path("workloads.py").read_text(encoding="utf-8"), workloads)
    text, results = source, {}
    for name, make_input in workloads["WORKLOADS"].items():
        verdict = optimize(source, name, make_input)
        if verdict["improved"]:
            text = Generator(text, name).candidate()
        results[name] = {key: verdict[key] for key in verdict if key != "source"}
    Path("improved_functions.py").write_text(text, encoding="utf-8")
    Path("benchmark_results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
