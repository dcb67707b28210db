"""Whoever dies in the middle of a run: nothing of it is left, and the night goes on."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_overnight.sandbox import supervisor
from pytest_overnight.sandbox.inside import tree
from pytest_overnight.sandbox.supervisor import WarmServer
from tests.security import machine
from tests.security.clinging import FINISH
from tests.security.clinging import call
from tests.security.clinging import cling
from tests.security.clinging import in_answer
from tests.security.clinging import in_shell
from tests.security.clinging import solve
from tests.security.machine import eventually
from tests.security.scene import Scene
from tests.security.scene import clinging_night
from tests.security.stage import Turns
from tests.security.stage import staged
from tests.support.levels import LEVELS
from tests.support.levels import ONE_QUICK

pytestmark = pytest.mark.needs("ollama-client")

slow = pytest.mark.slow

PHASES = ["try", pytest.param("verification", marks=slow)]


# -- pytest itself ------------------------------------------------------------------


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("level", ONE_QUICK)
def test_nothing_outlives_a_killed_pytest(
    tmp_path: Path, level: str, phase: str
) -> None:
    with clinging_night(tmp_path, level, phase=phase) as scene:
        scene.night.kill()
        scene.end()
        scene.traces.check_that_nothing_is_left()
        if phase == "try":  # a verification has a folder that pytest itself removes
            scene.traces.check_that_no_folder_is_left()


@slow
@pytest.mark.parametrize("processes", [2, 4, 6])
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_outlives_a_pytest_killed_while_it_starts(
    tmp_path: Path, level: str, processes: int
) -> None:
    """As soon as there are so many: in the self-test, with half a box, …."""
    with clinging_night(tmp_path, level, wait=False) as scene:
        alive = 0
        while alive < processes and scene.night.poll() is None:
            scene.traces.note()
            alive = len(machine.family(scene.night.pid))
        scene.night.kill()
        scene.end()
        scene.traces.check_that_nothing_is_left()


def interrupt(scene: Scene) -> None:
    """As a terminal does: the whole group in the foreground."""
    os.killpg(scene.night.pid, signal.SIGINT)


def interrupt_twice(scene: Scene) -> None:
    """At once: while the run is being killed."""
    interrupt(scene)
    interrupt(scene)


def interrupt_again(scene: Scene) -> None:
    """Once more while it tidies up."""
    interrupt(scene)
    assert eventually(lambda: not machine.marked(scene.traces.word))
    if scene.night.poll() is None:
        interrupt(scene)


def terminate(scene: Scene) -> None:
    """As ``timeout`` and a shutdown do."""
    scene.night.terminate()


def hang_up(scene: Scene) -> None:
    """As a terminal does that is closed."""
    os.killpg(scene.night.pid, signal.SIGHUP)


@pytest.mark.parametrize(
    "end",
    [
        interrupt,
        pytest.param(interrupt_twice, marks=slow),
        pytest.param(interrupt_again, marks=slow),
        pytest.param(terminate, marks=slow),
        pytest.param(hang_up, marks=slow),
    ],
)
@pytest.mark.parametrize("level", ONE_QUICK)
def test_nothing_outlives_a_pytest_that_is_told_to_end(
    tmp_path: Path, level: str, end: Callable[[Scene], None]
) -> None:
    with clinging_night(tmp_path, level) as scene:
        end(scene)
        scene.end()
        scene.traces.check_that_nothing_is_left()
        scene.traces.check_that_no_folder_is_left()


@slow
@pytest.mark.parametrize(
    "end", [interrupt, interrupt_twice, interrupt_again, terminate, hang_up]
)
@pytest.mark.parametrize("level", LEVELS[:1])
def test_nothing_outlives_a_controller_that_is_told_to_end(
    tmp_path: Path, level: str, end: Callable[[Scene], None]
) -> None:
    with clinging_night(tmp_path, level, workers=2) as scene:
        end(scene)
        scene.end()
        scene.traces.check_that_nothing_is_left()
        scene.traces.check_that_no_folder_is_left()


@slow
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_outlives_a_killed_controller(tmp_path: Path, level: str) -> None:
    with clinging_night(tmp_path, level, workers=2) as scene:
        scene.night.kill()
        scene.end()
        scene.traces.check_that_nothing_is_left()


@slow
@pytest.mark.parametrize("level", LEVELS)
def test_killed_workers_cost_one_run(tmp_path: Path, level: str) -> None:
    """The run is played once more; who then kills that worker, too, has killed it."""
    with clinging_night(tmp_path, level, workers=2) as scene:
        first = scene.traces.line[1]
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: scene.clings_below_another_than(first), 60)
        scene.traces.note()
        os.kill(scene.traces.line[1], signal.SIGKILL)
        night = scene.end()
        scene.traces.check_that_nothing_is_left()
        scene.traces.check_that_no_folder_is_left()
    assert night.status == 1
    assert night.outcomes == {"L3-1-run-0001": "cancelled", "L3-2-run-0001": "passed"}
    assert night.master["void"] == 1
    assert len(night.records["L3-1-run-0001"]["tries"]) == 2


@slow
@pytest.mark.parametrize("level", LEVELS)
def test_nothing_outlives_all_of_us_together(tmp_path: Path, level: str) -> None:
    """As ``pkill -9`` by a broad name does: also those that would tidy up."""
    with clinging_night(tmp_path, level) as scene:
        pytest_itself, _, task, box, *_ = scene.traces.line
        ours = [pytest_itself, *tree.children(pytest_itself), task, box]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            tree.signal_all(ours, number)
        scene.end()
        scene.traces.check_that_nothing_is_left()
        following = scene.again()
    assert following.status == 0, following.out
    assert set(following.outcomes.values()) == {"passed"}


# -- what stands between pytest and agent code --------------------------------------

PARTS = {"server": 1, "task": 2, "box": 3}
"""How far below pytest each of them is; a box is bubblewrap, or the helper itself."""
OUTCOMES = {
    ("try", "server"): "harness",
    ("try", "task"): "harness",
    ("try", "box"): "crash",
    # The answer had its say: whatever ends the judge now may be its doing.
    ("verification", "server"): "wrong_answer",
    ("verification", "task"): "wrong_answer",
    ("verification", "box"): "wrong_answer",
}


def clinging_turns(phase: str, word: str) -> Turns:
    """A conversation that clings in the try, or an answer that does."""
    if phase == "verification":
        return solve(in_answer(cling(word)))
    return [call("run_command", command=in_shell(cling(word))), FINISH]


@slow
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_killed_costs_one_run(
    tmp_path: Path, level: str, phase: str, part: str
) -> None:
    turns = clinging_turns(phase, word := f"word-{tmp_path.name}")
    with staged(tmp_path, level, turns, solve(), word=word) as stage:
        record = stage.strike(lambda line: os.kill(line[PARTS[part]], signal.SIGKILL))
        assert record.outcome == OUTCOMES[phase, part]
        assert eventually(lambda: not machine.marked(word))
        assert stage.play(2).outcome == "passed"
    stage.traces.check_that_nothing_is_left()
    stage.traces.check_that_no_folder_is_left()


@pytest.mark.needs("bubblewrap")
def test_a_killed_process_1_costs_one_run(tmp_path: Path) -> None:
    turns = clinging_turns("try", word := f"word-{tmp_path.name}")
    with staged(tmp_path, "bubblewrap", turns, solve(), word=word) as stage:
        record = stage.strike(lambda line: os.kill(line[4], signal.SIGKILL))
        assert record.outcome == "crash"
        assert stage.play(2).outcome == "passed"
    stage.traces.check_that_nothing_is_left()
    stage.traces.check_that_no_folder_is_left()


@slow
@pytest.mark.parametrize("phase", ["try", "verification"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_stopped_box_costs_one_run(tmp_path: Path, level: str, phase: str) -> None:
    play_with_a_stop(tmp_path, level, phase, "box")


@slow
@pytest.mark.parametrize("part", ["server", "task"])
@pytest.mark.parametrize("phase", ["try", "verification"])
def test_a_stopped_process_of_ours_costs_one_run(
    tmp_path: Path, phase: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "GRACE_SECONDS", 1.0)
    monkeypatch.setattr(supervisor, "KILL_SECONDS", 1.0)
    play_with_a_stop(tmp_path, "process", phase, part)


def play_with_a_stop(folder: Path, level: str, phase: str, part: str) -> None:
    """It is alive, and says nothing more: time alone tells."""
    turns = clinging_turns(phase, word := f"word-{folder.name}")
    # The try is killed after six seconds, the verification after eight.
    grace = -58.0  # the wall cap is this plus 60 s after the limit
    with staged(
        folder,
        level,
        *(turns, solve()),
        word=word,
        infra_grace=grace,
        working=4.0,
        verifying=3.0,
    ) as stage:
        record = stage.strike(lambda line: os.kill(line[PARTS[part]], signal.SIGSTOP))
        assert record.outcome in ("harness", "timeout", "wrong_answer")
        assert eventually(lambda: not machine.marked(word))
        assert stage.play(2).outcome == "passed"
    stage.traces.check_that_nothing_is_left()
    stage.traces.check_that_no_folder_is_left()


# -- the kernel's own bonds ---------------------------------------------------------


def test_a_server_dies_with_the_thread_that_started_it() -> None:
    """The kernel's bond is to a thread, so a client must live in one that stays."""
    servers: list[WarmServer] = []

    def start() -> None:
        server = WarmServer("tests.sandbox.targets:prepare", {})
        servers.append(server)
        assert server.request({"do": "echo", "value": 1}, wall_cap=30).ok

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    (server,) = servers
    old = server.pid
    assert old is not None
    assert eventually(lambda: machine.born(old) is None)
    again = server.request({"do": "echo", "value": 2}, wall_cap=30)
    assert again.value["value"] == 2
    assert server.pid != old
    server.close()


