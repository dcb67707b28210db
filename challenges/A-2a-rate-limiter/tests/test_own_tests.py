"""The agent's own tests: they pass on right limiters and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a limiter it has never seen (``reference/``, another design) and fail
on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "rate_limiter.py"

FAULTS = {
    "fixed windows begin with the first request": (
        """\
        begin = now - now % self.window
        if not state or begin > state["begin"]:
            state.update(begin=begin, used=0)
""",
        """\
        if not state or now - state["begin"] >= self.window:
            state.update(begin=now, used=0)
""",
    ),
    "the log counts what is a window old": (
        "state[1][0] <= now - self.window",
        "state[1][0] < now - self.window",
    ),
    "the counter does not count the window before": (
        'before = state["used"] if direct else 0',
        "before = 0",
    ),
    "buckets fill up without end": ("missing=max(missing, 0)", "missing=missing"),
    "a clock that goes back is believed": (
        "if self._latest is None or heard > self._latest:",
        "if True:",
    ),
    "refused requests count": (
        "            if fits:\n                self._take(state, now, cost)\n",
        "            self._take(state, now, cost)\n",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; eight starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_rate_limiter.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    """The agent's tests with another limiter and nothing else of its own."""
    shell.remove("benchmark.py")
    shell.remove("benchmark_results.json")
    shell.write("rate_limiter.py", text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own limiter"


def test_own_tests_pass_on_another_right_limiter(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a limiter that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
