"""One row of the table, and the work that it is played in."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.tool_loop import LoopLimits
from pytest_overnight.agents.tool_loop import Task
from pytest_overnight.agents.tool_loop import run_tool_loop
from pytest_overnight.models import base
from pytest_overnight.models.ollama import OllamaModel
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.support.ollama_prompt import Request
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import Turn

NAME = "gpt-oss:20b"
TASK = "Write the number 42 into a.py."
FOUR_FRAMINGS = (*FRAMINGS, "whole")
"""``whole``: one object for the answer, no stream."""

Event = dict[str, Any]


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """One tool call as a script names it."""
    return {"name": tool, "arguments": arguments}


def turn(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One scripted turn with these calls."""
    return {"tool_calls": list(calls), **more}


def broken(kind: str, *calls: dict[str, Any], **fault: Any) -> dict[str, Any]:
    """A turn that goes wrong, with these calls if they come so far."""
    said = {"thinking": "Hm."} if calls else {"content": "Let me think about that."}
    return {**said, "tool_calls": list(calls), "fault": {"kind": kind, **fault}}


def status(code: int, body: Any, **more: Any) -> dict[str, Any]:
    """An answer with a status other than 200."""
    return {"fault": {"kind": "status", "status": code, "body": body, **more}}


WRITE = turn(call("write_file", path="a.py", content="42\n"))
FINISH = turn(call("finish", summary="written"))
GOOD = (WRITE, FINISH)
"""Two rounds that do the task."""
TOO_EARLY = call("write_file", path="early.py", content="")
"""In answers that break off: it must not be carried out."""

BIG_FILE = "".join(f"line {n} of a long text, and so on\n" for n in range(1000))


def read_big(first: int, last: int | None = None) -> dict[str, Any]:
    """Read a hundred lines of ``big.txt``, about 1400 tokens as the server counts."""
    lines = {"start_line": first, "end_line": last or first + 99}
    return turn(call("read_file", path="big.txt", **lines))


@dataclass
class Clock:
    """``time.monotonic``, but for pauses: they are skipped and kept."""

    pauses: list[float] = field(default_factory=list)
    at_pause: Callable[[int], None] = lambda number: None
    """Called with the number of each pause, from 1."""

    def now(self) -> float:
        """Seconds."""
        return time.monotonic() + sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        """Takes no time."""
        self.pauses.append(seconds)
        self.at_pause(len(self.pauses))


@dataclass
class OnRealTime:
    """A model whose deadlines are told on a clock that skips."""

    model: OllamaModel
    clock: Clock
    name: str = NAME

    def chat(
        self,
        messages: list[base.Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> base.Turn:
        """The same call with its deadline on ``time.monotonic()``."""
        skipped = sum(self.clock.pauses)
        return self.model.chat(messages, tools, deadline - skipped, stop=stop)


@dataclass
class Work:
    """What is known when the agent has stopped."""

    server: OllamaServer
    result: LoopResult
    events: list[Event]
    folder: Path
    pauses: list[float]
    """Seconds that the agent meant to sleep."""
    seconds: float
    """From first to last, pauses included."""
    changed: bool
    """The workspace differs from its start."""
    asked_window: int
    """Tokens."""
    task: str = TASK

    @property
    def requests(self) -> list[Request]:
        """Bodies of the chat requests that arrived."""
        return self.server.requests

    def of(self, kind: str, **fields: Any) -> list[Event]:
        """Events of one kind, with these fields among theirs."""
        return [
            event
            for event in self.events
            if event["event"] == kind and fields.items() <= event.items()
        ]

    def told(self, number: int) -> str:
        """What the model was told last in a request, from 0."""
        return str(self.requests[number]["messages"][-1]["content"])


Check = Callable[[Work], None]


@dataclass(frozen=True)
class Row:
    """One fault, in one of its forms."""

    name: str
    """The fault's id, then the form in words."""
    says: Sequence[Turn]
    """What the server replies, turn by turn."""
    does: Sequence[Check] = ()
    """What the agent must do."""
    stop: Stop = Stop.FINISHED
    outcome: Outcome = Outcome.WRONG_ANSWER
    """With a verdict of ``fail``, so that the cause is what counts."""
    rounds: int | None = len(GOOD)
    """``None``: as many as it takes."""
    retries: int | None = 0
    """``None``: as many as there is patience for."""
    infra: bool = False
    """Some of the time was not the agent's fault."""
    tags: frozenset[str] = frozenset()
    server: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """In the workspace at the start."""
    at_pause: Callable[[OllamaServer, int], None] = lambda server, number: None
    """What happens while the agent sleeps for the n-th time, from 1."""
    everywhere: bool = False
    """In all four framings."""

    @property
    def fault(self) -> str:
        """``F01`` … ``F44``."""
        return self.name.partition(" ")[0]


def play(
    row: Row,
    box: Box,
    ledger: Ledger,
    events: Path,
    workspace: Path,
    framing: str = FRAMINGS[0],
) -> Work:
    """Let the built-in agent work against the row's server."""
    for name, text in row.files.items():
        (workspace / name).write_text(text, encoding="utf-8")
        (workspace / name).chmod(0o666)  # a box of root's runs as another user
    start = _contents(workspace)
    wire = {"framing": FRAMINGS[0] if framing == "whole" else framing, **row.server}
    with OllamaServer(row.says, **wire) as server:
        clock = Clock(at_pause=lambda number: row.at_pause(server, number))
        began = clock.now()
        with closing(_model(row, server.url, stream=framing != "whole")) as model:
            task = Task(
                TASK,
                OnRealTime(model, clock),
                box,
                ledger,
                _limits(row),
                workspace=workspace,
                clock=clock.now,
                sleep=clock.sleep,
                random=lambda: 1.0,
            )
            result = run_tool_loop(task)
            # As the try does: some tags are of work that has come to an end.
            ledger.write("stopped", stop=result.stop, detail=result.detail)
        seconds = clock.now() - began
        _await_silence(server)
    return Work(
        server,
        result,
        read_events(events),
        workspace,
        clock.pauses,
        seconds,
        changed=_contents(workspace) != start,
        asked_window=task.limits.window,
    )


def _await_silence(server: OllamaServer) -> None:
    """The server notices only after a moment that its client has gone."""
    until = time.monotonic() + 5
    while server.waiting and time.monotonic() < until:
        time.sleep(0.01)


def _model(row: Row, url: str, *, stream: bool) -> OllamaModel:
    options: dict[str, Any] = {
        "num_ctx": 8192,
        "num_predict": 1024,
        "temperature": 1.0,
        "think": "medium",
        "seed": 1,
        "stream": stream,
        **row.model,
    }
    return OllamaModel(NAME, url, **options)


def _limits(row: Row) -> LoopLimits:
    given = {
        "working_seconds": 60.0,
        "window": row.model.get("num_ctx", 8192),
        "answer_tokens": row.model.get("num_predict", 1024),
        **row.limits,
    }
    return LoopLimits(**given)


def _contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
