"""Whole nights through real pytest, xdist, boxes, judges and files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from pytest_overnight.models.pace import host_folder
from tests.acceptance.test_outcomes import workers_of
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.nights import run_night
from tests.support.steered import RUNS
from tests.support.steered import Stage
from tests.support.steered import said
from tests.support.suites import write_challenge
from tests.support.suites import write_suite


def test_oracle_solves_and_noop_misses(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1", "L4-1"]))
    for agent, outcome in (("oracle", "passed"), ("noop", "no_change")):
        folder = tmp_path / agent
        folder.mkdir()
        night = run_night(
            folder, "-m", "overnight", "--overnight-suite", suite, "--agent", agent
        )
        assert night.status == 0, night.out
        assert set(night.outcomes.values()) == {outcome}
        assert len(night.outcomes) == 4
        assert f"SCRIPTED AGENT '{agent}'" in night.out


def test_a_night_leaves_everything_behind(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "noop"]
    night = run_night(tmp_path, *arguments, "-n", "2")
    assert night.status == 0, night.out
    files = {
        path.relative_to(night.results).as_posix()
        for path in night.results.rglob("*")
        if path.is_file()
    }
    for run in ("L3-1-run-0001", "L3-1-run-0002"):
        assert {
            f"runs/{run}.json",
            f"logs/{run}.txt",
            f"logs/{run}-ledger.log",
            f"logs/{run}-events.jsonl",
            f"snapshots/{run}.tar.gz",
            f"workspaces/failed/{run}/answer.py",
        } <= files
    assert {"master_log.json", "status.json", "journal.jsonl"} <= files
    assert night.master["tests_run"] == night.master["tests_failed"] == 2
    assert night.master["end_time"] is not None
    assert json.loads((night.results / "status.json").read_text())["done"] == 2
    seeds = {record["seed"] for record in night.records.values()}
    assert len(seeds) == 2
    assert not (night.results / ".agent_workspace").exists()


def test_one_line_a_run_fits_eighty_columns(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    night = run_night(
        tmp_path, "-m", "overnight", "--overnight-suite", suite, "--agent", "oracle"
    )
    lines = [line for line in night.out.splitlines() if line.startswith("[")]
    assert [line.split()[1] for line in lines] == ["L3-1-run-0001", "L3-1-run-0002"]
    assert all("solved" in line and "eta" in line for line in lines)
    assert all(len(line) <= 80 for line in night.out.splitlines() if "run-" in line)


def test_other_reports_of_pytest_carry_the_outcomes(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "noop"]
    more = ["-n", "2", "--json-report", "--json-report-file=r.json", "--junitxml=j.xml"]
    night = run_night(tmp_path, *arguments, *more)
    assert night.status == 0, night.out
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["summary"]["missed"] == 2
    assert report["overnight"]["tests_failed"] == 2
    outcomes = [t["metadata"]["overnight"]["outcome"] for t in report["tests"]]
    assert outcomes == ["no_change", "no_change"]
    assert (tmp_path / "j.xml").read_text().count("<testcase") == 2


def test_neither_json_report_nor_xdist_nor_timeout_is_needed(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "oracle"]
    without = ["-p", "no:pytest_jsonreport", "-p", "no:xdist", "-p", "no:timeout"]
    night = run_night(tmp_path, *arguments, *without, "--count", "1")
    assert night.status == 0, night.out + night.err
    assert night.outcomes == {"L3-1-run-0001": "passed"}


def test_the_next_session_puts_the_former_one_away_and_nothing_else(
    tmp_path: Path,
) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "oracle"]
    mine = tmp_path / "overnight_results" / "code.py"
    mine.parent.mkdir()
    mine.write_text("x = 1")
    first = run_night(tmp_path, *arguments, "--count", "1")
    session = first.master["session_id"]
    run_night(tmp_path, *arguments, "--count", "1")
    former = first.results / "history" / session
    assert (former / "runs" / "L3-1-run-0001.json").is_file()
    assert (former / "master_log.json").is_file()
    assert mine.read_text() == "x = 1"


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_a_challenge_whose_tests_crash_is_void_and_the_night_goes_on(
    tmp_path: Path, workers: str
) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-1", "L3-2"])
    write_challenge(suite, "L3-2", tests="import nonsense_that_is_not_there\n")
    arguments = ["-m", "overnight", "--overnight-suite", str(suite)]
    night = run_night(tmp_path, *arguments, "--agent", "oracle", "-n", workers)
    assert night.status == 1
    assert night.outcomes == {
        "L3-1-run-0001": "passed",
        "L3-1-run-0002": "passed",
        "L3-2-run-0001": "harness",
        "L3-2-run-0002": "harness",
    }
    record = night.records["L3-2-run-0001"]
    assert (record["success"], record["counted"]) == (None, False)
    assert "nonsense_that_is_not_there" in record["detail"]
    assert night.master["void"] == 2
    assert night.master["overall_pass_rate"] == 1.0


def test_without_ollama_the_night_does_not_start(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite]
    # Port 9 (discard) is closed on any ordinary machine.
    night = run_night(tmp_path, *arguments, "--overnight-host", "http://127.0.0.1:9")
    assert night.status == 4
    assert "Traceback" not in night.out + night.err
    assert "127.0.0.1:9" in night.err
    assert "ollama serve" in night.err
    assert "--agent rehearsal" in night.err
    assert not night.results.exists()


def test_auto_without_ollama_rehearses_and_says_so(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "auto"]
    night = run_night(
        tmp_path, *arguments, "--count=4", "--overnight-host", "http://127.0.0.1:9"
    )
    assert night.status == 0, night.out
    assert night.out.count("REHEARSAL") >= 2
    assert "no model" in night.report.lower()
    for record in night.records.values():
        assert record["agent"]["scripted"] is True
        assert record["outcome"] == record["agent"]["intended_outcome"]


def test_results_that_cannot_be_written_are_a_usage_error(tmp_path: Path) -> None:
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    (tmp_path / "overnight_results").write_text("a file")
    night = run_night(
        tmp_path, "-m", "overnight", "--overnight-suite", suite, "--agent", "noop"
    )
    assert night.status == 4
    assert "cannot be written" in night.err
    assert "--overnight-results" in night.err


SLEEPER = """\
import pathlib

