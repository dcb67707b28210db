"""The agent's own tests: they pass on right optimizers and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on an optimizer it has never seen (``reference/``, another design) and
fail on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "performance_optimizer.py"

FAULTS = {
    "the improvement is removed": (
        'verdict["source"] = candidate',
        'verdict["source"] = source',
    ),
    "every candidate is taken": (
        'if not proof["proved"]:',
        "if False:",
    ),
    "count is left as it is": ("self.search_counts()", "pass"),
    "the results are not compared": ('return "results"', "continue"),
    "the results of one seed are compared": (
        "for n, seed in product(SIZES, SEEDS):",
        "for n, seed in product(SIZES, (0,)):",
    ),
    "fewer operations are enough": ("if not self.slower_growth():", "if False:"),
    "hash is not counted": ('note("hash")', "int()"),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; the starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_optimizer.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    """The agent's tests with another optimizer and without what its own has made."""
    for name in ("benchmark_results.json", "improved_functions.py"):
        shell.remove(name)
    shell.write("performance_optimizer.py", text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own optimizer"


def test_own_tests_pass_on_another_right_optimizer(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on an optimizer that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
