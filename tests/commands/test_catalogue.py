"""``pytest-overnight list`` and ``show``."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.cli import main
from tests.support.suites import write_suite


def test_a_suite_is_listed_by_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-2", "L3-1", "A-1a"])
    assert main(["list", "--suite", str(suite)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == ["L3-1", "L3-2", "A-1a"]
    assert lines[1].split() == ["L3-1", "60", "s", "2", "1", "Answer", "L3-1"]
    assert lines[-1] == "3 challenges, 6 runs a night."


def test_the_suite_that_comes_along_is_listed_in_eighty_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["list"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_challenge_is_shown_with_the_exact_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-1"])
    assert main(["show", "L3-1", "--suite", str(suite)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("L3-1 Answer L3-1 (level L3)\n")
    assert "expected:  answer.py\n" in out
    assert out.endswith("-\nMake answer() in answer.py return 42.\n")


def test_an_unknown_challenge_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-1"])
    assert main(["show", "L3", "--suite", str(suite)]) == 2
    assert "no challenge L3; there are: L3-1-tiny." in capsys.readouterr().err


def test_a_missing_suite_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--suite", str(tmp_path / "none")]) == 2
    assert "none: no such folder." in capsys.readouterr().err
