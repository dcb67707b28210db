"""The agent's own tests: they pass on right projects and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
tests must pass on a project they have never seen (``reference/``, another design) and
fail on that project with one fault. To tell them apart they have to test what it does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference"

FAULTS = {
    "powers are grouped from the left": (
        "parser.py",
        "RIGHT = {POWER}",
        "RIGHT = set()",
    ),
    "division rounds down": (
        "executor.py",
        "size if negative == 0 else -size",
        "left // right",
    ),
    "both sides are evaluated": (
        "executor.py",
        "if left is decided:",
        "if self.value(tree[3]) is left and left is decided:",
    ),
    "a name may be used in its own assignment": (
        "validator.py",
        "scope = dict(known)",
        'scope = {target: "any", **known}',
    ),
    "any number of arguments": (
        "validator.py",
        "if count not in range(low, high):",
        "if count < 0:",
    ),
    "run does not ask validate": (
        "executor.py",
        "if faults:",
        "if False:",
    ),
    "validator imports executor in a function": (
        "validator.py",
        "    known = dict(types)\n",
        "    import executor\n\n    assert executor.run\n    known = dict(types)\n",
    ),
    "the graph lacks a module": (
        "dependency_graph.json",
        '"executor": ["calc", "parser", "validator"]',
        '"executor": ["calc", "validator"]',
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or a file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; the starts are most of this file's time."""


def project() -> dict[str, str]:
    """File → text of the other right project."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(REFERENCE.iterdir())
        if path.is_file()
    }


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "tests"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, texts: dict[str, str]) -> int:
    """The agent's tests with another project in the place of its own."""
    for path in shell.list():
        if path.endswith(".py") and "/" not in path:
            shell.remove(path)
    for name, text in texts.items():
        shell.write(name, text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own project"


def test_own_tests_pass_on_another_right_project(shell: Any) -> None:
    status = run_tests_on(shell, project())
    assert status == 0, f"status {status} on a project that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    name, right, wrong = FAULTS[fault]
    texts = project()
    assert texts[name].count(right) == 1
    texts[name] = texts[name].replace(right, wrong)
    status = run_tests_on(shell, texts)
    assert status in FAILED, f"status {status} although {fault}"
