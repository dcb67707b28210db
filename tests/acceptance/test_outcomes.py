"""Whatever a model does, its run is booked as what it was."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.misbehaviours import ALL
from tests.acceptance.misbehaviours import CUT_SHORT_CASES
from tests.acceptance.misbehaviours import ISOLATION_CASES
from tests.acceptance.misbehaviours import OUTAGE_CASES
from tests.acceptance.misbehaviours import USUAL_CASES
from tests.acceptance.misbehaviours import Case
from tests.acceptance.misbehaviours.playing import Seen
from tests.acceptance.misbehaviours.playing import once
from tests.acceptance.misbehaviours.playing import play_cases
from tests.acceptance.misbehaviours.playing import play_cut_short

Nights = dict[str, Seen]

pytestmark = [pytest.mark.slow, pytest.mark.needs("ollama-client")]


def rows(cases: tuple[Case, ...]) -> list[object]:
    """The cases as parameters, by their names."""
    return [pytest.param(case, id=case.name) for case in cases]


@pytest.fixture(scope="session")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The night with everything as a user has it, but for its patience."""

    def night() -> Nights:
        return play_cases(USUAL_CASES, "--overnight-infra-grace", "3")

    return once(tmp_path_factory, "usual", night)


@pytest.fixture(scope="session")
def outages(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """A night that waits long for a server that fails."""

    def night() -> Nights:
        return play_cases(OUTAGE_CASES, "--overnight-infra-grace", "25")

    return once(tmp_path_factory, "outages", night)


@pytest.fixture(scope="session")
def without_walls(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """A night of an ordinary user who asks for no isolation."""
    # Root's night gives agent code a user of its own: that is a wall, too.
    prefix = [] if os.geteuid() else "unshare --user --map-user=1000".split()
    if subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("root cannot take an ordinary user's place here")

    def night() -> Nights:
        arguments = ["--overnight-sandbox", "process", "--overnight-infra-grace", "3"]
        return play_cases(ISOLATION_CASES, *arguments, prefix=prefix)

    return once(tmp_path_factory, "without-walls", night)


@pytest.fixture(scope="session")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """A night that is ended by Ctrl-C while its runs go on."""

    def end(night: int) -> None:
        os.killpg(night, signal.SIGINT)  # as a terminal does

    def night() -> Nights:
        return play_cut_short(CUT_SHORT_CASES, end)

    return once(tmp_path_factory, "interrupted", night)


@pytest.fixture(scope="session")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Nights whose worker is killed while its run goes on, and again.

    A run whose worker is lost is played once more.
    """

    def end(night: int) -> None:
        for worker in workers_of(night):
            os.kill(worker, signal.SIGKILL)

    def night() -> Nights:
        nights = [play_cut_short([case], end, end) for case in CUT_SHORT_CASES]
        return {name: seen for night in nights for name, seen in night.items()}

    return once(tmp_path_factory, "lost", night)


def workers_of(night: int) -> list[int]:
    """xdist's workers among the children of a night."""
    children = Path(f"/proc/{night}/task/{night}/children").read_text().split()
    start = b"exec(eval(sys.stdin.readline()))"
    told = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, words in told.items() if start in words]


def must_be_booked(case: Case, night: Nights) -> None:
    """As the table says, once the script was played to where it was to end."""
    seen = night[case.name]
    why = f"{case.does}\n{case.because}\n\n{seen.story}"
    assert seen.outcome == case.intended, why
    assert seen.asked >= len(case.script.turns), f"ended before the script\n{why}"


@pytest.mark.parametrize("case", rows(USUAL_CASES))
def test_a_misbehaviour_is_booked_as_what_it_was(case: Case, usual: Nights) -> None:
    must_be_booked(case, usual)


@pytest.mark.parametrize("case", rows(OUTAGE_CASES))
def test_an_outage_is_booked_by_its_share_of_the_time(
    case: Case, outages: Nights
) -> None:
    must_be_booked(case, outages)


@pytest.mark.parametrize("case", rows(ISOLATION_CASES))
def test_a_write_outside_is_booked_before_all_that_follows(
    case: Case, without_walls: Nights
) -> None:
    must_be_booked(case, without_walls)


@pytest.mark.parametrize("case", rows(CUT_SHORT_CASES))
def test_an_interrupted_run_is_booked_as_cancelled(
    case: Case, interrupted: Nights
) -> None:
    must_be_booked(case, interrupted)


@pytest.mark.parametrize("case", rows(CUT_SHORT_CASES))
def test_a_run_whose_worker_is_lost_twice_is_booked_as_cancelled(
    case: Case, lost: Nights
) -> None:
    must_be_booked(case, lost)


def test_the_table_covers_what_a_model_behind_a_server_can_bring_about() -> None:
    counts = Counter(case.intended for case in ALL)
    assert set(counts) == {
        *("passed", "wrong_answer", "no_change", "gave_up", "timeout", "budget"),
        *("loop", "malformed", "context", "isolation", "infra", "harness"),
        "cancelled",
    }
    assert min(counts.values()) >= 2
    assert len({case.name for case in ALL}) == len(ALL) >= 45