def agent(task):
    # The first run ends at once; all others sleep.
    if list(pathlib.Path("overnight_results/runs").glob("*.json")):
        task.box.run("sleep 600 & sleep 601", timeout=600)
"""


def start_sleeper(folder: Path, workers: str, *more: str) -> subprocess.Popen[str]:
    """A night of four runs, of which the first ends and the others sleep."""
    suite = write_suite(folder / "suite", ["L3-1"])
    (folder / "sleeper.py").write_text(SLEEPER)
    arguments = ["-m", "overnight", "--overnight-suite", str(suite), "--count", "4"]
    arguments += ["--agent", "sleeper:agent", "-n", workers, *more]
    return subprocess.Popen(
        command(folder / "overnight_results", *arguments),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_until(what: str, condition: object, limit: float = 60.0) -> None:
    """Poll for something that must happen."""
    assert callable(condition)
    for _ in range(int(limit / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"never happened: {what}")


def sleepers() -> list[str]:
    """Command lines of the sleeps that the agent started, on the whole machine."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] in ([b"sleep", b"600"], [b"sleep", b"601"]):
            found.append(entry.parent.name)
    return found


@pytest.mark.parametrize("workers", [pytest.param("0", marks=pytest.mark.slow), "2"])
def test_ctrl_c_leaves_records_report_and_no_process(
    tmp_path: Path, workers: str
) -> None:
    night = start_sleeper(tmp_path, workers)
    runs = tmp_path / "overnight_results" / "runs"
    wait_until("a finished run", lambda: any(runs.glob("*.json")))
    wait_until("a sleeping run", sleepers)
    finished = {path.stem for path in runs.glob("*.json")}
    os.killpg(night.pid, signal.SIGINT)  # as a terminal does
    out, _ = night.communicate(timeout=60)
    assert night.returncode == 2, out
    wait_until("the end of all sleepers", lambda: not sleepers(), 10)
    ended = EndedNight(night.returncode, out, "", tmp_path / "overnight_results")
    assert ended.master["tests_run"] >= len(finished) >= 1
    assert ended.master["not_reached"] >= 1
    assert ended.report
    must_have_cancelled(ended)


