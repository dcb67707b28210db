"""Whole runs that meet a limit: each ends the right thing, says so, and no more."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.sandbox.box import EXCEEDED
from tests.security import machine
from tests.security.clinging import FINISH
from tests.security.clinging import call
from tests.security.clinging import cling
from tests.security.clinging import in_answer
from tests.security.clinging import in_shell
from tests.security.clinging import solve
from tests.security.hostile import FORKS
from tests.security.stage import staged
from tests.support.levels import LEVELS
from tests.support.suites import write_challenge

# Each waits for a limit.
pytestmark = [pytest.mark.needs("ollama-client"), pytest.mark.slow]

DEAF = """\
import signal

def agent(task):
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    task.box.run({!r}, timeout=600)
"""
"""An agent of the user's own that does not hear of the end of its time."""


def run(script: str, word: str = "", **more: float) -> dict[str, Any]:
    """A turn that runs a script; the word shows in the arguments of all it starts."""
    command = in_shell(["python", "-c", script, word])
    return call("run_command", command=command, **more)


# -- time: commands that ignore every signal, and stop themselves -------------------


@pytest.mark.parametrize("level", LEVELS)
def test_a_command_out_of_time_costs_itself_alone(tmp_path: Path, level: str) -> None:
    word = f"word-{tmp_path.name}"
    command = in_shell(cling(word, "stop"))
    turns = [call("run_command", command=command, timeout=1), *solve()]
    turns.append(FINISH)  # the first is not taken after a command that failed
    with staged(tmp_path, level, turns, word=word) as stage:
        record = stage.play()
        first, *_ = stage.said("action")
        stage.traces.check_that_nothing_is_left()
    assert not first["ok"]
    assert "Killed after its limit of 1 s" in first["observation"]
    assert record.outcome == "passed"


@pytest.mark.parametrize("level", LEVELS)
def test_a_run_out_of_working_time_is_a_time_out(tmp_path: Path, level: str) -> None:
    word = f"word-{tmp_path.name}"
    turns = [call("run_command", command=in_shell(cling(word, "stop"))), FINISH]
    with staged(tmp_path, level, turns, word=word, working=3.0) as stage:
        record = stage.play()
        stage.traces.check_that_nothing_is_left()
    assert (record.outcome, record.stop) == ("timeout", "deadline")
    assert "3 s were used up" in record.detail


@pytest.mark.parametrize("level", LEVELS)
def test_a_try_that_does_not_look_at_the_clock_meets_the_wall_cap(
    tmp_path: Path, level: str
) -> None:
    word = f"word-{tmp_path.name}"
    (tmp_path / "deaf.py").write_text(DEAF.format(in_shell(cling(word, "stop"))))
    grace = -59.0  # the wall cap is this plus 60 s after the limit: four in all
    with staged(
        tmp_path, level, agent="deaf:agent", word=word, infra_grace=grace, working=3.0
    ) as stage:
        record = stage.play()
        stage.traces.check_that_nothing_is_left()
    assert (record.outcome, record.stop) == ("timeout", "deadline")
    assert "killed at the wall cap" in record.detail


@pytest.mark.parametrize("level", LEVELS)
def test_an_answer_that_never_ends_fails_its_hidden_test_alone(
    tmp_path: Path, level: str
) -> None:
    word = f"word-{tmp_path.name}"
    turns = solve(in_answer(cling(word, "stop")))
    with staged(tmp_path, level, turns, word=word, verifying=6.0) as stage:
        record = stage.play()
        stage.traces.check_that_nothing_is_left()
    assert (record.outcome, record.verdict) == ("wrong_answer", "fail")
    assert {check.name: check.passed for check in record.checks} == {
        "test_the_answer": False,
        "test_the_file_is_there": True,
    }


FIVE_TESTS = "".join(
    f"def test_{number}(code):\n    assert code.call('answer:answer') == 42\n\n\n"
    for number in range(5)
)


