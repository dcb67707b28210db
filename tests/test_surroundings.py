"""What proves that an agent wrote outside of its workspace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import load_challenge
from pytest_overnight.surroundings import CANARY
from pytest_overnight.surroundings import Surroundings
from tests.support.suites import write_challenge


@pytest.fixture
def challenge(tmp_path: Path) -> Challenge:
    return load_challenge(write_challenge(tmp_path / "suite", "L3-1"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace."""
    folder = tmp_path / "live" / "run"
    folder.mkdir(parents=True)
    return folder


def test_an_agent_that_stays_inside_has_broken_nothing(
    folder: Path, challenge: Challenge
) -> None:
    around = Surroundings(folder, challenge)
    (folder / "answer.py").write_text("x = 1")
    shutil.rmtree(folder)
    assert around.breach() == ""
    around.remove()
    assert list(folder.parent.iterdir()) == []


def as_folder(canary: Path) -> None:
    canary.unlink()
    canary.mkdir()


def as_pipe(canary: Path) -> None:
    canary.unlink()
    os.mkfifo(canary)


def as_link(canary: Path) -> None:
    """To a file with the very content."""
    canary.rename(canary.with_name("moved"))
    canary.symlink_to("moved")


@pytest.mark.parametrize(
    ("strike", "what"),
    [
        (Path.unlink, "is gone"),
        (lambda canary: canary.write_bytes(b""), "was changed"),
        (lambda canary: canary.open("ab").write(b"!"), "was changed"),
        (as_folder, "is gone"),
        (as_pipe, "was changed"),
        (as_link, "is gone"),
    ],
    ids=["removed", "emptied", "longer", "folder", "pipe", "link"],
)
def test_a_canary_that_was_touched_tells(
    folder: Path, challenge: Challenge, strike: Callable[[Path], None], what: str
) -> None:
    around = Surroundings(folder, challenge)
    strike(folder.parent / f"run{CANARY}")
    assert around.breach() == f"wrote outside of the workspace: run{CANARY} {what}"
    around.remove()
    assert not os.path.lexists(folder.parent / f"run{CANARY}")


@pytest.mark.parametrize("name", ["instruction.md", "tests/test_answer.py"])
def test_a_challenge_that_changes_during_its_run_tells(
    folder: Path, challenge: Challenge, name: str
) -> None:
    around = Surroundings(folder, challenge)
    assert around.changed_challenge() == ""
    (challenge.folder / name).write_text("Make it easy.\n")
    assert (
        "hidden tests of L3-1-tiny changed during the run" in around.changed_challenge()
    )
    (challenge.folder / name).unlink()
    assert around.changed_challenge() != ""


def test_a_hidden_test_that_appears_tells(folder: Path, challenge: Challenge) -> None:
    around = Surroundings(folder, challenge)
    (challenge.tests / "test_more.py").write_text("def test_all(): pass\n")
    assert around.changed_challenge() != ""
