"""Tiny suites of challenges, written where a test wants them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

TASK = """\
schema_version = "1.3"
[metadata.overnight]
id = "{id}"
level = "{level}"
title = "Answer {id}"
repetitions = 2
expected_files = ["answer.py"]
[agent]
timeout_sec = 60.0
[verifier]
timeout_sec = 30.0
"""

TESTS = """\
def test_the_answer(code):
    assert code.call("answer:answer") == 42


def test_the_file_is_there(files):
    assert "answer.py" in files.list()
"""


def write_challenge(suite: Path, challenge_id: str, tests: str = TESTS) -> Path:
    """One whole challenge: ``answer()`` must return 42."""
    folder = suite / f"{challenge_id}-tiny"
    level = challenge_id.partition("-")[0]
    content = {
        "task.toml": TASK.format(id=challenge_id, level=level),
        "instruction.md": "Make answer() in answer.py return 42.\n",
        "environment/answer.py": "def answer():\n    return None\n",
        "solution/answer.py": "def answer():\n    return 42\n",
        "wrong/text/answer.py": "def answer():\n    return '42'\n",
        "tests/test_answer.py": tests,
    }
    for name, text in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def write_suite(suite: Path, ids: Iterable[str]) -> Path:
    """A folder of tiny challenges."""
    for challenge_id in ids:
        write_challenge(suite, challenge_id)
    return suite
