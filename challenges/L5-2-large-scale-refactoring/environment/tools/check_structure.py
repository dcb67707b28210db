"""Measures the structure of the package: ``python tools/check_structure.py [FOLDER]``.

FOLDER is the working folder, by default the current one. Prints one line for each
problem and ends with status 1, or prints the size and ends with status 0.

Every ``.py`` file below ``meterbill/`` is a module of the package.

Imports. A module imports another one of the package if an import statement anywhere in
its file names it: at the top, in a function or class, in ``try``, under ``if
TYPE_CHECKING``. ``import a.b`` names ``a.b``; ``from a.b import c`` names ``a.b.c`` if
that is a module and ``a.b`` if it is not (``from a.b import *`` names ``a.b``);
relative imports name what they stand for. The package that Python imports on the way to
a module does not count.

Copies. A function's lines are its statements, nested ones too, in their order, without
the docstring. Each ``except`` and ``case`` is a line as well. A line that holds others
is its head alone. In a line, all names are made equal but those of builtins, of
attributes and of keywords in calls; constants are made equal but for their types;
annotations are left out. Two functions of at least 5 lines are copies when 3/4 of the
lines of the longer one are found, in the same order, in the other one.

Size. All statements, nested ones too, but imports and docstrings.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

PACKAGE = "meterbill"
SIZE = 450
"""Most statements that the package may have."""
SMALL = 5
"""A function of fewer lines is no copy of another."""

OTHER_WAYS = frozenset(
    "__builtins__ __import__ __loader__ __spec__ builtins eval exec imp import_module "
    "importlib modules pkgutil runpy zipimport".split()
)
"""Names that the package does not use: imports by other means than a statement."""

Trees = dict[str, ast.Module]
"""Path below the working folder, with ``/`` → syntax tree."""


def problems(trees: Trees) -> list[str]:
    """One line for each problem."""
    found = [f"import cycle: {' -> '.join(cycle)}" for cycle in cycles(trees)]
    found += [f"{path} imports {name}" for path, name in foreign(trees)]
    found += [f"{path} uses the name {name}" for path, name in other_ways(trees)]
    found += [f"copies: {one} and {other}" for one, other in copies(trees)]
    if size(trees) > SIZE:
        found.append(f"{size(trees)} statements, more than {SIZE}")
    return found


# -- imports ----------------------------------------------------------------------


def module_name(path: str) -> str:
    """``meterbill.power`` for ``meterbill/power.py``."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def graph(trees: Trees) -> dict[str, set[str]]:
    """Module → the modules of the package that it imports."""
    modules = {module_name(path) for path in trees}
    return {
        module_name(path): {
            name if name in modules else name.rpartition(".")[0]
            for name in named(path, tree)
            if name.split(".")[0] == PACKAGE
        }
        & modules
        for path, tree in trees.items()
    }


def named(path: str, tree: ast.Module) -> Iterator[str]:
    """What the import statements of a file name; of ``from a import c``, ``a.c``."""
    here = module_name(path).split(".")
    if not path.endswith("/__init__.py"):
        here.pop()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def cycles(trees: Trees) -> list[list[str]]:
    """Import cycles, no two with a module in common; empty when there is none."""
    left = {name: set(others) for name, others in graph(trees).items()}
    found = []
    while left:
        ends = [name for name in left if not left[name]]
        if not ends:
            path = [min(left)]
            while path[-1] not in path[:-1]:
                path.append(min(left[path[-1]]))
            found.append(path[path.index(path[-1]) :])
            ends = found[-1]
        left = {n: others - {*ends} for n, others in left.items() if n not in ends}
    return found


def foreign(trees: Trees) -> list[tuple[str, str]]:
    """File and module for each import that is not of the library or the package."""
    known = sys.stdlib_module_names | {PACKAGE}
    names = {(path, n) for path, tree in trees.items() for n in named(path, tree)}
    return sorted(
        (path, name) for path, name in names if name.split(".")[0] not in known
    )


