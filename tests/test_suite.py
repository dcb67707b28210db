"""The challenges that come along: right answers pass, wrong ones fall where named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.settings import default_suite

SUITE = load_suite(default_suite())
ROW = re.compile(r"^\|\s*`(?:wrong/)?([\w-]+)`\s*\|\s*`(test_\w+)`")


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verifier]:
    """One judge for all of this file."""
    level = prove("auto", prepare_runtime()).level
    log = tmp_path_factory.mktemp("judge") / "judge.txt"
    verifier = Verifier(SUITE, level=level, log=log)
    yield verifier
    verifier.close()


def submission(challenge: Challenge, overlay: Path | None, folder: Path) -> Path:
    """The starting workspace with an answer laid over it."""
    tree = folder / "submission"
    shutil.copytree(challenge.environment, tree)
    if overlay is not None:
        shutil.copytree(overlay, tree, dirs_exist_ok=True)
    return tree


def named_tests(challenge: Challenge) -> dict[str, str]:
    """Wrong answer → the hidden test that its README row names."""
    readme = (challenge.folder / "README.md").read_text(encoding="utf-8")
    rows = (ROW.match(line) for line in readme.splitlines())
    return {row[1]: row[2] for row in rows if row}


# Not by id: `-k L3-2` must not select the tests of this file.
@pytest.mark.parametrize("challenge", SUITE, ids=range(len(SUITE)))
def test_the_reference_passes_and_the_start_fails(
    challenge: Challenge, verifier: Verifier, tmp_path: Path
) -> None:
    solved = submission(challenge, challenge.solution, tmp_path / "solution")
    judgement = verifier.verify(challenge, solved, seed=1)
    assert judgement.verdict is Verdict.PASS, judgement
    start = submission(challenge, None, tmp_path / "start")
    assert verifier.verify(challenge, start, seed=1).verdict is Verdict.FAIL


ANSWERS = [(challenge, wrong) for challenge in SUITE for wrong in challenge.wrong]


@pytest.mark.parametrize(("challenge", "wrong"), ANSWERS, ids=range(len(ANSWERS)))
def test_a_wrong_answer_falls_to_the_test_its_readme_names(
    challenge: Challenge, wrong: Path, verifier: Verifier, tmp_path: Path
) -> None:
    answer = submission(challenge, wrong, tmp_path)
    judgement = verifier.verify(challenge, answer, seed=2)
    assert judgement.verdict is Verdict.FAIL
    failed = {c.name.partition("[")[0] for c in judgement.checks if not c.passed}
    assert named_tests(challenge)[wrong.name] in failed


@pytest.mark.parametrize("challenge", SUITE, ids=range(len(SUITE)))
def test_every_wrong_answer_has_its_row(challenge: Challenge) -> None:
    assert set(named_tests(challenge)) == {folder.name for folder in challenge.wrong}


@pytest.mark.slow
@pytest.mark.parametrize("challenge", SUITE, ids=range(len(SUITE)))
def test_the_reference_passes_with_twenty_seeds(
    challenge: Challenge, verifier: Verifier, tmp_path: Path
) -> None:
    solved = submission(challenge, challenge.solution, tmp_path)
    verdicts = [verifier.verify(challenge, solved, seed).verdict for seed in range(20)]
    assert verdicts == [Verdict.PASS] * 20
