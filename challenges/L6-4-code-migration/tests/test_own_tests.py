"""The agent's own tests: they pass on right modules and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
tests must pass on a module they have never seen (``reference/``, another design) and
fail on it with one fault. To tell them apart they have to test the behaviour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "modern_code.py"

FAULTS = {
    "average rounds towards zero": (
        "return total // max(len(readings), 1)",
        "return int(total / max(len(readings), 1))",
    ),
    "per_unit rounds down what is no whole number": (
        "amount // units if whole else amount / units",
        "amount // units",
    ),
    "kilos rounds halves to even": (
        "math.floor(abs(Fraction(grams / 1000.0)) * 10 + Fraction(1, 2))",
        "round(abs(Fraction(grams / 1000.0)) * 10)",
    ),
    "parse takes 1_000 for a number": (
        'if not digits.lstrip(b"+-").isdigit():',
        "if not digits:",
    ),
    "has_key tells capitals apart": (
        "return capitals(code) in self.products",
        "return code in self.products",
    ),
    "ranking cannot compare None": (
        "    return kinds[0] < kinds[1]\n",
        "    raise TypeError(kinds)\n",
    ),
    "pairs ends with the shorter one": (
        "list(zip(more_names, more_weights, strict=True))",
        "list(zip(names, weights))",
    ),
    "readings are equal only with equal grams": (
        "self.key() == other.key()",
        "self.key() == other.key() and self.grams == other.grams",
    ),
    "collect fetches one after the other": (
        "[asyncio.create_task(one(name)) for name in order]",
        "[one(name) for name in order]",
    ),
    "collect raises the last OSError": (
        '            sys.stderr.write(f"{name}: {error}\\n")\n',
        "            raise error\n",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or a file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; twelve starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "tests"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, module: str) -> int:
    """Put a module in place of the submission's, run the agent's tests."""
    shell.write("modern_code.py", module)
    return run_tests(shell)


def test_all_tests_pass_on_the_submission(shell: Any, files: Any) -> None:
    assert files.exists("tests/test_modern_code.py")
    assert run_tests(shell) == 0, "some test fails on its own module"


def test_own_tests_pass_on_another_right_module(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a module that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    module = REFERENCE.read_text(encoding="utf-8")
    right, wrong = FAULTS[fault]
    assert module.count(right) == 1
    status = run_tests_on(shell, module.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
