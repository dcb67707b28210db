"""Which names of hidden tests an agent cannot know."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.grading.pages import unsaid
from tests.support.suites import write_challenge


@pytest.mark.parametrize(
    ("kind", "text", "lacking"),
    [
        ("target", "answer:answer", []),
        ("target", "answer:other", ["other (answer:other)"]),
        ("target", "work:answer", ["work (work:answer)"]),
        ("method", "answer", []),
        ("method", "answers", ["answers"]),
        ("attribute", "answer.size", ["size (answer.size)"]),
        ("keyword", "size", ["size"]),
        ("exception", "ValueError", ["ValueError"]),
        ("exception", "TypeError", []),
        ("path", "answer.py", []),
        (
            "path",
            "out/report.txt",
            [f"{w} (out/report.txt)" for w in "out report txt".split()],
        ),
        ("word", "--size=3", ["size (--size=3)"]),
        ("word", "--return", []),
        ("word", "tool.py", ["tool (tool.py)"]),
        ("word", "any data at all", []),
    ],
)
def test_a_name_must_be_in_the_instruction_or_the_start(
    tmp_path: Path, kind: str, text: str, lacking: list[str]
) -> None:
    folder = write_challenge(tmp_path, "L3-1")
    assert unsaid(load_challenge(folder), [(kind, text)]) == sorted(lacking)
