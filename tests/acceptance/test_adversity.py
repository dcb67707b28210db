"""Whatever befalls a night: what the user sees, and that nothing is lost.

Each night here plays the same four runs; undisturbed, all are solved in one try. What
is killed at any instant: ``tests/chaos``.
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.sandbox.inside import tree
from tests.support.disks import Disk
from tests.support.disks import FailingDisk
from tests.support.disks import failing_disk
from tests.support.disks import small_disk
from tests.support.nights import CHECKOUT
from tests.support.nights import EndedNight
from tests.support.nights import environment
from tests.support.ollama_server import OllamaServer
from tests.support.steered import RUNS
from tests.support.steered import Going
from tests.support.steered import Stage
from tests.support.steered import said
from tests.support.steered import words_of

pytestmark = pytest.mark.slow

RESUME = "--overnight-resume"
WORKERS = ["0", "2"]
ENOUGH = "--overnight-min-free-disk=0.03"
"""30 MB; the small disks have 64."""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A new one."""
    return Stage(tmp_path)


@pytest.fixture
def disk(stage: Stage) -> Iterator[Disk]:
    """Results lie on a small one."""
    with small_disk(stage.results) as disk:
        yield disk


@pytest.fixture
def failing(stage: Stage) -> Iterator[FailingDisk]:
    """Results lie on one that may fail."""
    with failing_disk(stage.results) as disk:
        yield disk


