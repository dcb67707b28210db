"""The agent's own tests: they pass on right caches and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a cache it has never seen (``reference/``, another design) and fail
on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "lru_cache.py"

FAULTS = {
    "get is no use": (
        "        self._use(node)\n        return node.value\n",
        "        return node.value\n",
    ),
    "an update is no use": (
        "            self._use(node)\n            return None\n",
        "            return None\n",
    ),
    "an update evicts": (
        "            self._use(node)\n            return None\n",
        "            self._use(node)\n"
        "            if len(self._nodes) == self.capacity > 1:\n"
        "                return self._evict(self._end.after)\n"
        "            return None\n",
    ),
    "capacity 0 keeps one": (
        "        if self.capacity == 0:\n            return key, value\n"
        "        evicted = None\n        if len(self._nodes) == self.capacity:\n",
        "        evicted = None\n"
        "        if self._nodes and len(self._nodes) >= self.capacity:\n",
    ),
    "in is a use": (
        "        return key in self._nodes\n",
        "        if key in self._nodes:\n            self._use(self._nodes[key])\n"
        "        return key in self._nodes\n",
    ),
    "None is missing": (
        "        self._use(node)\n        return node.value\n",
        "        self._use(node)\n"
        "        return default if node.value is None else node.value\n",
    ),
    "resize evicts the latest": (
        "evicted.append(self._evict(self._end.after))",
        "evicted.append(self._evict(self._end.before))",
    ),
    "get compares all keys": (
        "        self._use(node)\n        return node.value\n",
        "        self._use(node)\n        sum(key == other for other in self._nodes)\n"
        "        return node.value\n",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; the starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_lru_cache.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    shell.write("lru_cache.py", text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own cache"


def test_own_tests_pass_on_another_right_cache(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a cache that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
