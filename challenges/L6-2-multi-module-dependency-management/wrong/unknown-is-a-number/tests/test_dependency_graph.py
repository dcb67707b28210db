"""The modules do not depend on each other in a circle, and the graph file is true."""

import ast
import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
SAID = json.loads((FOLDER / "dependency_graph.json").read_text(encoding="utf-8"))


def imported(path):
    """What import statements name, wherever they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def real_graph():
    names = {path.stem: set(imported(path)) for path in FOLDER.glob("*.py")}
    return {name: sorted(others & names.keys()) for name, others in names.items()}


def test_the_file_says_what_is_imported():
    assert SAID["modules"] == real_graph()


def test_every_module_comes_after_what_it_depends_on():
    graph = real_graph()
    assert sorted(SAID["order"]) == sorted(graph)
    for name, others in graph.items():
        for other in others:
            assert SAID["order"].index(other) < SAID["order"].index(name)
