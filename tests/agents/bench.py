"""A workbench for the tool loop: a model that says what it is told, its own time."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

from pytest_overnight.agents.tool_loop import LoopLimits
from pytest_overnight.agents.tool_loop import LoopResult
from pytest_overnight.agents.tool_loop import Task
from pytest_overnight.agents.tool_loop import ToolLoop
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.models.pace import Pace
from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.ledger import read_events
from pytest_overnight.records.tally import Tally
from pytest_overnight.records.tally import tally
from pytest_overnight.rules.loops import history_of
from pytest_overnight.rules.loops import is_looping
from pytest_overnight.rules.tags import tags_of
from pytest_overnight.sandbox.box import Box

INSTRUCTION = "Write {braces} into a.txt."


@dataclass
class Clock:
    """Time that passes only when somebody says so."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


Step = Turn | Exception | Callable[[], Turn]


class Model:
    """Says what it was told to say, and remembers what it was asked."""

    name = "scripted"

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = iter(steps)
        self.asked: list[list[Message]] = []
        self.deadlines: list[float] = []
        self.schemas: list[list[dict[str, Any]]] = []
        self.stops: list[tuple[str, ...]] = []

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        self.asked.append(list(messages))
        self.deadlines.append(deadline)
        self.schemas.append(tools)
        self.stops.append(tuple(stop))
        step = next(self.steps)
        if isinstance(step, Exception):
            raise step
        return step() if callable(step) else step


@dataclass
class Bench:
    """Plays steps through the loop."""

    box: Box
    ledger: Ledger
    events: Path
    clock: Clock = field(default_factory=Clock)
    pace: Pace | None = None
    workspace: Path | None = None
    """``None``: nobody looks whether anything was changed."""
    slept: float = 0.0
    """What the machine has slept so far."""

    def play(self, *steps: Step, **limits: Any) -> LoopResult:
        self.model = Model(steps)
        task = Task(
            INSTRUCTION,
            self.model,
            self.box,
            self.ledger,
            LoopLimits(**{"working_seconds": 60.0, **limits}),
            workspace=self.workspace,
            pace=self.pace,
            clock=self.clock,
            suspended=lambda: self.slept,
            sleep=self.clock.sleep,
            random=lambda: 0.5,
        )
        self.loop = ToolLoop(task)
        return self.loop.run()

    def written(self, event: str) -> list[dict[str, Any]]:
        return [e for e in read_events(self.events) if e["event"] == event]

    @property
    def counted(self) -> Tally:
        return tally(read_events(self.events))

    @property
    def tags(self) -> set[str]:
        return set(tags_of(read_events(self.events)))

    @property
    def looping(self) -> bool:
        return is_looping(history_of(read_events(self.events)))


def call(tool: str, **arguments: Any) -> Turn:
    return calls((tool, arguments))


def calls(*pairs: tuple[str, Any], **metrics: Any) -> Turn:
    return Turn(tool_calls=tuple(ToolCall(*pair) for pair in pairs), **metrics)


WRITE = call("write_file", path="a.txt", content="{braces}\n")
LIST = call("list_files")
TALK = Turn(content="All done, I think.")
FINISH = call("finish", summary="written", status="done")
INFRA = ModelFault("infra", "server busy", 503, "busy")
UNREADABLE = ModelFault("model", "error parsing tool call", 500, "unreadable")
