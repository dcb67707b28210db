"""The agent's own tests: they pass on right systems and fail on broken ones.

An exit status is a claim of the agent's code. So it counts only together: the same
file must pass on a system it has never seen (``reference/``, another design) and fail
on that one with a fault. To tell them apart it has to test what they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REFERENCE = Path(__file__).resolve().parent / "reference" / "autocomplete.py"

FAULTS = {
    "equal weights by arrival": (
        "        self.weight = weight\n\n"
        "    def __lt__(self, other: Entry) -> bool:\n"
        "        if self.weight != other.weight:\n"
        "            return bool(self.weight > other.weight)\n"
        "        return self.form < other.form\n",
        "        self.weight = weight\n"
        "        Entry.made = self.number = Entry.made + 1\n\n"
        "    made = 0\n\n"
        "    def __lt__(self, other: Entry) -> bool:\n"
        "        if self.weight != other.weight:\n"
        "            return bool(self.weight > other.weight)\n"
        "        return self.number < other.number\n",
    ),
    "the prefix is left out": (
        "        return [entry.text for entry in found]\n",
        "        return [entry.text for entry in found if entry.form != start]\n",
    ),
    "delete takes longer words": (
        "        self._place(form, None)\n        return True\n",
        "        self._place(form, None)\n"
        "        for word in [one for one in self._entries if one.startswith(form)]:\n"
        "            self.delete(word)\n"
        "        return True\n",
    ),
    "delete of a beginning counts": (
        "        if form not in self._entries:\n            return False\n",
        "        if form not in self._entries:\n"
        "            self._count -= self.count(text) > 0\n"
        "            return False\n",
    ),
    "a lower weight changes no place": (
        "        self._place(entry.form, entry)\n",
        "        placed = entry\n"
        "        if old is not None and weight < old.weight:\n"
        "            placed = Entry(text, old.weight)\n"
        "        self._place(entry.form, placed)\n",
    ),
    "lower for casefold": ("text.casefold()", "text.lower()"),
    "no normal form": (
        'return unicodedata.normalize("NFC", text.casefold())',
        "return text.casefold()",
    ),
    "complete compares all": (
        "        return [entry.text for entry in found]\n",
        "        max((e.weight for f, e in self._entries.items() "
        "if f.startswith(start)), default=None)\n"
        "        return [entry.text for entry in found]\n",
    ),
}
"""What the fault is → what stands in the reference, and what stands there instead."""

FAILED = (1, 2)
"""pytest's exit statuses: a test failed, or the file could not be imported."""

PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Saves most of pytest's start; the starts are most of this file's time."""


def run_tests(shell: Any) -> int:
    argv = ["python", "-m", "pytest", "-q", "-x", "test_autocomplete.py"]
    return int(shell.run(argv, env=PLAIN).status)


def run_tests_on(shell: Any, text: str) -> int:
    shell.write("autocomplete.py", text)
    return run_tests(shell)


def test_own_tests_pass_on_the_submission(shell: Any) -> None:
    assert run_tests(shell) == 0, "some test fails on its own system"


def test_own_tests_pass_on_another_right_system(shell: Any) -> None:
    status = run_tests_on(shell, REFERENCE.read_text(encoding="utf-8"))
    assert status == 0, f"status {status} on a system that follows the instruction"


@pytest.mark.parametrize("fault", list(FAULTS))
def test_own_tests_catch_the_fault(shell: Any, fault: str) -> None:
    right, wrong = FAULTS[fault]
    text = REFERENCE.read_text(encoding="utf-8")
    assert text.count(right) == 1
    status = run_tests_on(shell, text.replace(right, wrong))
    assert status in FAILED, f"status {status} although {fault}"
