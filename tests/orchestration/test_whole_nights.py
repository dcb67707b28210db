"""Whole nights: the program from evening to report, in a process of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.orchestration.program import command
from tests.orchestration.program import run_program
from tests.orchestration.program import small_suite
from tests.support.nights import CHECKOUT
from tests.support.nights import EndedNight
from tests.support.nights import environment
from tests.support.ollama_server import OllamaServer
from tests.support.suites import write_challenge

NOWHERE = "http://127.0.0.1:9"


def events(night: EndedNight) -> list[dict[str, Any]]:
    """What the journal says."""
    lines = (night.results / "journal.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def phases(night: EndedNight) -> list[str]:
    """The headings that the night printed."""
    return re.findall(r"^=== (.+?) =*$", night.out, re.MULTILINE)


# -- evenings ------------------------------------------------------------------------


def test_what_says_fail_ends_it_before_anything_is_written(tmp_path: Path) -> None:
    limit = ["--overnight-min-free-disk", "999999"]
    night = run_program(tmp_path, *small_suite(tmp_path), "--agent", "noop", *limit)
    assert night.status == 4
    assert re.search(r"^FAIL +disk", night.out, re.MULTILINE)
    assert "Nothing was started" in night.out
    assert max(map(len, night.out.splitlines())) <= 80
    assert not night.results.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--challenge", "L9-9"], "no such challenge"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["-m", "L3 or"], "Wrong expression passed to '-m'"),
        (["--overnight-sandbox", "tent"], "'tent' is not one of"),
        (["-k", "nothing-is-called-so"], "no challenge run is selected"),
        (["--phases", "HRM,report"], "no challenge run is selected"),
        (["--resume"], "nothing to resume"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_writes_nothing(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    suite = small_suite(tmp_path)
    night = run_program(tmp_path, *suite, "--agent", "noop", *arguments)
    assert night.status == 4
    assert said in " ".join((night.out + night.err).split())
    assert "Traceback" not in night.err
    assert not night.results.exists()


@pytest.mark.needs("ollama-client")
def test_auto_without_a_server_plays_each_challenge_once(tmp_path: Path) -> None:
    arguments = [*small_suite(tmp_path), "--agent", "auto", "--overnight-dry-run"]
    night = run_program(tmp_path, *arguments, OLLAMA_HOST=NOWHERE)
    assert night.status == 0
    assert re.search(r"^warn +agent +REHEARSAL", night.out, re.MULTILINE)
    assert "3 runs (L3-L5 1, L6 1, A 1)" in night.out
    night = run_program(tmp_path, *arguments, "--count", "2", OLLAMA_HOST=NOWHERE)
    assert "6 runs (L3-L5 2, L6 2, A 2)" in night.out
    assert not night.results.exists()


# -- nights --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_night_from_evening_to_report(tmp_path: Path) -> None:
    notified = tmp_path / "notified.txt"
    arguments = [*small_suite(tmp_path), "--agent", "oracle", "--budget", "1h"]
    night = run_program(tmp_path, *arguments, "--notify", f"tee {notified}")
    assert night.status == 0, night.out + night.err
    assert set(night.outcomes.values()) == {"passed"}
    assert len(night.outcomes) == 6
    assert [name.split(":")[0] for name in phases(night)] == [
        "phase L3-L5",
        "phase L6",
        "phase A",
    ]
    kinds = Counter(event["event"] for event in events(night))
    assert (kinds["session"], kinds["joined"], kinds["closed"]) == (1, 3, 1)
    assert events(night)[-1]["event"] == "closed"
    assert night.master["planned"] == night.master["tests_passed"] == 6
    assert night.master["end_time"] is not None
    assert "no model was measured" in night.report
    assert night.out.count("overnight_report_") == 2, "the line, and what tee prints"
    (line,) = (night.results / "completion.log").read_text().splitlines()
    assert "SCRIPTED AGENT 'oracle': solved 6, missed 0, void 0, not reached 0" in line
    assert line.endswith(f"{notified.read_text().rstrip()}")
    assert json.loads((night.results / "status.json").read_text())["running"] == []
    # The next evening it is put away, unasked.
    night = run_program(tmp_path, *arguments, "--phases", "L6", "--count", "1")
    assert night.status == 0, night.out + night.err
    assert list(night.outcomes) == ["L6-1-run-0001"]
    (former,) = (night.results / "history").iterdir()
    assert len(list((former / "runs").iterdir())) == 6
    assert not list(night.results.glob("overnight_report_*.md")), "was not asked for"
    assert len((night.results / "completion.log").read_text().splitlines()) == 2


@pytest.mark.slow
def test_a_night_that_is_too_short_ends_in_time_and_is_no_failure(
    tmp_path: Path,
) -> None:
    arguments = [*small_suite(tmp_path), "--agent", "noop"]
    night = run_program(tmp_path, *arguments, "--budget", "1s")
    assert night.status == 0, night.out + night.err
    assert re.search(r"^warn +plan.*", night.out, re.MULTILINE)
    assert "no time is left for it" in night.out
    assert night.master["not_reached"] == 6
    assert night.report
    # It had its time: the next evening need not be asked what is to become of it.
    night = run_program(tmp_path, *arguments, "--overnight-dry-run")
    assert night.status == 0
    assert "a new session" in " ".join(night.out.split())


@pytest.mark.slow
def test_void_runs_are_played_again_and_fail_the_night(tmp_path: Path) -> None:
    suite = small_suite(tmp_path)
    write_challenge(tmp_path / "suite", "L6-1", tests="import nothing_of_this_name\n")
    arguments = [*suite, "--agent", "oracle", "--count", "1", "--phases", "L3-L5,L6"]
    night = run_program(tmp_path, *arguments)
    assert night.status == 1
    assert night.outcomes == {"L3-1-run-0001": "passed", "L6-1-run-0001": "harness"}
    assert phases(night)[2:] == 2 * ["once more: 1 run void or not reached"]
    judged = [e["run_id"] for e in events(night) if e["event"] == "finished"]
    assert Counter(judged) == {"L3-1-run-0001": 1, "L6-1-run-0001": 3}


SLOW_CHALLENGES = ["L3-1", "L3-2", "L3-3", "L6-1", "L6-2"]


FIRST_RECORD = re.compile(r"\[ *1/")


def started(folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """A night under way, of which one run has a record."""
    process = subprocess.Popen(
        command(*small_suite(folder, *SLOW_CHALLENGES), *arguments),
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if FIRST_RECORD.match(line):
            return process
    raise AssertionError("the night ended before a run was recorded")


def all_gone(session: str) -> bool:
    """Wait until no process of a night is left, as their environments tell."""
    for _ in range(600):
        if not any(_belongs(folder, session) for folder in PROCESSES.glob("[0-9]*")):
            return True
        time.sleep(0.1)
    return False


PROCESSES = Path("/proc")


def _belongs(process: Path, session: str) -> bool:
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False  # gone, or somebody else's
    return f"OVERNIGHT_SESSION={session}".encode() in variables


def resumed(folder: Path, *arguments: str) -> EndedNight:
    suite = ["--overnight-suite", "suite"]
    return run_program(folder, *suite, "--resume", *arguments)


@pytest.mark.slow
def test_a_killed_night_is_gone_on_with(tmp_path: Path) -> None:
    session = f"killed-{tmp_path.name}"
    with started(tmp_path, "--agent", "oracle", OVERNIGHT_SESSION=session) as process:
        process.kill()
    assert all_gone(session)
    suite = ["--overnight-suite", "suite"]
    night = run_program(tmp_path, *suite, "--agent", "oracle")
    assert night.status == 4, "nothing unfinished is moved away unasked"
    assert "--overnight-resume" in night.out
    night = resumed(tmp_path)  # who plays, it knows by itself
    assert night.status == 0, night.out + night.err
    assert set(night.outcomes.values()) == {"passed"}
    assert len(night.outcomes) == 10
    assert night.master["session_id"] == session
    assert sum(event["event"] == "session" for event in events(night)) == 2


@pytest.mark.slow
def test_ctrl_c_closes_the_night_and_the_rest_is_played_later(tmp_path: Path) -> None:
    with started(tmp_path, "--agent", "noop") as process:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "exit status 2" in out.splitlines()[-1]
    results = tmp_path / "overnight_results"
    master = json.loads((results / "master_log.json").read_text())
    assert master["end_time"] is not None
    assert (results / master["report_path"]).is_file()
    assert "phase L6" not in out, "nothing more was started"
    night = resumed(tmp_path)
    assert night.status == 0, night.out + night.err
    assert night.outcomes == {
        f"{name}-run-000{n}": "no_change" for name in SLOW_CHALLENGES for n in (1, 2)
    }
    assert not list(results.glob("history/*"))


@pytest.mark.slow
def test_a_resumed_night_plays_what_it_set_out_to_play(tmp_path: Path) -> None:
    wanted = ("-k", "L3-1 or L3-2")
    with started(tmp_path, "--agent", "noop", *wanted) as process:
        process.terminate()
        process.communicate(timeout=120)
    night = resumed(tmp_path)
    assert night.status == 0, night.out + night.err
    assert {run_id[:4] for run_id in night.outcomes} == {"L3-1", "L3-2"}
    assert len(night.outcomes) == 4


HRM_TASK = """
import json, os, urllib.request
from pathlib import Path

