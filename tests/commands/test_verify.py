"""``pytest-overnight verify``: any folder, graded by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_overnight.cli import main
from tests.support.suites import write_challenge

PASS, FAIL = "pass  ", "FAIL  "


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    write_challenge(folder, "L3-1")
    return folder


def verify(suite: Path, *words: str) -> int:
    return main(["verify", "--suite", str(suite), *words])


def answer(folder: Path, text: str) -> str:
    folder.mkdir()
    (folder / "answer.py").write_text(text, encoding="utf-8")
    return str(folder)


def test_a_right_folder_is_solved(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = answer(tmp_path / "mine", "def answer():\n    return 42\n")
    assert verify(suite, "L3-1", folder, "--seed", "5") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[:2] == [
        "pass  test_the_answer",
        "pass  test_the_file_is_there",
    ]
    assert out.splitlines()[2].startswith("solved: 2 of 2 checks passed, ")
    assert out.endswith("seed 5\n")


def test_a_wrong_folder_is_missed_and_says_why(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = answer(tmp_path / "mine", "def answer():\n    return 43\n")
    assert verify(suite, "L3-1", folder) == 1
    out = capsys.readouterr().out
    said = out.partition("FAIL  test_the_answer\n      ")[2]
    assert said.splitlines()[0].endswith("assert 43 == 42")
    assert "missed: 1 of 2 checks passed" in out


def test_hidden_tests_that_are_broken_are_no_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "suite"
    write_challenge(suite, "L3-1", tests="import nothing_like_that\n")
    assert verify(suite, "L3-1", "--solution") == 2
    assert "could not be judged" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("what", "status"),
    [(["--solution"], 0), (["--start"], 1), (["--wrong", "text"], 1)],
)
def test_the_challenges_own_answers(suite: Path, what: list[str], status: int) -> None:
    assert verify(suite, "L3-1", *what) == status


def test_only_the_first_failure_where_no_more_is_wanted(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = answer(tmp_path / "mine", "def answer():\n    return 43\n")
    (tmp_path / "mine/answer.py").unlink()
    assert verify(suite, "L3-1", folder, "--first") == 1
    assert capsys.readouterr().out.count(FAIL) == 1


def test_the_folder_is_looked_at_as_a_night_would(
    suite: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = answer(tmp_path / "mine", "def answer():\n    return 42\n")
    os.symlink("/etc/passwd", tmp_path / "mine/link")  # noqa: PTH211
    before = sorted(os.listdir(folder))  # noqa: PTH208
    assert verify(suite, "L3-1", folder) == 0
    assert "not looked at: link: link\n" in capsys.readouterr().out
    assert sorted(os.listdir(folder)) == before  # noqa: PTH208


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["L3-9", "."], "no challenge L3-9; there are: L3-1-tiny."),
        (["L3-1", "nowhere"], "nowhere: no such folder."),
        (["L3-1", "--wrong", "such"], "no wrong answer 'such'; there are: text."),
    ],
)
def test_mistakes_are_said_in_a_line(
    suite: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(suite, *words) == 2
    err = capsys.readouterr().err
    assert err.startswith("pytest-overnight: ")
    assert said in err
    assert err.count("\n") == 1