def test_a_task_ends_with_the_thread_that_started_its_server(tmp_path: Path) -> None:
    word, sign = f"1{uuid.uuid4().int % 10**12}", tmp_path / "started"
    servers: queue.Queue[WarmServer] = queue.Queue()

    def start() -> None:
        servers.put(WarmServer("tests.sandbox.targets:prepare", {}))
        assert eventually(sign.exists)

    threading.Thread(target=start).start()
    server = servers.get()
    message = {"do": "linger", "mark": word, "sign": str(sign)}
    reply = server.request(message, wall_cap=60)
    server.close()
    assert (reply.ok, reply.error) == (False, "cancelled")
    assert machine.marked(word) == []


def test_a_server_that_is_still_preparing_leaves_nothing(tmp_path: Path) -> None:
    client = (
        "from pytest_overnight.sandbox.supervisor import WarmServer\n"
        "server = WarmServer('tests.security.clinging:prepare_for_ever', {})\n"
        "print(server.pid, flush=True)\n"
        "input()\n"
    )
    words = [sys.executable, "-c", client]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as running:
        assert running.stdout is not None
        server = machine.born(int(running.stdout.readline()))
        assert server is not None
        assert eventually(lambda: any(tmp_path.rglob("prepares")))
        running.kill()
    assert eventually(lambda: machine.alive([server]) == [])
    assert list(tmp_path.iterdir()) == []
