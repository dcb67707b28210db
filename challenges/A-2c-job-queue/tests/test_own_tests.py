"""The agent's own tests: they pass on right queues and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a queue it has never seen (``reference/``, another design) and fail
on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "job_queue.py"

FAULTS = {
    "the last that was ready comes first": (
        'rank = job["time"] - job["priority"] * self.aging',
        'rank = -job["time"] - job["priority"] * self.aging - job["id"] * 1e-6',
    ),
    "nothing ages": (
        'rank = job["time"] - job["priority"] * self.aging',
        'rank = job["time"] - job["priority"] * 10**9',
    ),
    "a lease does not expire": (
        """\
        return self._due, (job["time"], job["id"])
""",
        """\
        if job["state"] == "running":
            return None, None
        return self._due, (job["time"], job["id"])
""",
    ),
    "done comes too late": (
        """\
            self._catch_up()
            job = self._running(id, attempt)
            if job is None:
""",
        """\
            self._catch_up()
            job = self._running(id, attempt) or self._jobs.get(id)
            if job is None or not 1 <= attempt <= job["attempt"]:
""",
    ),
    "delays have no cap": ("delay = min(delay, self.cap)", "delay += 0"),
    "a job dies one attempt too late": (
        'job["attempt"] >= self.max_attempts',
        'job["attempt"] > self.max_attempts',
    ),
    "running jobs are forgotten": (
        'if job["state"] != "gone":\n                self._show',
        'if job["state"] not in ("gone", "running"):\n                self._show',
    ),
    "what follows a torn end is lost": (
        'if data and not data.endswith(b"\\n"):',
        "if False:",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; ten starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_job_queue.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    """The agent's tests with another queue and nothing else of its own."""
    shell.remove("benchmark.py")
    shell.remove("benchmark_results.json")
    shell.write("job_queue.py", text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own queue"


def test_own_tests_pass_on_another_right_queue(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a queue that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
