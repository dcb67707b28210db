"""The agent's own tests: they pass on right modules and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
tests must pass on modules they have never seen (``reference/``, another design) and
fail on these with one fault. To tell them apart they have to test the behaviour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference"
NAMES = ("error_handler.py", "processor.py", "state_manager.py")

FAULTS = {
    "the checksum is not looked at": (
        "processor.py",
        "zlib.crc32(body) != int(end, 16)",
        "not end",
    ),
    "there is one attempt more": (
        "processor.py",
        "self.policy.attempts):",
        "self.policy.attempts + 1):",
    ),
    "the delay has no cap": (
        "error_handler.py",
        "return min(seconds, self.cap)",
        "return seconds",
    ),
    "any OSError is tried again": (
        "error_handler.py",
        '(ConnectionError, "connection")',
        '(OSError, "connection")',
    ),
    "the last failed attempt is not recorded": (
        "processor.py",
        "                self.log.record(name, failed + 1, error)\n",
        "                if failed + 1 < self.policy.attempts:\n"
        "                    self.log.record(name, failed + 1, error)\n",
    ),
    "a corrupt file is not stored": (
        "processor.py",
        "            self.keep(name, data)\n",
        "",
    ),
    "a failed file ends the run": (
        "processor.py",
        "                self.one(name)\n",
        "                self.one(name)\n"
        '                if self.state.status(name) == "failed":\n'
        "                    break\n",
    ),
    "what is done is fetched and counted again": (
        "processor.py",
        'not in ("done", "corrupt")',
        '!= "corrupt"',
    ),
    "failed attempts are forgotten": (
        "processor.py",
        "            if status not in",
        '            if status == "pending":\n'
        "                self.state.restart(name)\n"
        "            if status not in",
    ),
    "a record is glued to a torn line": (
        "error_handler.py",
        'start = b"" if not data or data.endswith(b"\\n") else b"\\n"',
        'start = b""',
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or a file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; twelve starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "tests"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, modules: dict[str, str]) -> int:
    """Put modules in place of the submission's, run the agent's tests."""
    for name, text in modules.items():
        shell.write(name, text)
    return run_tests(shell)


def reference() -> dict[str, str]:
    return {name: (REFERENCE / name).read_text(encoding="utf-8") for name in NAMES}


def test_all_tests_pass_on_the_submission(shell: Any, files: Any) -> None:
    assert files.exists("tests/test_recovery.py")
    assert run_tests(shell) == 0, "some test fails on its own modules"


def test_own_tests_pass_on_other_right_modules(shell: Any) -> None:
    status = run_tests_on(shell, reference())
    assert status == 0, f"status {status} on modules that follow the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    name, right, wrong = FAULTS[fault]
    modules = reference()
    assert modules[name].count(right) == 1
    modules[name] = modules[name].replace(right, wrong)
    status = run_tests_on(shell, modules)
    assert status in FAILED, f"status {status} although {fault}"
