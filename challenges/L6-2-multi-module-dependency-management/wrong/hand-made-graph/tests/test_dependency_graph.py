"""The modules do not depend on each other in a circle."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


def test_there_is_no_cycle():
    graph = json.loads((FOLDER / "dependency_graph.json").read_text())["modules"]
    for name, others in graph.items():
        for other in others:
            assert name not in graph[other]


def test_the_validator_does_not_know_the_executor():
    text = (FOLDER / "validator.py").read_text()
    assert "import executor" not in text
    assert "from executor" not in text


def test_the_executor_is_listed_with_both():
    graph = json.loads((FOLDER / "dependency_graph.json").read_text())["modules"]
    assert {"parser", "validator"} <= set(graph["executor"])
