"""The agent's own tests: they pass on right generators and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
tests must pass on a generator they have never seen (``reference/``, another design)
and fail on that one with one fault. To tell them apart they have to look at pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "doc_generator.py"

FAULTS = {
    "async is missing": ('word = "async def"', 'word = "def"'),
    "decorators are missing": (
        "for decorator in node.decorator_list]",
        "for decorator in ()]",
    ),
    "the last definition is shown": (
        "in marked or nodes for",
        "in marked or nodes[-1:] for",
    ),
    "__all__ is ignored": ("self.exported = [item", "_ = [item"),
    "links are as on the index": (
        "self.put(*self.linked(",
        "self.put(*Page(self.site, 'index.md').linked(",
    ),
    "the fence follows the example": ("page.fence(*lines)", "page.fence(*lines[:-1])"),
    "old pages stay": ("old.unlink()", "pass"),
    "an invalid file raises": ("except SyntaxError:", "except UnicodeError:"),
    "sources are run": (
        "        files.append(Found(",
        "        try:\n"
        '            exec(compile(tree, file, "exec"), {"__name__": own[-1]})\n'
        "        except BaseException:\n"
        "            pass\n"
        "        files.append(Found(",
    ),
}

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or a file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; the starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "tests"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    """The agent's tests with another generator, and without what its own has made."""
    shell.run(["rm", "-rf", "sample_docs"])
    shell.write("doc_generator.py", text)
    return run_tests(shell)


def test_all_tests_pass_on_the_submission(shell: Any, files: Any) -> None:
    assert files.exists("tests/test_doc_generator.py")
    assert run_tests(shell) == 0, "some test fails on its own generator"


def test_own_tests_pass_on_another_right_generator(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a generator that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
