"""The agent's own tests: they pass on right caches and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a cache it has never seen (``reference/``, another design) and fail
on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "cache.py"

FAULTS = {
    "an entry is still there at its end": (
        "self._ends[0][0] <= now",
        "self._ends[0][0] < now",
    ),
    "a get makes an entry live longer": (
        """\
        self._note_use(key)
        return True
""",
        """\
        self._insert(key, self._table[key][0], None)
        return True
""",
    ),
    "lru does not notice a get": (
        """\
        self._note_use(key)
        return True
""",
        """\
        if self.policy == "lfu":
            self._note_use(key)
        return True
""",
    ),
    "lfu evicts the one used last": (
        "self._drop(self._uses[0][2])",
        "fewest = [u for u in self._uses if u[0] == self._uses[0][0]]\n"
        "                self._drop(fewest[-1 if self.policy == 'lfu' else 0][2])",
    ),
    "a live entry is evicted beside an expired one": (
        """\
            self._drop(self._ends[0][2])
        return now

    def _insert(self, key, value, ttl):
        now = self._expire()
""",
        """\
            self._drop(self._ends[0][2])
            self._places += 1
        return now

    _places = 0  # that those have taken up who have expired since the last insert

    def _insert(self, key, value, ttl):
        now = self._expire()
        full = self._places and len(self._table) + self._places >= self.capacity
        self._places = 0
        if full and self._table and key not in self._table:
            self._drop(self._uses[0][2])
""",
    ),
    "everyone who waits loads": (
        """\
                if other.error is not None:
                    raise other.error
                return other.value
            own =""",
        "            own =",
    ),
    "a load that raised leaves None": (
        "                    if own.error is None:\n"
        "                        self._insert(key, own.value, ttl)\n",
        "                    self._insert(key, own.value, ttl)\n",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; nine starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_cache.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    """The agent's tests with another cache and nothing else of its own."""
    shell.remove("benchmark.py")
    shell.remove("benchmark_results.json")
    shell.write("cache.py", text)
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
