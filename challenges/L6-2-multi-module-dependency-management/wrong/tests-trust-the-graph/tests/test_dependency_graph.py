"""The modules do not depend on each other in a circle, and the graph file is true."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
SAID = json.loads((FOLDER / "dependency_graph.json").read_text(encoding="utf-8"))


def real_graph():
    return SAID["modules"]


def test_the_executor_depends_on_the_other_two():
    graph = real_graph()
    assert "validator" in graph["executor"]
    assert "parser" in graph["validator"]


def test_every_module_comes_after_what_it_depends_on():
    graph = real_graph()
    assert sorted(SAID["order"]) == sorted(graph)
    for name, others in graph.items():
        for other in others:
            assert SAID["order"].index(other) < SAID["order"].index(name)
