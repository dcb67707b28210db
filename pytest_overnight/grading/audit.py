"""Is a challenge worth what its hidden tests say? Right answers pass, wrong ones fall.

An audit is a list of verifications, each with what must come out of it, and a look at
the challenge's own pages.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.grading import pages
from pytest_overnight.grading.cheaters import Files
from pytest_overnight.grading.cheaters import cheaters
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict

MOST_SECONDS = 20.0
"""CPU seconds that a verification may take."""

REFERENCE, START, WRONG, CHEATER = KINDS = ("reference", "start", "wrong", "cheater")
MOST_NAMES = 20
"""Names that are shown of those that nobody was told of."""


def lay_answer(challenge: Challenge, overlay: Path | None, folder: Path) -> Path:
    """The starting workspace in a new ``folder``, with an answer laid over it."""
    shutil.copytree(challenge.environment, folder)
    if overlay is not None:
        shutil.copytree(overlay, folder, dirs_exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class Case:
    """One verification, and what must come out of it."""

    challenge: Challenge
    kind: str
    """One of :data:`KINDS`."""
    name: str = ""
    """Of the wrong answer, or of the cheater's family."""
    seed: int = 0
    overlay: Path | None = None
    planted: Files = field(default_factory=dict)
    must_fail: str = ""
    """The hidden test that must fail, and is the only one to run; empty for any."""

    def __str__(self) -> str:
        """``L3-1 wrong/left-float``."""
        return f"{self.challenge.id} {self.kind}{'/' if self.name else ''}{self.name}"


def cases(challenge: Challenge, repetitions: int) -> Iterator[Case]:
    """Everything of one challenge that is to be judged.

    ``repetitions``: how often the reference is, each time with another seed.
    """
    for seed in range(repetitions):
        yield Case(challenge, REFERENCE, seed=seed, overlay=challenge.solution)
    yield Case(challenge, START)
    named = pages.named_tests(challenge)
    for folder in challenge.wrong:
        must_fail = named.get(folder.name, "")
        name = folder.name
        yield Case(challenge, WRONG, name, overlay=folder, must_fail=must_fail)
    for name, planted in cheaters(challenge).items():
        yield Case(challenge, CHEATER, name, planted=planted)


@dataclass(frozen=True, slots=True)
class Found:
    """What came out of one case."""

    case: Case
    problem: str
    """Empty when it came out as it must."""
    seconds: float
    """CPU time."""
    checks: int
    """How many hidden tests there were."""
    names: tuple[pages.Name, ...] = ()
    """What hidden tests asked for."""


def judge(case: Case, verifier: Verifier, folder: Path) -> Found:
    """Lay the case's answer into a new ``folder``, and judge it."""
    lay_answer(case.challenge, case.overlay, folder)
    for name, text in case.planted.items():
        path = folder / name
        if path.parent.is_file():  # an answer of one file is no package
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    judgement = verifier.verify(
        case.challenge,
        folder,
        case.seed,
        only=case.must_fail,
        first=case.kind == CHEATER,
        names=case.kind == REFERENCE,
    )
    return Found(
        case,
        _problem(case, judgement),
        judgement.cpu_seconds,
        len(judgement.checks),
        judgement.names,
    )


def _problem(case: Case, judgement: Judgement) -> str:
    """Why this is not what must come out; empty when it is."""
    failed = [check for check in judgement.checks if not check.passed]
    if judgement.verdict not in (Verdict.PASS, Verdict.FAIL):
        return f"could not be judged: {judgement.detail}"
    if case.kind == REFERENCE:
        if failed or judgement.verdict is not Verdict.PASS:
            said = failed[0].message.splitlines()[:1] if failed else [judgement.detail]
            name = failed[0].name if failed else ""
            return f"fails with seed {case.seed}: {name} {''.join(said)}".strip()
        return ""
    if judgement.verdict is Verdict.PASS:
        return f"passes {case.must_fail}".strip()
    if case.must_fail and not failed:
        return f"is not rejected by {case.must_fail}: {judgement.detail}"
    return ""


class Audit:
    """What is known of one challenge so far."""

    def __init__(self, challenge: Challenge) -> None:
        """Nothing but its folder, yet."""
        self.challenge = challenge
        self.found: list[Found] = []

    def add(self, found: Found) -> None:
        """One more case of this challenge has been judged."""
        self.found.append(found)

    def of(self, kind: str) -> list[Found]:
        """The cases of one kind."""
        return [found for found in self.found if found.case.kind == kind]

    def good(self, kind: str) -> str:
        """``19/20``: how many came out as they must."""
        cases = self.of(kind)
        return f"{sum(not found.problem for found in cases)}/{len(cases)}"

    @property
    def seconds(self) -> float:
        """CPU time of the longest verification of the reference."""
        return max((found.seconds for found in self.of(REFERENCE)), default=0.0)

    @property
    def checks(self) -> int:
        """Number of hidden tests."""
        return max((found.checks for found in self.of(REFERENCE)), default=0)

    @property
    def unsaid(self) -> list[str]:
        """Names that hidden tests ask for and that nobody was told of."""
        asked = {name for found in self.of(REFERENCE) for name in found.names}
        return pages.unsaid(self.challenge, asked)

    @property
    def problems(self) -> list[str]:
        """All that is wrong, a line each."""
        lines = [f"{f.case} {f.problem}" for f in self.found if f.problem]
        more = list(pages.complaints(self.challenge))
        if self.unsaid:
            names = ", ".join(self.unsaid[:MOST_NAMES])
            names += ", …" * (len(self.unsaid) > MOST_NAMES)
            more.append(f"hidden tests use names that instruction.md lacks: {names}")
        if self.seconds > MOST_SECONDS:
            more.append(f"a verification takes {self.seconds:.1f} s of CPU time")
        return lines + [f"{self.challenge.id}: {line}" for line in more]
