"""The agent's own tests: they pass on right trees and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a tree it has never seen (``reference/``, another design) and fail
on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "balanced_tree.py"

FAULTS = {
    "insert does not balance": (
        "        return grown(node)\n",
        "        return node\n",
    ),
    "delete does not balance": (
        "        return shrunk(node)\n",
        "        return node\n",
    ),
    "two children lose others": (
        "            before = node.left\n"
        "            while before.right is not None:\n"
        "                before = before.right\n"
        "            node.key, node.value = before.key, before.value\n"
        "            node.left = self._without(node.left, before.key)\n",
        "            before = node.left\n"
        "            while before.right is not None:\n"
        "                before = before.right\n"
        "            node.key, node.value = before.key, before.value\n"
        "            node.left = None\n",
    ),
    "len counts missing keys": (
        "        if self._node(key) is None:\n            return False\n",
        "        if self._node(key) is None:\n            self._count -= 1\n"
        "            return False\n",
    ),
    "an equal key comes twice": (
        "            node.value = value\n            return False\n",
        "            pass\n",
    ),
    "descending order": (
        "            yield from self._keys(node.left)\n"
        "            yield node.key\n"
        "            yield from self._keys(node.right)\n",
        "            yield from self._keys(node.right)\n"
        "            yield node.key\n"
        "            yield from self._keys(node.left)\n",
    ),
    "between leaves out high": ("if node.key > high:", "if node.key >= high:"),
    "search compares all keys": (
        "        return default if node is None else node.value\n",
        "        sum(key == other for other in self)\n"
        "        return default if node is None else node.value\n",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; the starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_balanced_tree.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    shell.write("balanced_tree.py", text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own tree"


def test_own_tests_pass_on_another_right_tree(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a tree that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