def other_ways(trees: Trees) -> list[tuple[str, str]]:
    """File and name for each use of a name in OTHER_WAYS, also as a text constant."""
    found = set()
    for path, tree in trees.items():
        for node in ast.walk(tree):
            words: list[object] = []
            if isinstance(node, ast.Name):
                words = [node.id]
            elif isinstance(node, ast.Attribute):
                words = [node.attr]
            elif isinstance(node, ast.Constant):
                words = [node.value]
            elif isinstance(node, ast.Import):
                words = [part for a in node.names for part in a.name.split(".")]
            elif isinstance(node, ast.ImportFrom):
                words = [*(node.module or "").split("."), *(a.name for a in node.names)]
            found |= {(path, w) for w in words if type(w) is str and w in OTHER_WAYS}
    return sorted(found)


# -- copies -----------------------------------------------------------------------

INSIDE = ("body", "orelse", "handlers", "finalbody", "cases")
"""Fields of a statement that hold other statements."""
LEFT_OUT = {"annotation", "returns", "ctx", "type_comment", "simple"}


def copies(trees: Trees) -> list[tuple[str, str]]:
    """Pairs of functions, ``path:line name``, that are copies of each other."""
    functions = []
    for path, tree in sorted(trees.items()):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = list(lines_of(without_docstring(node.body)))
                if len(lines) >= SMALL:
                    functions.append((f"{path}:{node.lineno} {node.name}", lines))
    return [
        (one, other)
        for (one, lines), (other, others) in combinations(functions, 2)
        if 4 * common(lines, others) >= 3 * max(len(lines), len(others))
    ]


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a body but for a text at its start."""
    return body[1:] if body and is_text(body[0]) else body


def is_text(node: ast.stmt) -> bool:
    """Whether the statement is a text and nothing else."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def lines_of(body: list) -> Iterator[str]:
    """The lines of a function, see above."""
    for node in body:
        yield shape(node)
        for field in INSIDE:
            inner = getattr(node, field, None)
            if isinstance(inner, list):
                yield from lines_of(inner)


def shape(x: object) -> str:
    """A part of a line, with what does not matter made equal."""
    if isinstance(x, list):
        return f"[{' '.join(map(shape, x))}]"
    if isinstance(x, ast.Name):
        return x.id if hasattr(builtins, x.id) else "_"
    if isinstance(x, ast.Constant):
        return type(x.value).__name__
    if isinstance(x, ast.Attribute):
        return f"{shape(x.value)}.{x.attr}"
    if isinstance(x, ast.keyword):
        return f"{x.arg}={shape(x.value)}"
    if isinstance(x, ast.AnnAssign) and x.value is not None:
        return f"Assign([{shape(x.target)}] {shape(x.value)})"
    if not isinstance(x, ast.AST):
        return "_"
    out = LEFT_OUT
    if isinstance(x, ast.stmt | ast.ExceptHandler | ast.match_case):
        out = LEFT_OUT.union(INSIDE)
    parts = [shape(v) for n, v in ast.iter_fields(x) if n not in out and v is not None]
    return f"{type(x).__name__}({' '.join(parts)})"


def common(one: list[str], other: list[str]) -> int:
    """How many lines both have in the same order."""
    row = [0] * (len(other) + 1)
    for line in one:
        above = row[:]
        for i, text in enumerate(other):
            row[i + 1] = above[i] + 1 if line == text else max(above[i + 1], row[i])
    return row[-1]


# -- size -------------------------------------------------------------------------


def size(trees: Trees) -> int:
    """Number of statements."""
    return sum(
        isinstance(node, ast.stmt)
        and not isinstance(node, ast.Import | ast.ImportFrom)
        and not is_text(node)
        for tree in trees.values()
        for node in ast.walk(tree)
    )


def main(folder: Path) -> int:
    """Measure the package in a folder."""
    trees = {
        path.relative_to(folder).as_posix(): ast.parse(path.read_bytes(), str(path))
        for path in sorted((folder / PACKAGE).rglob("*.py"))
    }
    found = problems(trees)
    print("\n".join(found) or f"no problems, {size(trees)} statements of {SIZE}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
