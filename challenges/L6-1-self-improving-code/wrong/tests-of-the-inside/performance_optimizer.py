"""Finds slow list operations by counting them, rewrites them, and proves the gain."""

import ast
import json
import runpy
import sys
from collections import Counter
from pathlib import Path

SIZES = (10, 80)
SEEDS = range(5)
SLOW = 24


class Counted:
    """An item that counts, by line of the profiled source, what is asked of it."""

    def __init__(self, value, lines):
        self.value, self.lines = value, lines

    def _other(self, other):
        """Count one operation for the line that asks."""
        self.lines[sys._getframe(2).f_lineno] += 1
        return other.value if isinstance(other, Counted) else other

    def __eq__(self, other):
        return self.value == self._other(other)

    def __lt__(self, other):
        return self.value < self._other(other)

    def __gt__(self, other):
        return self.value > self._other(other)

    def __hash__(self):
        return hash(self._other(self))


def _call(source, name, arguments):
    """The outcome of one call on a newly loaded copy."""
    module = {"__name__": "optimized"}
    exec(compile(source, "<source>", "exec"), module)
    try:
        return "returned", module[name](*arguments)
    except Exception as error:
        return "raised", type(error).__name__


def profile(source, name, arguments):
    """Operations of one call by line."""
    lines = Counter()
    counted = [
        [Counted(item, lines) for item in one] if isinstance(one, list) else one
        for one in arguments
    ]
    _call(source, name, counted)
    return dict(lines)


def _counts(source, name, make_input):
    """For each size, operations by line, summed over the seeds."""
    found = []
    for n in SIZES:
        lines = Counter()
        for seed in SEEDS:
            lines.update(profile(source, name, make_input(n, seed)))
        found.append(lines)
    return found


def slow_lines(source, name, make_input):
    """Lines whose operations grow much faster than the input."""
    small, large = _counts(source, name, make_input)
    return sorted(line for line in large if large[line] > SLOW * max(small[line], 1))


def _same(one, other):
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _difference(source, candidate, name, make_input):
    """``"results"``, ``"arguments"`` or nothing."""
    reasons = set()
    for n in SIZES:
        for seed in SEEDS:
            old, new = make_input(n, seed), make_input(n, seed)
            if not _same(_call(source, name, old), _call(candidate, name, new)):
                reasons.add("results")
            if not _same(old, new):
                reasons.add("arguments")
    return max(reasons, default="")


def compare(source, candidate, name, make_input):
    """Whether the candidate is proved to be equal and to grow more slowly."""
    before, after = (
        [lines.total() for lines in _counts(text, name, make_input)]
        for text in (source, candidate)
    )
    growing = 2 * after[1] * max(before[0], 1) > before[1] * max(after[0], 1)
    reason = _difference(source, candidate, name, make_input)
    if not reason and (growing or after[1] >= before[1]):
        reason = "growth"
    return {"before": before, "after": after, "reason": reason, "proved": not reason}


def _uses(function):
    """In what ways a function uses names: ``(way, node of the name)``."""
    for node in ast.walk(function):
        match node:
            case ast.Compare(
                ops=[ast.In() | ast.NotIn()], comparators=[ast.Name() as name]
            ):
                yield "in", name
            case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="count")):
                yield "count", name
            case (
                ast.For(iter=ast.Name() as name)
                | ast.comprehension(iter=ast.Name() as name)
                | ast.Call(func=ast.Name(id="len"), args=[ast.Name() as name])
            ):
                yield "read", name
            case ast.Subscript(value=ast.Name() as name, ctx=ast.Load()):
                yield "item", name
            case ast.Assign(targets=[ast.Name() as name], value=ast.List(elts=[])):
                yield "begin", name
            case ast.Expr(
                ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="append"))
            ):
                yield "append", name
            case ast.Return(value=ast.Name() as name):
                yield "return", name


def _searched_only(function, names, ways):
    """Those of the names that are searched, and used in these ways only."""
    known = {node: way for way, node in _uses(function)}
    nodes = [one for one in ast.walk(function) if isinstance(one, ast.Name)]
    searched = {node.id for node, way in known.items() if way in ("in", "count")}
    others = {node.id for node in nodes if known.get(node) not in ways}
    return names & searched - others


class _Rewriter(ast.NodeTransformer):
    """Sets and counts beside the lists of one function."""

    def __init__(self, function):
        parameters = {one.arg for one in function.args.args}
        begun = {node.id for way, node in _uses(function) if way == "begin"}
        self.given = _searched_only(
            function, parameters, ("in", "count", "read", "item")
        )
        self.grown = _searched_only(
            function, begun, ("in", "begin", "append", "read", "return")
        )
        self.start = []
        """Statements that prepare what stands beside the parameters."""

    def visit_Compare(self, node):
        self.generic_visit(node)
        match node:
            case ast.Compare(
                ops=[ast.In() | ast.NotIn()], comparators=[ast.Name(id=name)]
            ) if name in self.given | self.grown:
                node.comparators[0].id = f"_set_{name}"
                if name in self.given:
                    self.start.append(f"_set_{name} = set({name})")
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="count"), args=[item]
            ) if name in self.given:
                self.start.append(
                    f"_count_{name} = {{}}\n"
                    f"for _item in {name}:\n"
                    f"    _count_{name}[_item] = _count_{name}.get(_item, 0) + 1"
                )
                asked = ast.unparse(item)
                return ast.parse(f"_count_{name}.get({asked}, 0)", mode="eval").body
        return node

    def visit_Assign(self, node):
        self.generic_visit(node)
        match node.targets:
            case [ast.Name(id=name)] if name in self.grown:
                return [node, *ast.parse(f"_set_{name} = set()").body]
        return node

    def visit_Expr(self, node):
        self.generic_visit(node)
        match node.value:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="append")
            ) if name in self.grown:
                return [node, *ast.parse(f"_set_{name}.add({name}[-1])").body]
        return node


def _rewrite(source, name):
    """The source with a function that looks things up instead of searching them."""
    module = ast.parse(source)
    for function in module.body:
        if isinstance(function, ast.FunctionDef) and function.name == name:
            rewriter = _Rewriter(function)
            rewriter.visit(function)
            start = ast.parse("\n".join(dict.fromkeys(rewriter.start))).body
            place = 0 if ast.get_docstring(function) is None else 1
            function.body[place:place] = start
    return ast.unparse(ast.fix_missing_locations(module)) + "\n"


def optimize(source, name, make_input):
    """An improved source if there is one that can be proved."""
    slow = slow_lines(source, name, make_input)
    candidate = _rewrite(source, name) if slow else source
    found = compare(source, candidate, name, make_input)
    improved = found["proved"]
    return {
        "improved": improved,
        "source": candidate if improved else source,
        "slow_lines": slow,
        "before": found["before"],
        "after": found["after"] if improved else found["before"],
    }


def main():
    """Optimize ``slow_functions.py`` in the current folder."""
    source = text = Path("slow_functions.py").read_text(encoding="utf-8")
    results = {}
    for name, make_input in runpy.run_path("workloads.py")["WORKLOADS"].items():
        results[name] = optimize(source, name, make_input)
        if results[name]["improved"]:
            text = _rewrite(text, name)
        del results[name]["source"]
    Path("improved_functions.py").write_text(text, encoding="utf-8")
    Path("benchmark_results.json").write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