import pytest

@pytest.mark.hrm
def test_the_gpu_is_ours():
    assert "PYTEST_XDIST_WORKER" not in os.environ
    with urllib.request.urlopen("{url}/api/ps") as answer:
        Path("loaded.json").write_text(json.dumps(json.load(answer)["models"]))

@pytest.mark.hrm
@pytest.mark.skip
def test_another(): pass

def test_not_asked_for(): assert False
"""


@pytest.mark.slow
@pytest.mark.needs("ollama-client")
def test_a_models_night_mends_void_runs_and_uses_spare_time(tmp_path: Path) -> None:
    begun: list[int] = []

    def first_turn(request: dict[str, Any]) -> dict[str, Any]:
        begun.append(len(begun) + 1)
        if begun[-1] in (1, 4):  # the first time, and the second extra one
            return {"fault": {"kind": "status", "status": 404, "body": "gone"}}
        write = {"path": "answer.py", "content": "def answer():\n    return 42\n"}
        return {"tool_calls": [{"name": "write_file", "arguments": write}]}

    finish = {"name": "finish", "arguments": {"summary": "done", "status": "done"}}
    turns = [first_turn, {"tool_calls": [finish]}]
    with OllamaServer({"conversations": [{"when": "", "turns": turns}]}) as server:
        (tmp_path / "hrm_tasks").mkdir()
        task = tmp_path / "hrm_tasks" / "test_hrm.py"
        task.write_text(HRM_TASK.replace("{url}", server.url))
        night = run_program(
            tmp_path,
            *small_suite(tmp_path, "L3-1"),
            *("--count", "1", "--budget", "30m", "--overnight-host", server.url),
        )
        loaded = dict(server.loaded)
    assert phases(night) == [
        "phase L3-L5: 1 run, at most 10 min",
        f"phase HRM: hrm_tasks, at most {phases(night)[1].split('most ')[1]}",
        "once more: 1 run void or not reached",
        "time to spare: L3-1-run-0002",
        "time to spare: L3-1-run-0003",
    ]
    assert night.outcomes == {
        "L3-1-run-0001": "passed",
        "L3-1-run-0002": "passed",
        "L3-1-run-0003": night.outcomes["L3-1-run-0003"],
    }
    assert night.status == 1, "the last one is void"
    assert night.master["void"] == 1
    assert night.master["planned"] == 3
    assert len(night.records["L3-1-run-0001"]["tries"]) == 2
    assert json.loads((tmp_path / "loaded.json").read_text()) == []
    assert loaded, "it was needed again"
    assert "too few runs to tell" in night.out


def test_the_program_is_installed_with_the_package() -> None:
    done = subprocess.run(
        command("--help"), cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert "run_overnight.py --until 07:30" in done.stdout


@pytest.mark.slow
def test_a_night_whose_results_are_taken_away_says_so(tmp_path: Path) -> None:
    (tmp_path / "hrm_tasks").mkdir()
    (tmp_path / "hrm_tasks" / "test_hrm.py").write_text(
        "import shutil, pytest\n\n"
        "@pytest.mark.hrm\n"
        "def test_tidy(): shutil.rmtree('overnight_results')\n"
    )
    arguments = [*small_suite(tmp_path, "L3-1"), "--count", "1", "--agent", "noop"]
    night = run_program(tmp_path, *arguments)
    assert night.status == 1
    assert "the night cannot be closed" in night.err
    assert "Traceback" not in night.err


@pytest.mark.slow
def test_a_task_is_cut_when_its_time_is_over(tmp_path: Path) -> None:
    (tmp_path / "hrm_tasks").mkdir()
    (tmp_path / "hrm_tasks" / "test_hrm.py").write_text(
        "import pytest, time\n\n"
        "@pytest.mark.hrm\n"
        "def test_for_ever(): time.sleep(3600)\n"
    )
    arguments = [*small_suite(tmp_path, "A-1a"), "--count", "1", "--agent", "noop"]
    night = run_program(tmp_path, *arguments, "--budget", "60s")
    assert night.status == 0, "as with runs that were not reached"
    assert night.outcomes == {"A-1a-run-0001": "no_change"}, "it had its own time"
    assert "KeyboardInterrupt" in night.out


def test_a_task_that_fails_fails_the_night(tmp_path: Path) -> None:
    (tmp_path / "hrm_tasks").mkdir()
    (tmp_path / "hrm_tasks" / "test_hrm.py").write_text(
        "import pytest\n\n@pytest.mark.hrm\ndef test_it(): assert 1 == 2\n"
    )
    arguments = [*small_suite(tmp_path, "A-1a"), "--agent", "noop"]
    night = run_program(tmp_path, *arguments, "--phases", "HRM,report")
    assert night.status == 1
    assert phases(night) == ["phase HRM: hrm_tasks"]
    assert night.master["planned"] == 0
