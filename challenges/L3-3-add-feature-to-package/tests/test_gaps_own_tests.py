"""The agent's own tests: they pass on right packages and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a package it has never seen (``reference/``, another design) and
fail on that package with one fault. To tell them apart it has to test the behaviour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
START = HERE.parent / "environment" / "worklog"
REFERENCE = HERE / "reference" / "worklog"

FAULTS = {
    "the night is a gap": (
        "report.py",
        "        until = worked[0].end\n",
        "        until = worked[0].end\n"
        "        if day != min(days):\n"
        "            gaps.append(Gap(day, 0, worked[0].start))\n",
    ),
    "a long entry is forgotten": (
        "report.py",
        "until = max(until, entry.end)",
        "until = entry.end",
    ),
    "a gap of the minimum is left out": ("report.py", ">= minimum", "> minimum"),
    "entries are taken as sorted": (
        "report.py",
        "sorted(entries, key=lambda entry: (entry.day, entry.start))",
        "entries",
    ),
    "any minimum is accepted": ("report.py", "if minimum < 1:", "if minimum is None:"),
    "the command ignores --minimum": ("cli.py", ", minimum=options.minimum", ""),
    "the command is silent without gaps": ("cli.py", 'print("no gaps")', "pass"),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; ten starts are most of this file's time."""


def package(*folders: Path) -> dict[str, str]:
    """Module file name → text; later folders go over earlier ones."""
    files = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    return {path.name: path.read_text(encoding="utf-8") for path in files}


def run_tests(shell: Any, *names: str) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", *(f"tests/{n}.py" for n in names)]
    return int(shell.run(argv, env=PLAIN).status)


def run_own_tests_on(shell: Any, modules: dict[str, str]) -> int:
    """Lay a package over the submission, run the agent's tests, return the status."""
    assert shell.run(["rm", "-rf", "worklog"]).status == 0
    for name, text in modules.items():
        shell.write(f"worklog/{name}", text)
    return run_tests(shell, "test_gaps")


def test_all_tests_pass_on_the_submission(shell: Any) -> None:
    names = ("test_entries", "test_report", "test_cli", "test_gaps")
    assert run_tests(shell, *names) == 0, "some test fails on its own package"


def test_own_tests_pass_on_another_right_package(shell: Any) -> None:
    status = run_own_tests_on(shell, package(START, REFERENCE))
    assert status == 0, f"status {status} on a package that follows the instruction"


def test_own_tests_fail_without_the_feature(shell: Any) -> None:
    status = run_own_tests_on(shell, package(START))
    assert status in FAILED, f"status {status} on the package without the feature"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    name, right, wrong = FAULTS[fault]
    modules = package(START, REFERENCE)
    assert modules[name].count(right) == 1
    modules[name] = modules[name].replace(right, wrong)
    status = run_own_tests_on(shell, modules)
    assert status in FAILED, f"status {status} although {fault}"
