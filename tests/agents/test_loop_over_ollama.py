"""The built-in agent whole: loop, adapter, Ollama's client, sockets, box, ledger."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.agents.tool_loop import LoopLimits
from pytest_overnight.agents.tool_loop import LoopResult
from pytest_overnight.agents.tool_loop import Task
from pytest_overnight.agents.tool_loop import run_tool_loop
from pytest_overnight.models.ollama import OllamaModel
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer

pytestmark = pytest.mark.needs("ollama-client")

SOURCE = "def double(x):\n    return x * 2\n"
CHECK = "python3 -c 'import double; print(double.double(21))'"
FINISH = {"tool_calls": [{"name": "finish", "arguments": {"summary": "works"}}]}
SCRIPT: list[Any] = [
    {"thinking": "First a look.", "tool_calls": [{"name": "list_files"}]},
    {
        "tool_calls": [
            {"name": "create_file", "arguments": {"file": "double.py", "text": SOURCE}},
            {"name": "bash", "arguments": {"cmd": CHECK}},
        ]
    },
    FINISH,
]


def work(server: OllamaServer, box: Box, ledger: Ledger, **limits: Any) -> LoopResult:
    model = OllamaModel(
        "gpt-oss:20b",
        server.url,
        num_ctx=8192,
        num_predict=1024,
        temperature=1.0,
        think="low",
        seed=1,
    )
    given = LoopLimits(**{"working_seconds": 60.0, **limits})
    with closing(model):
        return run_tool_loop(
            Task(
                "Write double(x) into double.py.",
                model,
                box,
                ledger,
                given,
                sleep=lambda seconds: None,
                random=random.Random(1).random,
            )
        )


@pytest.mark.parametrize("framing", FRAMINGS)
def test_what_the_server_served_is_what_the_agent_counted(
    framing: str, box: Box, ledger: Ledger, workspace: Path
) -> None:
    with OllamaServer(SCRIPT, framing=framing) as server:
        result = work(server, box, ledger)
    assert (result.stop, result.detail) == (Stop.FINISHED, "works")
    assert (workspace / "double.py").read_text() == SOURCE
    assert result.rounds == server.totals.rounds == 3
    assert result.actions == server.totals.tool_calls == 4
    assert result.prompt_tokens == server.totals.prompt_tokens
    assert result.output_tokens == server.totals.output_tokens
    assert result.llm_calls == server.totals.requests
    assert result.decode_seconds == pytest.approx(result.output_tokens / 50)
    last = server.requests[-1]["messages"][-1]
    assert last["content"].endswith("\n42")


def test_a_broken_stream_runs_nothing_and_is_asked_for_again(
    box: Box, ledger: Ledger, workspace: Path
) -> None:
    write = {"name": "write_file", "arguments": {"path": "twice", "content": ""}}
    append = {"name": "run_command", "arguments": {"command": "echo x >> log"}}
    turn = {"tool_calls": [write, append]}
    # The calls are in a line of their own, and the stream ends before the last one.
    cut = {**turn, "fault": {"kind": "cut", "after": 1}}
    with OllamaServer([cut, turn, FINISH], framing="before") as server:
        result = work(server, box, ledger)
    assert (result.stop, result.retries) == (Stop.FINISHED, 1)
    assert (workspace / "log").read_text() == "x\n"
    assert server.requests[0] == server.requests[1]


def test_an_unreadable_call_is_a_round_of_the_model(box: Box, ledger: Ledger) -> None:
    body = "error parsing tool call: raw='{\"path', err=unexpected end of JSON input"
    broken = {"fault": {"kind": "status", "body": body}}
    with OllamaServer([broken, FINISH]) as server:
        result = work(server, box, ledger)
    assert (result.stop, result.rounds, result.retries) == (Stop.FINISHED, 2, 0)
    assert result.tags == {"unreadable"}
    assert "could not be read" in server.requests[1]["messages"][-1]["content"]


def test_a_missing_model_ends_the_run_at_once(box: Box, ledger: Ledger) -> None:
    with OllamaServer(models=[]) as server:
        result = work(server, box, ledger)
    assert (result.stop, result.retries) == (Stop.LLM_CONFIG, 0)
    assert result.detail == "model 'gpt-oss:20b' not found"


def test_a_stall_beyond_the_limit_is_a_deadline(box: Box, ledger: Ledger) -> None:
    stall = {"content": "a" * 99, "fault": {"kind": "stall", "after": 2}}
    with OllamaServer([stall]) as server:
        result = work(server, box, ledger, working_seconds=0.3)
    assert result.stop is Stop.DEADLINE
