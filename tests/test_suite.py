"""The challenges that come along: right answers pass, wrong ones fall where named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import LEVELS
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.grading.audit import REFERENCE
from pytest_overnight.grading.audit import START
from pytest_overnight.grading.audit import Audit
from pytest_overnight.grading.audit import Case
from pytest_overnight.grading.audit import cases
from pytest_overnight.grading.audit import judge
from pytest_overnight.grading.audit import lay_answer
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.settings import default_suite

SUITE = load_suite(default_suite())
# Not by id: `-k L3-2` must not select the tests of this file.
EACH = pytest.mark.parametrize("challenge", SUITE, ids=range(len(SUITE)))

ANSWERS = Path(__file__).parent / "answers"
"""Written by others, from the instruction alone: ``ID/right``, ``ID/wrong/NAME``."""


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verifier]:
    """One judge for all of this file."""
    level = prove("auto", prepare_runtime()).level
    log = tmp_path_factory.mktemp("judge") / "judge.txt"
    verifier = Verifier(SUITE, level=level, log=log)
    yield verifier
    verifier.close()


def audit(
    challenge: Challenge, todo: list[Case], verifier: Verifier, folder: Path
) -> Audit:
    done = Audit(challenge)
    for number, case in enumerate(todo):
        done.add(judge(case, verifier, folder / str(number)))
    return done


@EACH
def test_the_reference_passes_and_the_start_fails(
    challenge: Challenge, verifier: Verifier, tmp_path: Path
) -> None:
    todo = [c for c in cases(challenge, 1) if c.kind in (REFERENCE, START)]
    assert len(todo) == 2
    assert audit(challenge, todo, verifier, tmp_path).problems == []


@pytest.mark.slow
@EACH
def test_the_audit_finds_nothing(
    challenge: Challenge, verifier: Verifier, tmp_path: Path
) -> None:
    todo = list(cases(challenge, 1))
    done = audit(challenge, todo, verifier, tmp_path)
    assert done.problems == []
    assert len(done.found) == len(todo) > 20


@EACH
def test_others_have_answered_each_challenge(challenge: Challenge) -> None:
    folder = ANSWERS / challenge.id
    assert any(folder.glob("right/**/*"))
    assert len(list(folder.glob("wrong/*/"))) >= 2


@pytest.mark.slow
@EACH
def test_a_right_answer_by_others_passes_and_wrong_ones_do_not(
    challenge: Challenge, verifier: Verifier, tmp_path: Path
) -> None:
    folder = ANSWERS / challenge.id
    right = lay_answer(challenge, folder / "right", tmp_path / "right")
    judgement = verifier.verify(challenge, right, seed=4)
    assert judgement.verdict is Verdict.PASS, judgement
    for wrong in sorted(folder.glob("wrong/*/")):
        answer = lay_answer(challenge, wrong, tmp_path / wrong.name)
        verdict = verifier.verify(challenge, answer, seed=4).verdict
        assert verdict is Verdict.FAIL, wrong.name


def test_the_readme_says_what_there_is() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for level in LEVELS:
        members = [c for c in SUITE if c.level == level]
        runs = sum(c.repetitions for c in members)
        limits = sorted({f"{c.timeout_seconds:.0f}" for c in members})
        assert f"| {level} | {len(members)} | {runs} | {'–'.join(limits)} s |" in readme
    total = sum(c.repetitions for c in SUITE)
    assert f"{len(SUITE)} challenges, {total} runs a night" in readme
