"""The built-in agent whole: loop, adapter, Ollama's client, sockets, box, ledger.

What it does when something goes wrong: ``tests/faults``.
"""

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
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer

pytestmark = pytest.mark.needs("ollama-client")

WHOLE = "whole"
"""Not streamed: one object for the answer."""
SOURCE = "def double(x):\n    return x * 2\n"
CHECK = "python3 -c 'import double; print(double.double(21))'"
FINISH = {"tool_calls": [{"name": "finish", "arguments": {"summary": "works"}}]}
SCRIPT: list[Any] = [
    {"thinking": "First a look.", "tool_calls": [{"name": "list_files"}]},
    {
        "content": "Now the file, and whether it works: <&>",
        "tool_calls": [
            {"name": "create_file", "arguments": {"file": "double.py", "text": SOURCE}},
            {"name": "bash", "arguments": {"cmd": CHECK}},
        ],
    },
    FINISH,
]


def work(
    server: OllamaServer,
    box: Box,
    ledger: Ledger,
    workspace: Path,
    *,
    stream: bool = True,
) -> LoopResult:
    model = OllamaModel(
        "gpt-oss:20b",
        server.url,
        num_ctx=8192,
        num_predict=1024,
        temperature=1.0,
        think="low",
        seed=1,
        stream=stream,
    )
    with closing(model):
        return run_tool_loop(
            Task(
                "Write double(x) into double.py.",
                model,
                box,
                ledger,
                LoopLimits(working_seconds=60.0, window=8192, answer_tokens=1024),
                workspace=workspace,
                sleep=lambda seconds: None,
                random=random.Random(1).random,
            )
        )


@pytest.mark.parametrize("framing", [*FRAMINGS, WHOLE])
def test_what_the_server_served_is_what_the_agent_counted(
    framing: str, box: Box, ledger: Ledger, workspace: Path, events: Path
) -> None:
    wire = FRAMINGS[0] if framing == WHOLE else framing
    with OllamaServer(SCRIPT, framing=wire) as server:
        result = work(server, box, ledger, workspace, stream=framing != WHOLE)
    counts, served = tally(read_events(events)), server.totals
    assert (result.stop, result.detail) == (Stop.FINISHED, "works")
    assert (workspace / "double.py").read_text() == SOURCE
    assert result.rounds == counts.rounds == served.rounds == 3
    assert result.actions == counts.actions == served.tool_calls == 4
    assert counts.actions_repaired == 2
    assert counts.prompt_tokens == served.prompt_tokens
    assert counts.output_tokens == served.output_tokens
    assert counts.llm_calls == served.requests
    assert counts.decode_seconds == pytest.approx(counts.output_tokens / 50)
    assert {r["stream"] for r in server.requests} == {framing != WHOLE}
    last = server.requests[-1]["messages"]
    assert last[-1]["content"].endswith("\n42")
    assert last[-3]["content"] == SCRIPT[1]["content"]


def test_every_call_leaves_one_event(
    box: Box, ledger: Ledger, workspace: Path, events: Path
) -> None:
    script = [
        {"fault": {"kind": "cut", "after": 0}},
        {"fault": {"kind": "status", "body": "error parsing tool call: raw='{'"}},
        {"fault": {"kind": "status", "status": 503, "body": "busy"}},
        *SCRIPT[:2],
        {"fault": {"kind": "status", "status": 404, "body": "gone"}},
    ]
    with OllamaServer(script) as server:
        result = work(server, box, ledger, workspace)
    written = [event["event"] for event in read_events(events)]
    assert result.stop is Stop.LLM_CONFIG
    assert len(server.requests) == written.count("round") + written.count("fault") == 6