@pytest.mark.parametrize("level", LEVELS)
def test_a_verification_out_of_time_has_failed(tmp_path: Path, level: str) -> None:
    word = f"word-{tmp_path.name}"
    write_challenge(tmp_path / "suite", "L3-1", FIVE_TESTS)
    turns = solve(in_answer(cling(word, "stop")))
    with staged(tmp_path, level, turns, word=word, verifying=3.0) as stage:
        record = stage.play()
        stage.traces.check_that_nothing_is_left()
    assert (record.outcome, record.verdict) == ("wrong_answer", "fail")
    assert len(record.checks) == 5
    assert not any(check.passed for check in record.checks)


# -- what all processes of a run use together ---------------------------------------

MEMORY = """
import os, time
for _ in range(6):  # 2.4 GiB in all, were there no watch
    if os.fork() == 0:
        block = b"x" * (400 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
DISK = """
import time
for number in range(8):  # 480 MiB in all
    with open(f"many-{number}", "wb") as file:
        for _ in range(60):
            file.write(b"x" * (1 << 20))
time.sleep(20)
"""
FILES = """
import os, time
for number in range(25):  # 25,000 in all
    os.mkdir(f"many-{number}")
    for inner in range(1000):
        open(f"many-{number}/{inner}", "w").close()
time.sleep(20)
"""
MEMORY_NEEDED_MB = 4096


@pytest.mark.parametrize(
    ("limit", "script"),
    [
        pytest.param("memory", MEMORY, id="memory"),
        pytest.param("disk", DISK, id="disk"),
        pytest.param("files", FILES, id="files", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_a_command_over_a_limit_of_the_run_is_ended_and_the_run_goes_on(
    tmp_path: Path, level: str, limit: str, script: str
) -> None:
    if limit == "memory" and machine.available_mb() < MEMORY_NEEDED_MB:
        pytest.skip(f"takes {MEMORY_NEEDED_MB} MiB of free memory")
    word = f"word-{tmp_path.name}"
    turns = [run(script, word), call("run_command", command="rm -rf many*"), *solve()]
    with staged(tmp_path, level, turns, solve(), word=word) as stage:
        record = stage.play()
        assert machine.marked(word) == []
        first, second, *_ = stage.said("action")
        assert (first["ok"], second["ok"]) == (False, True)
        assert EXCEEDED[limit] in first["observation"]
        assert "exit status 0" in second["observation"]
        assert record.outcome == "passed"
        assert stage.play(2).outcome == "passed"
        assert machine.used_mb(stage.store.results) < 8, "it is still there"
    stage.traces.check_that_no_folder_is_left()


MANY = """
import os, time
os.mkdir("many")
os.chdir("many")
for n in range(40_000):
    open(str(n), "w").close()
time.sleep(20)
"""
SLOW_REMOVAL = """
import shutil, time
time.sleep(1)
shutil.rmtree("many")
time.sleep(1)
"""


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_too_much_may_be_tidied_up(tmp_path: Path, level: str) -> None:
    turns = [run(MANY), run(SLOW_REMOVAL), *solve()]
    with staged(tmp_path, level, turns) as stage:
        record = stage.play()
        first, second, *_ = stage.said("action")
    assert EXCEEDED["files"] in first["observation"]
    assert "exit status 0" in second["observation"]
    assert record.outcome == "passed"


@pytest.mark.parametrize("level", LEVELS)
def test_others_can_start_processes_while_a_run_floods(
    tmp_path: Path, level: str
) -> None:
    word = f"word-{tmp_path.name}"
    over = threading.Event()
    ended: list[int] = []

    def start_others() -> None:
        while not over.is_set():
            ended.append(subprocess.run(["true"], check=False).returncode)

    others = threading.Thread(target=start_others)
    turns = [run(f"import os, time\n{FORKS}", word, timeout=3), *solve(), FINISH]
    with staged(tmp_path, level, turns, solve(), word=word) as stage:
        others.start()
        record = stage.play()
        over.set()
        others.join()
        assert machine.marked(word) == []
        assert record.outcome == "passed"
        assert stage.play(2).outcome == "passed"
    assert set(ended) == {0}
