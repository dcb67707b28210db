"""Every cheat is a failed answer: never solved, and never the end of the judge.

The honest answer passes beside each family of cheats, and a naive verifier shows that
the cheats would work elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.grading.verifier import Judgement
from pytest_overnight.grading.verifier import Verifier
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.workspace import take_snapshot
from tests.security import naive
from tests.security.cheats import CHEATS
from tests.security.cheats import FAMILIES
from tests.security.cheats import Cheat
from tests.security.judging import best_level
from tests.security.judging import challenge
from tests.security.judging import put
from tests.security.task import CHECKS
from tests.security.task import HIDDEN
from tests.security.task import HONEST
from tests.security.task import PLAIN
from tests.security.task import WRONG
from tests.support.levels import ONE_QUICK
from tests.support.levels import must_promise

EACH = pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
PATIENT, BRIEF = 60.0, 3.0
"""Seconds for a verification; few where the cheat takes all there is."""


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[float, Challenge]:
    folder = tmp_path_factory.mktemp("suite")
    return {
        PATIENT: challenge(folder, "patient", HIDDEN, HONEST, PATIENT),
        BRIEF: challenge(folder, "brief", HIDDEN, HONEST, BRIEF),
    }


@pytest.fixture(scope="session", params=ONE_QUICK)
def level(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def verifier(
    suite: dict[float, Challenge], level: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Verifier]:
    log = tmp_path_factory.mktemp("log") / "judge.log"
    verifier = Verifier(list(suite.values()), level=level, log=log)
    yield verifier
    verifier.close()


Judge = Callable[..., Judgement]


@pytest.fixture
def judge(verifier: Verifier, suite: dict[float, Challenge], tmp_path: Path) -> Judge:
    """What a night does with a dead workspace."""

    def verify(live: Path, seconds: float = PATIENT) -> Judgement:
        tree = tmp_path / f"{live.name}-tree"
        take_snapshot(live, tmp_path / f"{live.name}.tar.gz", tree)
        return verifier.verify(suite[seconds], tree, seed=1)

    return verify


@EACH
def test_a_cheat_has_failed(
    cheat: Cheat,
    level: str,
    judge: Judge,
    suite: dict[float, Challenge],
    tmp_path: Path,
) -> None:
    must_promise(level, *filter(None, [cheat.promise]))
    seconds = BRIEF if cheat.hangs else PATIENT
    live = tmp_path / "live"
    cheat.lay(live, str(suite[seconds].tests / "test_task.py"))
    found = judge(live, seconds)
    assert found.verdict is Verdict.FAIL, found
    assert {check.name for check in found.checks} == CHECKS, found
    passed = {check.name for check in found.checks if check.passed}
    assert not passed & set(cheat.caught_by)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_honest_answer_passes_beside_them(
    family: str, judge: Judge, tmp_path: Path
) -> None:
    """Also on top of all that the cheats plant: nothing of it is ever read."""
    live = tmp_path / "live"
    for cheat in FAMILIES[family]:
        put(live, cheat.planted)
    put(live, {"work.py": HONEST})
    found = judge(live)
    assert found.verdict is Verdict.PASS, found
    assert {check.name for check in found.checks} == CHECKS


def test_nothing_is_written_through_a_link(judge: Judge, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    live = tmp_path / "live"
    put(live, {"work.py": HONEST})
    for name in ("tests", "hidden_tests", "report.txt"):
        (live / name).symlink_to(outside)
    assert judge(live).verdict is Verdict.PASS
    assert not list(outside.iterdir())


# -- the naive verifier ------------------------------------------------------------


@pytest.fixture
def naively(tmp_path: Path) -> Callable[[Path], bool]:
    put(tmp_path / "plain", {"test_task.py": PLAIN})
    tests = tmp_path / "plain" / "test_task.py"
    return lambda live: naive.solved(live, tmp_path, tests, best_level())


@pytest.mark.slow
@pytest.mark.parametrize(
    "cheat", [c for c in CHEATS if not c.hangs], ids=lambda cheat: cheat.name
)
def test_what_a_naive_verifier_says(
    cheat: Cheat, naively: Callable[[Path], bool], tmp_path: Path
) -> None:
    """The corpus documents itself: who bites is said, and holds."""
    cheat.lay(tmp_path / "live", "hidden_tests/test_task.py")
    assert naively(tmp_path / "live") is cheat.bites_naive


@pytest.mark.parametrize(("answer", "says"), [(HONEST, True), (WRONG, False)])
def test_a_naive_verifier_tells_right_from_wrong(
    answer: str, says: bool, naively: Callable[[Path], bool], tmp_path: Path
) -> None:
    put(tmp_path / "live", {"work.py": answer})
    assert naively(tmp_path / "live") is says


def test_the_corpus_bites() -> None:
    biting = [cheat.name for cheat in CHEATS if cheat.bites_naive]
    print("a naive verifier falls for:", *biting, sep="\n  ")
    assert len(biting) >= 15
    assert len({cheat.name for cheat in CHEATS}) == len(CHEATS)