def must_be_whole(stage: Stage, night: EndedNight, status: int = 0) -> None:
    """The night has what an undisturbed one has, and says so."""
    assert night.status == status, night.out + night.err
    assert night.outcomes == dict.fromkeys(RUNS, "passed")
    for record in night.records.values():
        assert [check["passed"] for check in record["checks"]] == [True, True]
        assert record["session_id"] == night.master["session_id"]
        assert [one["number"] for one in record["tries"]] == list(
            range(1, len(record["tries"]) + 1)
        )
    master = night.master
    counts = [master[name] for name in ("planned", "tests_passed", "void")]
    assert (counts, master["not_reached"]) == ([4, 4, 0], 0)
    assert master["end_time"] is not None
    assert master["ended_early"] == ""
    assert "planned 4: solved 4, missed 0, void 0, not reached 0" in night.out
    assert "L3-1" in night.report
    assert not (night.results / "history").exists()
    left = {path.name for path in night.results.rglob(".*") if path.is_file()}
    assert left == {".session.lock"}
    assert not (night.results / ".agent_workspace").exists()
    doctor = [sys.executable, "-m", "pytest_overnight", "doctor", str(night.results)]
    found = subprocess.run(
        doctor, env=environment(), capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def must_have_lost_nothing(stage: Stage, before: dict[str, bytes]) -> None:
    """Records that counted are as they were, to the byte."""
    after = stage.counted()
    assert {run_id: after.get(run_id) for run_id in before} == before


def tries(night: EndedNight) -> list[int]:
    """How often each run was begun."""
    return [len(record["tries"]) for record in night.records.values()]


# -- a full disk ---------------------------------------------------------------------


def test_a_disk_that_is_too_full_from_the_start_costs_nothing(
    stage: Stage, disk: Disk
) -> None:
    night = stage.play("--overnight-min-free-disk=5")
    assert night.status == 1
    assert night.records == {}
    text = said(night)
    assert "The night ended early: 0.1 GB are free on the disk of" in text
    assert "5 GB must be before a run starts (--overnight-min-free-disk)" in text
    assert "4 of 4 runs were not reached. Make room, then: --overnight-resume" in text
    must_be_whole(stage, stage.play(RESUME, ENOUGH))


def test_a_disk_that_fills_up_ends_the_night_before_the_next_run(
    stage: Stage, disk: Disk
) -> None:
    stage.hold(RUNS[1])
    with stage.night(ENOUGH) as going:
        going.until(RUNS[1])
        disk.fill(leave=20 << 20)
        stage.let_go()
        night = going.ended()
    assert night.status == 1
    assert night.outcomes == dict.fromkeys(RUNS[:2], "passed")
    assert night.master["not_reached"] == 2
    assert night.master["end_time"] is not None
    assert "L3-1" in night.report
    assert "2 of 4 runs were not reached. Make room" in said(night)
    before = stage.counted()

    again = stage.play(RESUME, ENOUGH)  # nobody has made room yet
    assert again.status == 1
    assert "--overnight-min-free-disk" in said(again)
    must_have_lost_nothing(stage, before)

    disk.empty()
    whole = stage.play(RESUME, ENOUGH)
    must_be_whole(stage, whole)
    must_have_lost_nothing(stage, before)
    assert tries(whole) == [1, 1, 1, 1]


@pytest.mark.parametrize("workers", WORKERS)
def test_a_disk_without_a_byte_left_costs_what_cannot_be_written(
    stage: Stage, disk: Disk, workers: str
) -> None:
    stage.hold(RUNS[1])
    with stage.night("-n", workers) as going:
        going.until(RUNS[1])
        before = stage.counted()
        disk.fill()
        stage.let_go()
        night = going.ended()
    assert night.status == 1
    text = said(night)
    assert "no record could be written (" in text
    assert "No space left on device" in text
    assert "Make room" in text
    assert RESUME in text
    must_have_lost_nothing(stage, before)

    disk.empty()
    before = stage.counted()
    refused = stage.play("-n", workers)
    assert refused.status == 4
    assert RESUME in said(refused)
    must_be_whole(stage, stage.play(RESUME, "-n", workers))
    must_have_lost_nothing(stage, before)


def test_a_disk_that_is_full_from_the_start_says_so(stage: Stage, disk: Disk) -> None:
    disk.fill()
    night = stage.play()
    assert night.status == 4
    text = said(night)
    assert "the results folder cannot be written (No space left on device)" in text
    assert "--overnight-results" in text
    disk.empty()
    must_be_whole(stage, stage.play())


FILLS = """\
import pathlib
import pytest

DISK = pathlib.Path(__file__).parent / "overnight_results"

def fill():
    with (DISK / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass

@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session):
    if not hasattr(session.config, "workerinput"):
        fill()

@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_node_collection_finished():
    fill()
"""


@pytest.mark.parametrize("workers", WORKERS)
def test_a_disk_that_is_full_as_the_night_begins_says_so(
    stage: Stage, disk: Disk, workers: str
) -> None:
    (stage.folder / "fills.py").write_text(FILLS)
    night = stage.play("-p", "fills", "-n", workers)
    assert night.status == 4
    text = said(night)
    assert f"{stage.results}: the results folder cannot be written (No space" in text
    assert text.count("--overnight-results") == 1
    assert night.records == {}
    disk.empty()
    must_be_whole(stage, stage.play("-n", workers))


# -- a disk that can be read only ----------------------------------------------------


def test_a_results_folder_that_cannot_be_written_says_so(
    stage: Stage, disk: Disk
) -> None:
    disk.mount("-o", "remount,ro")
    night = stage.play()
    assert night.status == 4
    text = said(night)
    assert f"{stage.results}: the results folder cannot be written" in text
    assert "(Read-only file system)" in text
    assert "--overnight-results" in text


def test_a_night_whose_folder_cannot_be_written_any_more_is_not_lost(
    stage: Stage, disk: Disk
) -> None:
    must_be_whole(stage, stage.play())
    before = stage.counted()
    disk.mount("-o", "remount,ro")
    for words in ([], [RESUME], ["--overnight-fresh"]):
        night = stage.play(*words)
        assert night.status == 4
        assert "(Read-only file system)" in said(night)
    must_have_lost_nothing(stage, before)
    disk.mount("-o", "remount,rw")
    must_be_whole(stage, stage.play(RESUME))
    must_have_lost_nothing(stage, before)


@pytest.mark.parametrize("workers", WORKERS)
def test_a_disk_that_fails_in_the_night_costs_what_cannot_be_written(
    stage: Stage, failing: FailingDisk, workers: str
) -> None:
    """It can still be read, and written no more, by whomever."""
    stage.hold(RUNS[1])
    other = ["--json-report", "--json-report-file=report.json", "--junitxml=j.xml"]
    with stage.night("-n", workers, *other) as going:
        going.until(RUNS[1])
        before = stage.counted()
        failing.fail()
        stage.let_go()
        night = going.ended()
    assert night.status == 1
    text = said(night)
    assert "no record could be written (" in text
    assert "Read-only file system" in text
    assert "master log and report could not be written" in text
    must_have_lost_nothing(stage, before)

    failing.repair()
    must_have_lost_nothing(stage, before)
    assert stage.play("-n", workers).status == 4
    must_be_whole(stage, stage.play(RESUME, "-n", workers))
    must_have_lost_nothing(stage, before)


# -- a clock that is set back --------------------------------------------------------

SETS_IT_BACK = """\
import pathlib
import time

SIGN = pathlib.Path(__file__).parent / "set back"
real = time.time

def shifted():
    return real() - (3 * 3600 if SIGN.exists() else 0)

time.time = shifted
"""


@pytest.mark.parametrize("workers", WORKERS)
def test_a_clock_that_is_set_back_in_the_night_costs_nothing(
    stage: Stage, workers: str
) -> None:
    """In every process at once, as when somebody sets the machine's."""
    clock = stage.folder / "clock"
    clock.mkdir()
    (clock / "sitecustomize.py").write_text(SETS_IT_BACK)
    path = os.pathsep.join([str(clock), str(CHECKOUT)])
    stage.hold(RUNS[1])
    with stage.night("-n", workers, PYTHONPATH=path) as going:
        going.until(RUNS[1])
        (clock / "set back").touch()
        stage.let_go(RUNS[1])
        stage.hold(RUNS[3])
        going.until(RUNS[3])
        going.process.kill()
        going.process.communicate()
    before = stage.counted()
    whole = stage.play(RESUME, "-n", workers, PYTHONPATH=path)
    must_be_whole(stage, whole)
    must_have_lost_nothing(stage, before)
    for record in whole.records.values():
        shown = {
            k: v for k, v in record["performance"].items() if k.endswith("seconds")
        }
        times = [record["duration"], *(one["duration"] for one in record["tries"])]
        assert all(0 <= value < 60 for value in [*times, *shown.values()] if value)
    assert 0 < whole.master["total_duration"] < 120
    begun = {(e["run_id"], e["try"]): e for e in stage.events("started")}
    for end in stage.events("finished"):
        assert begun[end["run_id"], end["try"]]["clock"] <= end["clock"]
    sessions = {event["session_id"] for event in stage.events("session")}
    assert sessions == {whole.master["session_id"]}
    times = [event["time"] for event in stage.events("started")]
    assert times != sorted(times)  # it was set back, or this test shows nothing


# -- the wish to end -----------------------------------------------------------------


def to_all(number: int) -> Callable[[Going], object]:
    """As a terminal sends it."""
    return lambda going: os.killpg(going.process.pid, number)


def to_controller(number: int) -> Callable[[Going], object]:
    """As ``kill`` or a service manager does."""
    return lambda going: going.process.send_signal(number)


def to_a_worker(number: int) -> Callable[[Going], object]:
    """To the one that plays the run that waits, or another."""
    return lambda going: os.kill(going.workers()[0], number)


ENDINGS = [
    pytest.param("0", to_all(signal.SIGINT), id="ctrl-c-alone"),
    pytest.param("2", to_all(signal.SIGINT), id="ctrl-c"),
    pytest.param("2", to_controller(signal.SIGINT), id="sigint-to-the-controller"),
    pytest.param("2", to_controller(signal.SIGTERM), id="sigterm"),
    pytest.param("0", to_controller(signal.SIGTERM), id="sigterm-alone"),
    pytest.param("2", to_all(signal.SIGTERM), id="sigterm-to-all"),
    pytest.param("2", to_all(signal.SIGHUP), id="terminal-closed"),
    pytest.param("2", to_a_worker(signal.SIGINT), id="sigint-to-a-worker"),
    pytest.param("2", to_a_worker(signal.SIGTERM), id="sigterm-to-a-worker"),
]


@pytest.mark.parametrize(("workers", "tell"), ENDINGS)
def test_a_night_that_is_told_to_end_is_closed_and_gone_on_with(
    stage: Stage, workers: str, tell: Callable[[Going], object]
) -> None:
    stage.hold(*RUNS[1:])
    with stage.night("-n", workers) as going:
        going.until(RUNS[1])
        going.wait("a record", stage.counted)
        tell(going)
        night = going.ended()
    assert night.status == 2
    before = stage.counted()
    outcomes = set(night.outcomes.values())
    assert outcomes == {"passed", "cancelled"}
    assert night.master["end_time"] is not None
    assert night.master["not_reached"] >= 1
    assert f"not reached {night.master['not_reached']}" in night.out
    assert "L3-1" in night.report
    assert not (stage.results / ".agent_workspace").exists()
    stage.let_go()

    whole = stage.play(RESUME, "-n", workers)
    must_be_whole(stage, whole)
    must_have_lost_nothing(stage, before)
    assert f"going on with {whole.master['session_id']}: " in said(whole)
    assert sorted(set(tries(whole))) == [1, 2]


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_second_ctrl_c_leaves_at_once(stage: Stage, workers: str) -> None:
    """While the first one waits for something that will not end."""
    stage.hold(*RUNS[1:])
    with stage.night("-n", workers) as going:
        going.until(RUNS[1])
        going.wait("a record", stage.counted)
        before = stage.counted()
        # The servers stand still: what is to be stopped does not answer.
        servers = set(going.tree()) - {going.process.pid, *going.workers()}
        tree.signal_all(sorted(servers), signal.SIGSTOP)
        os.killpg(going.process.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            going.process.wait(1.5)
        os.killpg(going.process.pid, signal.SIGINT)
        going.process.wait(20)
        tree.signal_all(sorted(servers), signal.SIGCONT)
        night = going.ended()
    assert night.status == 130
    assert "left at once; all records are safe. Go on with --overnight" in night.err
    stage.let_go()
    must_be_whole(stage, stage.play(RESUME, "-n", workers))
    must_have_lost_nothing(stage, before)


# -- lost workers --------------------------------------------------------------------


def kill_who_plays(going: Going, stem: str) -> None:
    """SIGKILL to the worker in whose tree the agent waits."""
    going.until(stem)
    wanted = stem.encode()
    for worker in going.workers():
        below = [worker, *tree.descendants(worker)]
        if any(wanted in words_of(pid) for pid in below):
            os.kill(worker, signal.SIGKILL)
            return
    pytest.fail(f"nobody plays {stem}")


def test_a_run_whose_worker_is_killed_is_played_once_more(stage: Stage) -> None:
    stage.hold(RUNS[1])
    with stage.night("-n", "2") as going:
        kill_who_plays(going, RUNS[1])
        night = going.ended()
    must_be_whole(stage, night)
    assert f"{RUNS[1]}: its worker was lost; played again" in night.out
    record = night.records[RUNS[1]]
    assert [one["outcome"] for one in record["tries"]] == ["cancelled", "passed"]
    former = json.loads((night.results / f"tries/{RUNS[1]}-try-1.json").read_text())
    assert "its worker was lost" in former["detail"]


def test_a_run_that_costs_two_workers_is_void_and_the_night_goes_on(
    stage: Stage,
) -> None:
    second = f"{RUNS[1]}-try-2"
    stage.hold(RUNS[1], second)
    with stage.night("-n", "2") as going:
        kill_who_plays(going, RUNS[1])
        kill_who_plays(going, second)
        night = going.ended()
    assert night.status == 1
    outcomes = {**dict.fromkeys(RUNS, "passed"), RUNS[1]: "cancelled"}
    assert night.outcomes == outcomes
    assert night.master["void"] == 1
    assert len(night.records[RUNS[1]]["tries"]) == 2
    assert "L3-1" in night.report
    before = stage.counted()
    stage.let_go()
    whole = stage.play(RESUME, "-n", "2")
    must_be_whole(stage, whole)
    must_have_lost_nothing(stage, before)
    assert len(whole.records[RUNS[1]]["tries"]) == 3


# -- a closed laptop -----------------------------------------------------------------


@pytest.mark.parametrize("workers", WORKERS)
def test_a_night_whose_processes_all_stood_still_goes_on(
    stage: Stage, workers: str
) -> None:
    stage.hold(RUNS[1])
    with stage.night("-n", workers) as going:
        going.until(RUNS[1])
        stopped = going.tree()
        tree.signal_all(stopped, signal.SIGSTOP)
        time.sleep(5)
        tree.signal_all(stopped[::-1], signal.SIGCONT)
        stage.let_go()
        night = going.ended()
    must_be_whole(stage, night)
    assert tries(night) == [1, 1, 1, 1]


# -- a dead model server -------------------------------------------------------------


def turn(tool: str, **arguments: object) -> dict[str, Any]:
    """One scripted turn with one tool call."""
    return {"tool_calls": [{"name": tool, "arguments": arguments}]}


WRITE = turn("write_file", path="answer.py", content="def answer():\n    return 42\n")
FINISH = turn("finish", summary="done", status="done")


def of_a_model(server: OllamaServer, grace: int) -> list[str]:
    """What a night of the built-in agent is given beside the usual."""
    words = ["--agent", "ollama", "--overnight-host", server.url]
    return [*words, f"--overnight-infra-grace={grace}"]


@pytest.mark.needs("ollama-client")
@pytest.mark.parametrize("when", ["within a run", "between two runs"])
def test_a_server_that_is_dead_for_less_than_the_grace_costs_no_run(
    stage: Stage, when: str
) -> None:
    """Ten minutes of fifteen, at a sixtieth of the time."""
    last = FINISH | {"away": 10.0}
    second = [WRITE | {"away": 10.0}, FINISH] if "within" in when else [WRITE, last]
    script = [WRITE, FINISH, *second, *[WRITE, FINISH] * 2]
    with OllamaServer(script) as server:
        night = stage.play(*of_a_model(server, 15))
        assert server.script.left == 0
    must_be_whole(stage, night)
    assert tries(night) == [1, 1, 1, 1]
    waited = night.records[RUNS[1]]["performance"]["infra_wait_seconds"]
    text = said(night)
    if "within" in when:
        assert waited >= 9
        assert "waiting for" not in text
    else:
        assert waited == 0
        assert "waiting for the model server, at most 15 s: No Ollama server" in text
        assert "the night goes on" in text


@pytest.mark.needs("ollama-client")
def test_a_server_that_stays_dead_ends_the_night_and_a_resume_does_the_rest(
    stage: Stage,
) -> None:
    look = turn("read_file", path="answer.py")
    script = [WRITE, FINISH, look | {"away": math.inf}, *[WRITE, FINISH] * 3]
    with OllamaServer(script) as server:
        words = of_a_model(server, 3)
        night = stage.play(*words)
        assert night.status == 1
        outcomes = {RUNS[0]: "passed", RUNS[1]: "infra"}
        assert night.outcomes == outcomes
        assert (night.master["void"], night.master["not_reached"]) == (1, 2)
        text = said(night)
        assert "The night ended early: the model server was not healthy" in text
        assert "2 of 4 runs were not reached. Mend the server" in text
        assert "--overnight-resume plays exactly the rest" in text
        assert "was not healthy" in re.sub(r"\s+", " ", night.report)
        before = stage.counted()

        dead = stage.play(RESUME, *words)
        assert dead.status == 4
        assert "No Ollama server answers" in said(dead)
        must_have_lost_nothing(stage, before)

        server.come_back()
        whole = stage.play(RESUME, *words)
        assert server.script.left == 0
    must_be_whole(stage, whole)
    must_have_lost_nothing(stage, before)
    assert tries(whole) == [1, 2, 1, 1]
    former = json.loads((whole.results / f"tries/{RUNS[1]}-try-1.json").read_text())
    assert (former["outcome"], former["counted"]) == ("infra", False)
