import ast
import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


def imports():
    """What the import statements say: module -> the modules that it depends on."""
    files = {path.stem: path for path in FOLDER.glob("*.py")}
    graph = {}
    for name, path in files.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
        graph[name] = found & files.keys()
    return graph


def described():
    return json.loads((FOLDER / "dependency_graph.json").read_text(encoding="utf-8"))


def test_the_graph_is_right():
    assert described()["modules"] == {name: sorted(found) for name, found in imports().items()}


def test_no_cycle():
    graph = imports()
    while graph:
        free = [name for name, found in graph.items() if not found & graph.keys()]
        assert free, f"a cycle among {sorted(graph)}"
        for name in free:
            del graph[name]


def test_the_order_is_right():
    order = described()["order"]
    graph = imports()
    assert sorted(order) == sorted(graph)
    for name, found in graph.items():
        assert all(order.index(other) < order.index(name) for other in found)


def test_the_three_modules():
    graph = imports()
    assert "parser" in graph["validator"]
    assert {"parser", "validator"} <= graph["executor"]
    assert graph["parser"]
    for name in graph.keys() - {"parser", "validator", "executor"}:
        assert any(name in found for found in graph.values()), f"nobody imports {name}"
