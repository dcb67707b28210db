"""``pytest-overnight audit`` and ``new``: what is wrong with a challenge is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_overnight.cli import main

Audit = Callable[..., tuple[int, list[str]]]
FOUND = re.compile(r"L3-7(:| \w).*")


@pytest.fixture
def audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Exit status, and what is said of the challenge below the table."""

    def run(*words: str) -> tuple[int, list[str]]:
        capsys.readouterr()
        common = ["--suite", str(tmp_path), "--repetitions", "1"]
        status = main(["audit", "L3-7", *common, *words])
        lines = capsys.readouterr().out.splitlines()
        return status, [line for line in lines if FOUND.match(line)]

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new challenge, with all that a new one lacks."""
    assert main(["new", "L3-7", "Parse Dates!", "--suite", str(tmp_path)]) == 0
    folder = tmp_path / "L3-7-parse-dates"
    for name in ("task.toml", "instruction.md", "README.md"):
        path = folder / name
        text = path.read_text(encoding="utf-8").replace("TODO: ", "")
        path.write_text(text, encoding="utf-8")
    for number in range(3):
        add_wrong(folder, f"more-{number}", f"return {number}")
    return folder


def add_wrong(
    folder: Path, name: str, body: str, test: str = "test_the_answer"
) -> None:
    place = folder / "wrong" / name
    place.mkdir()
    (place / "answer.py").write_text(f"def answer():\n    {body}\n", encoding="utf-8")
    with (folder / "README.md").open("a", encoding="utf-8") as file:
        file.write(f"| `{name}` | `{test}` | because |\n")


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_a_new_challenge_says_what_it_lacks(tmp_path: Path, audit: Audit) -> None:
    assert main(["new", "L3-7", "Parse Dates", "--suite", str(tmp_path)]) == 0
    status, said = audit()
    assert status == 1
    assert said == [
        "L3-7: task.toml still says TODO",
        "L3-7: instruction.md still says TODO",
        "L3-7: README.md still says TODO",
        "L3-7: 1 wrong answers; at least 4 are needed in wrong/",
    ]


def test_a_finished_challenge_is_in_order(folder: Path, audit: Audit) -> None:
    assert audit("--jobs", "2", "--busy", "1") == (0, [])


def test_a_reference_that_fails_is_said(folder: Path, audit: Audit) -> None:
    put(folder, "solution/answer.py", "def answer():\n    return 41\n")
    status, said = audit()
    assert status == 1
    assert len(said) == 1
    assert said[0].startswith("L3-7 reference fails with seed 0: test_the_answer")


def test_a_start_that_passes_is_said(folder: Path, audit: Audit) -> None:
    put(folder, "environment/answer.py", "def answer():\n    return 42\n")
    status, said = audit()
    assert status == 1
    assert "L3-7 start passes" in said


def test_a_wrong_answer_that_passes_is_said(folder: Path, audit: Audit) -> None:
    add_wrong(folder, "right", "return 40 + 2")
    assert audit() == (1, ["L3-7 wrong/right passes test_the_answer"])


def test_a_wrong_answer_that_falls_elsewhere_is_said(
    folder: Path, audit: Audit
) -> None:
    with (folder / "tests/test_answer.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef test_elsewhere(code):\n    code.load('answer')\n")
    add_wrong(folder, "other", "return 3", test="test_elsewhere")
    add_wrong(folder, "another", "return 3", test="test_nowhere")
    status, said = audit()
    assert status == 1
    assert said == [
        "L3-7 wrong/another could not be judged: "
        "hidden tests of L3-7: there is no test_nowhere",
        "L3-7 wrong/other passes test_elsewhere",
    ]


def test_a_cheater_that_passes_is_said(folder: Path, audit: Audit) -> None:
    test = "def test_the_answer(code):\n    code.load('answer')\n"
    put(folder, "tests/test_answer.py", test)
    status, said = audit()
    assert status == 1
    assert "L3-7 cheater/always-equal passes" in said
    assert "L3-7 cheater/exit-at-import passes" not in said


def test_a_name_that_nobody_was_told_is_said(folder: Path, audit: Audit) -> None:
    test = "def test_the_answer(code):\n    assert code.call('answer:answer') == 42\n"
    more = "def test_secret(code):\n    assert code.call('answer:secret', key=1) == 1\n"
    put(folder, "tests/test_answer.py", test + more)
    right = "def answer():\n    return 42\ndef secret(key):\n    return key\n"
    put(folder, "solution/answer.py", right)
    status, said = audit()
    assert status == 1
    assert said == [
        "L3-7: hidden tests use names that instruction.md lacks: "
        "key, secret (answer:secret)"
    ]


def test_a_row_for_no_answer_and_an_answer_without_a_row_are_said(
    folder: Path, audit: Audit
) -> None:
    (folder / "wrong/more-0").rename(folder / "wrong/renamed")
    status, said = audit()
    assert status == 1
    assert said == [
        "L3-7: README.md has no row `| `renamed` | `test_…` | why |`",
        "L3-7: README.md has a row for more-0, which is not in wrong/",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["L7-1", "Title"], "'L7-1' is no id."),
        (["L3-7", "!"], "'!' has no letters."),
        (["A-1a", "Title"], "A-1a and A-1 (A-1-taken) begin alike."),
        (["A-1", "Title"], "A-1 and A-1 (A-1-taken) begin alike."),
    ],
)
def test_an_id_that_cannot_be_is_refused(
    tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "A-1", "Taken", "--suite", str(tmp_path)]) == 0
    assert main(["new", *words, "--suite", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["A-1-taken"]