def must_have_cancelled(night: EndedNight) -> None:
    """The run that was being played left a record, and nothing else."""
    cancelled = [r for r in night.records.values() if r["outcome"] == "cancelled"]
    assert cancelled, night.outcomes
    assert night.master["void"] == len(cancelled)
    for record in cancelled:
        assert (record["success"], record["counted"]) == (None, False)
        assert (record["stop"], record["verdict"]) == ("cancelled", "not_run")
        assert record["duration"] > 0
    assert not (night.results / ".agent_workspace").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_night_that_is_told_to_end_closes_as_an_interrupted_one(
    tmp_path: Path, number: signal.Signals
) -> None:
    night = start_sleeper(tmp_path, "2")
    wait_until("a sleeping run", sleepers)
    if number == signal.SIGHUP:
        os.killpg(night.pid, number)  # as a terminal does when it is closed
    else:
        night.send_signal(number)
    out, _ = night.communicate(timeout=90)
    assert night.returncode == 2, out
    wait_until("the end of all sleepers", lambda: not sleepers(), 10)
    ended = EndedNight(night.returncode, out, "", tmp_path / "overnight_results")
    assert ended.master["end_time"] is not None
    assert ended.report
    must_have_cancelled(ended)


def noted(results: Path, name: str) -> set[str]:
    """Runs of which the journal has an event of that name."""
    lines = (results / "journal.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return {event["run_id"] for event in events if event["event"] == name}


def under_way(results: Path) -> set[str]:
    return noted(results, "started") - noted(results, "finished")


def test_runs_whose_workers_are_killed_leave_records(tmp_path: Path) -> None:
    """Also where nobody is left to play: xdist itself then breaks off."""
    night = start_sleeper(tmp_path, "2", "--max-worker-restart", "0")
    wait_until("a sleeping run", sleepers)
    # A worker that is killed while it grades leaves no record, but a finished try
    # that the next start grades: that is another test's.
    results = tmp_path / "overnight_results"
    wait_until("none but it under way", lambda: len(under_way(results)) == 1)
    for worker in workers_of(night.pid):
        os.kill(worker, signal.SIGKILL)
    out, _ = night.communicate(timeout=60)
    wait_until("the end of all sleepers", lambda: not sleepers(), 10)
    ended = EndedNight(night.returncode, out, "", results)
    assert ended.report
    must_have_cancelled(ended)
    assert set(ended.records) == noted(results, "started")
    for record in ended.records.values():
        assert (ended.results / record["output_log"]).is_file()
        assert (ended.results / record["snapshot"]["path"]).is_file()


def test_workers_die_with_a_killed_controller(tmp_path: Path) -> None:
    night = start_sleeper(tmp_path, "2")
    wait_until("a sleeping run", sleepers)
    night.kill()
    night.communicate(timeout=30)
    wait_until("the end of all sleepers", lambda: not sleepers(), 20)
    suite = str(tmp_path / "suite")
    arguments = ["--challenge", "L3-1", "--overnight-suite", suite, "--count", "1"]
    arguments += ["--agent", "oracle"]
    refused = run_night(tmp_path, *arguments)
    assert refused.status == 4
    assert "was cut off. Two ways on: --overnight-resume" in refused.err
    following = run_night(tmp_path, *arguments, "--overnight-fresh")
    assert following.status == 0, following.out
    assert following.outcomes == {"L3-1-run-0001": "passed"}
    (former,) = (following.results / "history").iterdir()
    assert list((former / "runs").iterdir())


OWN_AGENTS = """\
import os, sys, time
from pytest_overnight.agents.tool_loop import LoopResult

def solve(task):
    task.box.call("write", path="answer.py", data=b"def answer():\\n    return 42\\n")

def says_half_a_letter(task):
    solve(task)
    return "done \\ud800 \\x1b[31m"

def writes_odd_events(task):
    task.ledger.write("action", text="I looked")
    solve(task)

def returns_junk(task):
    return LoopResult(stop="done")

def leaves(task):
    sys.exit(3)

def vanishes(task):
    os._exit(0)

def raises(task):
    raise RuntimeError("no \\x1b[31mway")

def is_late(task):
    try:
        time.sleep(60)
    except Exception:
        pass
    solve(task)

def agent(task):
    return globals()[task.instruction.strip()](task)
"""
OUTCOMES = {
    "solve": "passed",
    "says_half_a_letter": "passed",
    "writes_odd_events": "passed",
    "returns_junk": "crash",
    "leaves": "crash",
    "vanishes": "crash",
    "raises": "crash",
    "is_late": "timeout",
}


def test_whatever_an_own_agent_does_is_recorded(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    for number, name in enumerate(OUTCOMES, 1):
        folder = write_challenge(suite, f"L3-{number}")
        (folder / "instruction.md").write_text(f"{name}\n")
        task = folder / "task.toml"
        task.write_text(
            task.read_text().replace("timeout_sec = 60.0", "timeout_sec = 2.0")
        )
    (tmp_path / "own.py").write_text(OWN_AGENTS)
    arguments = ["-m", "overnight", "--overnight-suite", str(suite), "--count=1"]
    night = run_night(tmp_path, *arguments, "--agent", "own:agent")
    assert list(night.outcomes.values()) == list(OUTCOMES.values()), night.out
    assert night.status == 0
    assert "\x1b[31m" not in night.out


def test_a_misspelt_agent_does_not_cost_the_night(tmp_path: Path) -> None:
    arguments = ["-m", "overnight", "--agent", "nowhere_to_be_found:agent"]
    night = run_night(tmp_path, *arguments)
    assert night.status == 4
    assert "no module 'nowhere_to_be_found'" in night.err


def test_a_second_session_in_one_folder_is_refused(tmp_path: Path) -> None:
    first = start_sleeper(tmp_path, "0")
    try:
        wait_until("a sleeping run", sleepers)
        suite = str(tmp_path / "suite")
        second = run_night(
            tmp_path, "-m", "overnight", "--overnight-suite", suite, "--agent", "noop"
        )
        assert second.status == 4
        assert f"process {first.pid}, started" in second.err
        assert "--overnight-results" in second.err
    finally:
        os.killpg(first.pid, signal.SIGINT)
        first.communicate(timeout=60)


@pytest.mark.slow
def test_a_used_up_budget_cuts_no_run_and_is_no_failure(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.hold(RUNS[0])
    with stage.night("--overnight-budget=15s") as going:
        going.until(RUNS[0])
        time.sleep(15)  # it began in time, and goes on after it
        stage.let_go()
        night = going.ended()
    assert night.status == 0, night.out
    assert night.outcomes == {RUNS[0]: "passed"}
    assert night.master["not_reached"] == 3
    text = said(night)
    assert "The night ended early: its budget of 15 s is used up. 3 of 4" in text
    following = stage.play()  # it has all that it was to have
    assert following.status == 0, following.err
    assert len(following.outcomes) == 4
    assert len(list((following.results / "history").iterdir())) == 1


LOOKS_AT_THE_SLOT = """\
import fcntl

def is_free():
    with open({slot!r}) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
"""


def test_a_slot_is_held_for_the_try_and_no_longer(tmp_path: Path) -> None:
    host = f"http://{tmp_path.name}.localhost"  # of this test alone
    look = LOOKS_AT_THE_SLOT.format(slot=str(host_folder(host) / "slot-0"))
    suite = write_suite(tmp_path / "suite", ["L3-1"])
    write_challenge(
        suite, "L3-1", tests=f"{look}\ndef test_slot():\n    assert is_free()\n"
    )
    agent = f"{look}\ndef agent(task):\n    assert not is_free()\n"
    (tmp_path / "own.py").write_text(agent)
    arguments = ["-m", "overnight", "--overnight-suite", str(suite), "--count=2"]
    arguments += ["--overnight-host", host, "--agent", "own:agent", "-n", "0"]
    night = run_night(tmp_path, *arguments)
    assert night.status == 0, night.out
    assert set(night.outcomes.values()) == {"passed"}, night.records


@pytest.mark.slow
@pytest.mark.parametrize(("agent", "solved"), [("oracle", True), ("noop", False)])
def test_the_suite_solves_for_the_oracle_and_misses_for_noop(
    tmp_path: Path, agent: str, solved: bool
) -> None:
    arguments = ["-m", "overnight", "--agent", agent, "--count", "1", "-n", "2"]
    night = run_night(tmp_path, *arguments, limit=900)
    assert night.status == 0, night.out
    assert len(night.records) == 23
    assert {record["success"] for record in night.records.values()} == {solved}


def test_workers_read_the_settings_of_the_folder_a_night_was_started_in(
    tmp_path: Path,
) -> None:
    """Two words: pytest takes the results folder for a place of tests once it is."""
    write_suite(tmp_path / "suite", ["L3-1"])
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    mine: of this folder\n"
    )
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n\n\n@pytest.mark.mine\ndef test_mine():\n    pass\n"
    )
    arguments = ("-m", "overnight", "--agent", "oracle", "--count", "1", "-n", "1")
    suite = f"--overnight-suite={tmp_path / 'suite'}"
    night = run_night(tmp_path, *arguments, suite)
    assert night.outcomes == {"L3-1-run-0001": "passed"}
    assert "PytestUnknownMarkWarning" not in night.out
