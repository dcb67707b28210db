"""Nights whose model server dies for good: nothing more is burnt on it."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.records.journal import Journal
from tests.support.nights import EndedNight
from tests.support.nights import run_night
from tests.support.ollama_server import OllamaServer
from tests.support.suites import write_suite

pytestmark = pytest.mark.needs("ollama-client")

WORKERS = ["0", pytest.param("2", marks=pytest.mark.slow)]
PLANNED = 12


def turn(tool: str, **arguments: Any) -> dict[str, Any]:
    """One scripted turn with one tool call."""
    return {"tool_calls": [{"name": tool, "arguments": arguments}]}


WRITE = turn("write_file", path="answer.py", content="def answer():\n    return 42\n")
LOOK = turn("read_file", path="answer.py")
FINISH = turn("finish", summary="done", status="done")
MISSING = {"fault": {"kind": "status", "status": 404, "body": "model not found"}}


def play(
    folder: Path, server: OllamaServer, workers: str, grace: str = "1"
) -> EndedNight:
    """A night of twelve runs that has a second's patience with its server."""
    suite = str(write_suite(folder / "suite", ["L3-1", "L4-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--count", "6"]
    arguments += ["--overnight-host", server.url, "--overnight-infra-grace", grace]
    return run_night(folder, *arguments, "-n", workers)


def must_have_ended(night: EndedNight, void: str) -> None:
    """Two runs were solved; some are void; the others never started."""
    assert night.status == 1, night.out
    outcomes = list(night.outcomes.values())
    assert outcomes.count("passed") == 2
    assert set(outcomes) == {"passed", void}
    left = PLANNED - len(outcomes)
    assert night.master["not_reached"] == left
    assert night.master["end_time"] is not None
    assert "L3-1" in night.report
    text = re.sub(r"\s+", " ", night.out)
    assert "The night ended early: the model server" in text
    assert f"{left} of {PLANNED} runs were not reached" in text
    assert "--overnight-resume plays exactly the rest" in text
    status = json.loads((night.results / "status.json").read_text())
    assert status["running"] == []
    assert "Traceback" not in night.out + night.err
    assert "skipped" not in night.out


@pytest.mark.parametrize("workers", WORKERS)
def test_a_server_that_stays_away_ends_the_night(tmp_path: Path, workers: str) -> None:
    script = [WRITE, FINISH, WRITE, FINISH, LOOK | {"away": math.inf}]
    with OllamaServer(script) as server:
        night = play(tmp_path, server, workers)
    must_have_ended(night, "infra")
    # It is asked before each run: only those are void that were under way by then.
    void = list(night.outcomes.values()).count("infra")
    assert 1 <= void <= 1 + int(workers) // 2
    said = re.sub(r"\s+", " ", night.out)
    assert "was not healthy within 1 s: No Ollama server answers" in said
    assert "goes on" not in night.out
    assert night.out.count("The night ended early") == 1


@pytest.mark.parametrize("workers", WORKERS)
def test_a_server_that_only_looks_healthy_ends_the_night(
    tmp_path: Path, workers: str
) -> None:
    script = [WRITE, FINISH, WRITE, FINISH, *[MISSING] * 8]
    with OllamaServer(script) as server:
        night = play(tmp_path, server, workers)
    must_have_ended(night, "harness")
    events = Journal(night.results / "journal.jsonl").read()
    ends = [event["outcome"] for event in events if event["event"] == "finished"]
    # One that is judged meanwhile may be on record after the first that failed.
    in_a_row = len(ends) - 1 - max(n for n, end in enumerate(ends) if end == "passed")
    assert 5 <= in_a_row <= 5 + 2 * (int(workers) // 2)
    assert "in a row, yet it looks healthy" in re.sub(r"\s+", " ", night.out)


def test_a_server_that_is_well_again_costs_only_the_runs_it_failed(
    tmp_path: Path,
) -> None:
    script = [WRITE, FINISH, *[MISSING] * 4, *[WRITE, FINISH] * 7]
    with OllamaServer(script) as server:
        night = play(tmp_path, server, "0")
        assert server.script.left == 0
    outcomes = list(night.outcomes.values())
    assert outcomes.count("harness") == 4, night.out
    assert outcomes.count("passed") == PLANNED - 4
    assert "ended early" not in night.out


@pytest.mark.parametrize("workers", WORKERS)
def test_a_wait_for_the_server_is_said_and_so_is_its_end(
    tmp_path: Path, workers: str
) -> None:
    status = tmp_path / "overnight_results" / "status.json"
    failed = [MISSING, MISSING, MISSING | {"away": math.inf}]
    script = [WRITE, FINISH, *failed, *[WRITE, FINISH] * 8]
    with OllamaServer(script) as server:

        def mend() -> None:
            while not (status.exists() and "No Ollama" in status.read_text()):
                time.sleep(0.05)
            server.come_back()

        threading.Thread(target=mend, daemon=True).start()
        night = play(tmp_path, server, workers, grace="5")
    assert night.status == 1, night.out
    waits = ("waiting for the model server, at most 5 s: No Ollama", "night goes on")
    assert [night.out.count(text) for text in waits] == [1, 1], night.out
    assert night.out.index(waits[0]) < night.out.index(waits[1])
    assert night.master["not_reached"] == 0
