"""The built-in agent over the real ``ollama`` client, against a loopback server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.settings import default_suite
from tests.support.nights import run_night
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer

pytestmark = pytest.mark.needs("ollama-client")


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """One scripted turn with one tool call."""
    calls = [{"name": tool, "arguments": arguments}]
    return {"thinking": f"I shall use {tool}.", "tool_calls": calls}


def solution_turns(challenge_id: str) -> list[dict[str, Any]]:
    """Turns that look round, write the reference answer, run it and finish."""
    suite = {challenge.id: challenge for challenge in load_suite(default_suite())}
    files = tree_files(suite[challenge_id].solution)
    return [
        call("list_files", path="."),
        *(call("write_file", path=n, content=p.read_text("utf-8")) for n, p in files),
        call("run_command", command="ls"),
        call("finish", summary="done", status="done"),
    ]


# What the framings are is held by quicker tests of the client and of the loop.
SLOWLY = [pytest.param(framing, marks=pytest.mark.slow) for framing in FRAMINGS[1:]]


@pytest.mark.parametrize("framing", [FRAMINGS[0], *SLOWLY])
def test_a_scripted_solution_is_played_and_every_figure_agrees(
    tmp_path: Path, framing: str
) -> None:
    turns = solution_turns("L3-2")
    with OllamaServer(turns, framing=framing) as server:
        arguments = ["-m", "overnight", "--challenge", "L3-2", "--count", "1"]
        night = run_night(tmp_path, *arguments, "--overnight-host", server.url)
        totals = server.totals
        requests = server.requests
    assert night.status == 0, night.out
    (record,) = night.records.values()
    assert record["outcome"] == "passed", record["detail"]
    assert record["agent"] == record["agent"] | {
        "model": "gpt-oss:20b",
        "scripted": False,
    }
    assert record["rounds"] == totals.rounds == len(turns)
    assert record["actions"] == totals.tool_calls == len(turns)
    figures = record["performance"]
    assert figures["prompt_tokens"] == totals.prompt_tokens
    assert figures["output_tokens"] == totals.output_tokens
    assert figures["llm_calls"] == totals.requests
    assert figures["retries"] == figures["actions_failed"] == 0
    assert 0 < figures["llm_seconds"] < record["duration"]
    assert figures["tokens_per_second"] is not None
    assert "rehearsal" not in night.report.lower()
    assert night.master["agent"]["details"]["server_version"] == server.version
    windows = {request["options"]["num_ctx"] for request in requests}
    assert windows == {16384}
    assert all(request["messages"][0]["role"] == "system" for request in requests)


def test_times_are_those_that_the_server_took(tmp_path: Path) -> None:
    delay = 0.3
    turns = [turn | {"delay": delay} for turn in solution_turns("L3-2")]
    with OllamaServer(turns) as server:
        arguments = ["-m", "overnight", "--challenge", "L3-2", "--count", "1"]
        night = run_night(tmp_path, *arguments, "--overnight-host", server.url)
    (record,) = night.records.values()
    figures = record["performance"]
    # The server waited before each first byte: the least that can have passed.
    assert figures["llm_seconds"] >= delay * len(turns)
    assert figures["time_to_first_token_seconds"] >= delay
    assert figures["working_seconds"] >= figures["llm_seconds"]
    assert record["duration"] >= figures["working_seconds"]


def test_an_agent_that_does_nothing_useful_has_missed(tmp_path: Path) -> None:
    finish = call("finish", summary="nothing", status="done")
    with OllamaServer([finish] * 2) as server:  # the first one is not taken
        arguments = ["-m", "overnight", "--challenge", "L3-2", "--count", "1"]
        night = run_night(tmp_path, *arguments, "--overnight-host", server.url)
    assert night.status == 0, night.out
    assert set(night.outcomes.values()) == {"no_change"}


def test_a_missing_model_stops_the_night_and_names_what_is_there(
    tmp_path: Path,
) -> None:
    with OllamaServer() as server:
        arguments = ["-m", "overnight", "--model", "nonsense:7b"]
        night = run_night(tmp_path, *arguments, "--overnight-host", server.url)
    assert night.status == 4
    assert "nonsense:7b" in night.err
    assert "gpt-oss:20b" in night.err
    assert "ollama pull" in night.err


def test_a_server_that_fails_for_good_makes_the_run_void(tmp_path: Path) -> None:
    turns = solution_turns("L3-2")[:1]
    turns.append({"fault": {"kind": "status", "status": 404, "body": "gone"}})
    with OllamaServer(turns) as server:
        arguments = ["-m", "overnight", "--challenge", "L3-2", "--count", "1"]
        night = run_night(tmp_path, *arguments, "--overnight-host", server.url)
    assert night.status == 1
    (record,) = night.records.values()
    assert record["success"] is None
    assert record["rounds"] == 1
    assert night.master["void"] == 1
