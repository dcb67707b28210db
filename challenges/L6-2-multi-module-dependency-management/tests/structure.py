"""Who imports whom: read from syntax trees, by rules 12 to 16."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

OTHER_WAYS = frozenset(
    "__builtins__ __import__ __loader__ __spec__ builtins eval exec globals imp "
    "import_module importlib modules pkgutil runpy setattr zipimport".split()
)

Trees = dict[str, ast.Module]
"""Module → syntax tree."""
Graph = dict[str, list[str]]


def named(tree: ast.Module) -> Iterator[str]:
    """The modules that import statements name, wherever they stand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")[0]
            # `from . import a` names no module of the folder that could be loaded.
            yield "." if node.level else module


def graph(trees: Trees) -> Graph:
    """Module → sorted list of the modules of the project that it depends on."""
    return {name: sorted({*named(tree)} & {*trees}) for name, tree in trees.items()}


def in_cycles(found: Graph) -> list[str]:
    """The modules that depend on themselves, directly or through others."""
    return sorted(name for name in found if name in reach(found, name))


def reach(found: Graph, name: str) -> set[str]:
    """All that a module depends on, directly or through others."""
    seen: set[str] = set()
    waiting = [*found[name]]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += found[one]
    return seen


def foreign(trees: Trees) -> list[tuple[str, str]]:
    """Imports of what is neither the project's nor the library's."""
    known = {*trees} | sys.stdlib_module_names
    return sorted(
        (m, n) for m, tree in trees.items() for n in named(tree) if n not in known
    )


def other_ways(trees: Trees) -> list[tuple[str, str]]:
    """Each use of a name in OTHER_WAYS, also as a text constant."""
    found = set()
    for module, tree in trees.items():
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
            found |= {(module, w) for w in words if type(w) is str and w in OTHER_WAYS}
    return sorted(found)


def hooks(trees: Trees) -> list[tuple[str, str]]:
    """Assignments to an attribute of a name that an import of the project gives."""
    found = set()
    for module, tree in trees.items():
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name in trees
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and not isinstance(node.ctx, ast.Load)
                and isinstance(node.value, ast.Name)
                and node.value.id in names
            ):
                found.add((module, f"{node.value.id}.{node.attr}"))
    return sorted(found)
