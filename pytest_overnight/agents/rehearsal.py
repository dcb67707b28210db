"""Scripted models: a dress rehearsal of the whole harness without any model.

A script answers the tool loop turn by turn, as a model would; loop, tools, box and
grading are the real ones. Each script has the outcome it must end with written beside
it, so that a rehearsal checks the harness. No ability is measured, and every place
that shows a result says so.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.rules.outcome import Outcome

Turns = Iterator[Turn]


@dataclass(frozen=True, slots=True)
class Script:
    """What a scripted model will do, and how its run must end."""

    name: str
    """``solution``, ``wrong/<name>``, or a misbehaviour."""
    intended: Outcome
    turns: Callable[[], Turns]


class ScriptedModel:
    """A model whose turns are written down beforehand."""

    name = "scripted"

    def __init__(self, script: Script) -> None:
        """``script`` must have a turn for every call; one too few is a fault of it."""
        self._turns = script.turns()
        self._script = script

    def chat(
        self, messages: list[Message], tools: list[dict[str, Any]], deadline: float
    ) -> Turn:
        """The next turn, whatever was said before."""
        turn = next(self._turns, None)
        if turn is None:
            raise RuntimeError(f"script {self._script.name!r} has no turn left")
        if turn.done_reason == WAIT:
            time.sleep(max(0.0, deadline - time.monotonic()))
            raise TimeoutError("the script waited until the deadline")
        return turn


WAIT = "wait"
"""``done_reason`` of a turn that never comes: the model is still thinking."""


def draw(challenge: Challenge, seed: int) -> Script:
    """The script of one rehearsed run, drawn by its seed.

    A third plays the reference answer, a third a wrong answer, a third misbehaves.
    """
    dice = random.Random(seed)
    kind = dice.choice(("solution", "wrong", "misbehave"))
    if kind == "wrong" and challenge.wrong:
        return wrong(challenge, dice.choice(challenge.wrong))
    if kind == "misbehave":
        return dice.choice(MISBEHAVIOURS)
    return solution(challenge)


def find(challenge: Challenge, name: str) -> Script:
    """A script by its name; raises ``KeyError``."""
    scripts = [solution(challenge), NOOP, *MISBEHAVIOURS]
    scripts += [wrong(challenge, folder) for folder in challenge.wrong]
    return {script.name: script for script in scripts}[name]


def solution(challenge: Challenge) -> Script:
    """Write the reference answer, then finish."""
    folder = challenge.solution
    return Script("solution", Outcome.PASSED, lambda: _write_all(folder))


def wrong(challenge: Challenge, folder: Path) -> Script:
    """Write an answer that looks right and is not, then finish."""
    name = f"wrong/{folder.name}"
    return Script(name, Outcome.WRONG_ANSWER, lambda: _write_all(folder))


def _call(tool: str, **arguments: Any) -> Turn:
    # Token counts as a server would report them, so that records look like real ones.
    calls = (ToolCall(tool, arguments),)
    words = sum(len(str(value)) for value in arguments.values()) // 4 + 8
    return Turn(tool_calls=calls, prompt_tokens=500, output_tokens=words)


def _finish(status: str = "done") -> Turn:
    return _call("finish", summary="The script is at its end.", status=status)


def _write_all(folder: Path) -> Turns:
    yield _call("list_files", path=".")
    for name, path in tree_files(folder):
        yield _call("write_file", path=name, content=path.read_text("utf-8"))
    yield _call("run_command", command="ls")
    yield _finish()


def _nothing() -> Turns:
    yield _finish()


def _gives_up() -> Turns:
    yield _call("list_files", path=".")
    yield _finish("blocked")


def _silent() -> Turns:
    while True:
        yield Turn(prompt_tokens=500)


def _talks() -> Turns:
    while True:
        yield Turn(content="I would now edit the file.", prompt_tokens=500)


def _repeats() -> Turns:
    while True:
        yield _call("list_files", path=".")


def _malformed() -> Turns:
    while True:
        yield Turn(tool_calls=(ToolCall("frobnicate", "{not json"),), prompt_tokens=500)


def _runs_out_of_time() -> Turns:
    yield _call("list_files", path=".")
    while True:
        yield Turn(done_reason=WAIT)


NOOP = Script("noop", Outcome.NO_CHANGE, _nothing)

MISBEHAVIOURS = (
    Script("gives-up", Outcome.GAVE_UP, _gives_up),
    Script("silent", Outcome.MALFORMED, _silent),
    Script("only-talks", Outcome.NO_CHANGE, _talks),
    Script("repeats-itself", Outcome.LOOP, _repeats),
    Script("malformed-calls", Outcome.MALFORMED, _malformed),
    Script("runs-out-of-time", Outcome.TIMEOUT, _runs_out_of_time),
)


def script_for(agent: str, challenge: Challenge, seed: int) -> Script | None:
    """The script of one run under a scripted agent; ``None`` for any other agent."""
    if agent == "rehearsal":
        return draw(challenge, seed)
    if agent == "oracle":
        return solution(challenge)
    return NOOP if agent == "noop" else None
