"""One misbehaviour, the outcome it is to be booked as, and the sentence that says so.

The sentences are those of the definitions of the 14 outcomes: nothing in this folder
was read off the product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from tests.acceptance.misbehaviours.turns import START
from tests.acceptance.misbehaviours.turns import Script
from tests.support.suites import TESTS

PASSED = "passed: verdict pass and no isolation breach"
WRONG = (
    "wrong_answer: verdict fail, stop finished, workspace digest differs from the start"
)
UNCHANGED = (
    "no_change: verdict fail, stop finished or monologue accepted, workspace digest "
    "equals the start"
)
GAVE_UP = 'gave_up: verdict fail, finish called with status "blocked"'
TIMEOUT = (
    "timeout: verdict fail, stop deadline, no loop rule active on the tail, infra wait "
    "<= 50 % of wall"
)
STILL_NEW = 'timeout then *means* "was still producing new actions or changes"'
BUDGET = (
    "budget: verdict fail, stop round/action/token limit, no loop rule active on the "
    "tail"
)
LOOP = (
    "loop: verdict fail and (stop loop, or a loop rule holds on the ledger tail when "
    "another limit hit)"
)
MALFORMED = (
    "malformed: verdict fail, stop malformed (3 consecutive unusable model turns: "
    "parse 500, unknown tool, bad args, silent, degenerate)"
)
CONTEXT = "context: verdict fail, stop context (overflow after compaction)"
ISOLATION = (
    "isolation: confirmed write outside the workspace or interference with another "
    "run, whatever the verdict"
)
TAMPERED = "a tampered pass is no pass"
INFRA = (
    "infra: verdict not pass, stop llm_unavailable, or deadline with infra wait > 50 % "
    "of wall"
)
EARNED = "a pass earned before Ollama died is a pass"
CHECKER = (
    "harness: workspace set-up failed, dirty start, checker crashed/timed "
    "out/unparsable, bad config"
)
CANCELLED = "cancelled: interrupt, session end, worker lost"
ORDER = (
    "first match wins: cancelled > harness (verdict error or set-up) > isolation > "
    "passed > infra > loop > malformed > context > crash > timeout > budget > gave_up "
    "> no_change > wrong_answer"
)
TAGS = "Tags (many per run, never change the outcome)"


@dataclass(frozen=True)
class Case:
    """One row of a table."""

    name: str
    does: str
    """What the model does, in a sentence."""
    intended: str
    because: str
    """The sentence of the definitions that it follows from."""
    script: Script
    seconds: float = 60.0
    """The challenge's limit of working time."""
    tests: str = TESTS
    """The hidden tests."""
    verify_seconds: float = 30.0
    files: Mapping[str, str] = field(default_factory=dict)
    """More files of the starting workspace."""

    @property
    def key(self) -> str:
        """A text that stands in this case's instruction and in no other."""
        return f"<{self.name}>"

    def write_challenge(self, suite: Path, challenge_id: str) -> None:
        """Its challenge: ``answer()`` must return 42."""
        content = {
            "task.toml": TASK.format(
                id=challenge_id, level=challenge_id[:2], case=self
            ),
            "instruction.md": f"{self.key} Make answer() in answer.py return 42.\n",
            "environment/answer.py": START,
            "solution/answer.py": "def answer():\n    return 42\n",
            "tests/test_answer.py": self.tests,
            **{f"environment/{name}": text for name, text in self.files.items()},
        }
        for name, text in content.items():
            path = suite / f"{challenge_id}-case" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


TASK = """\
schema_version = "1.3"
[metadata.overnight]
id = "{id}"
level = "{level}"
title = "{case.name}"
repetitions = 1
expected_files = ["answer.py"]
[agent]
timeout_sec = {case.seconds:.1f}
[verifier]
timeout_sec = {case.verify_seconds:.1f}
"""
