"""Scripted models: a dress rehearsal of the whole harness without any model.

A script answers the tool loop turn by turn, as a model would; loop, tools, box and
grading are the real ones. Each script has the outcome it must end with written beside
it, so that a rehearsal checks the harness: all 14 outcomes come up in 42 runs. No
ability is measured, and every place that shows a result says so.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_overnight.agents.scripted import WAIT
from pytest_overnight.agents.scripted import FlakyModel
from pytest_overnight.agents.scripted import ScriptedModel
from pytest_overnight.agents.scripted import Turns
from pytest_overnight.agents.task import Task
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.harbor import tree_files
from pytest_overnight.catalog.plan import Run
from pytest_overnight.models.base import Model
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.rules.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Script:
    """What a scripted agent will do, and how its run must end."""

    name: str
    """``solution``, ``wrong/<name>``, or a misbehaviour."""
    intended: Outcome
    turns: Callable[[], Turns] = lambda: iter(())
    agent: Callable[[Task], object] | None = None
    """Does the work in place of the tool loop and its model."""


HAND = ("solution", "wrong", "misbehaviour")
"""Three runs in a row play one of each, in an order of their own."""


def script_for(agent: str, run: Run, session_seed: int) -> Script | None:
    """The script of one run under a scripted agent; ``None`` for any other agent."""
    if agent == "rehearsal":
        return deal(run, session_seed)
    if agent == "oracle":
        return solution(run.challenge)
    return NOOP if agent == "noop" else None


def deal(run: Run, session_seed: int) -> Script:
    """The script of one rehearsed run, dealt by its place in the plan.

    Any three runs from a multiple of three on play the reference answer, a wrong one
    and a misbehaviour, and the misbehaviours go round: no seed leaves one out.
    """
    hand_number, place = divmod(run.ordinal, len(HAND))
    hand = list(HAND)
    random.Random(f"{session_seed}:{hand_number}").shuffle(hand)
    if hand[place] == "misbehaviour":
        deck = list(MISBEHAVIOURS)
        random.Random(session_seed).shuffle(deck)
        return deck[hand_number % len(deck)]
    if hand[place] == "wrong" and run.challenge.wrong:
        chosen = random.Random(run.seed).choice(run.challenge.wrong)
        return wrong(run.challenge, chosen)
    return solution(run.challenge)


def model_for(script: Script, fault_rate: float, seed: int) -> Model:
    """The model that plays ``script``, with a server that fails now and then.

    ``fault_rate``: share of its calls, 0 … 1; ``seed``: of the run.
    """
    model = ScriptedModel(script.name, script.turns())
    return FlakyModel(model, fault_rate, seed) if fault_rate else model


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
    # Counted as a server would, so that records look like real ones.
    calls = (ToolCall(tool, arguments),)
    words = sum(len(str(value)) for value in arguments.values()) // 4 + 8
    return Turn(tool_calls=calls, output_tokens=words)


def _finish(status: str = "done") -> Turn:
    return _call("finish", summary="The script is at its end.", status=status)


def _write_all(folder: Path) -> Turns:
    yield _call("list_files", path=".")
    for name, path in tree_files(folder):
        yield _call("write_file", path=name, content=path.read_text("utf-8"))
    yield _call("run_command", command="ls")
    yield from _insists_on_the_end()


def _insists_on_the_end() -> Turns:
    while True:  # the loop asks back where nothing was changed
        yield _finish()


def _gives_up() -> Turns:
    yield _call("list_files", path=".")
    yield _finish("blocked")


def _silent() -> Turns:
    while True:
        yield Turn()


def _talks() -> Turns:
    while True:
        yield Turn(content="I would now edit the file.")


def _repeats() -> Turns:
    while True:
        yield _call("list_files", path=".")


def _malformed() -> Turns:
    while True:
        yield Turn(tool_calls=(ToolCall("frobnicate", "{not json"),))


def _runs_out_of_time() -> Turns:
    yield _call("list_files", path=".")
    while True:
        yield Turn(done_reason=WAIT)


def _never_ends() -> Turns:
    for number in itertools.count(1):
        yield _call("write_file", path="notes.txt", content=f"Step {number}.\n")


def _overflows() -> Turns:
    while True:
        yield ModelFault("context", "rehearsed: the prompt is longer than the window")


def _server_is_down() -> Turns:
    while True:
        yield ModelFault("infra", "rehearsed: internal error", 500, "http")


def _model_is_missing() -> Turns:
    while True:
        yield ModelFault("config", "rehearsed: model not found", 404)


def _is_interrupted() -> Turns:
    yield _call("list_files", path=".")
    yield KeyboardInterrupt()


def _crashes(task: Task) -> object:
    raise RuntimeError("rehearsed: a mistake in the agent")


def _breaks_out(task: Task) -> str:
    """Write to what lies beside the workspace, of this run alone."""
    assert task.workspace is not None
    for path in task.workspace.parent.glob(f"{task.workspace.name}.*"):
        path.write_bytes(b"The agent was here.\n")
    return "wrote outside of the workspace"


NOOP = Script("noop", Outcome.NO_CHANGE, _insists_on_the_end)

MISBEHAVIOURS = (
    Script("gives-up", Outcome.GAVE_UP, _gives_up),
    Script("silent", Outcome.MALFORMED, _silent),
    Script("only-talks", Outcome.NO_CHANGE, _talks),
    Script("repeats-itself", Outcome.LOOP, _repeats),
    Script("malformed-calls", Outcome.MALFORMED, _malformed),
    Script("runs-out-of-time", Outcome.TIMEOUT, _runs_out_of_time),
    Script("never-ends", Outcome.BUDGET, _never_ends),
    Script("overflows", Outcome.CONTEXT, _overflows),
    Script("server-is-down", Outcome.INFRA, _server_is_down),
    Script("model-is-missing", Outcome.HARNESS, _model_is_missing),
    Script("is-interrupted", Outcome.CANCELLED, _is_interrupted),
    Script("crashes", Outcome.CRASH, agent=_crashes),
    Script("breaks-out", Outcome.ISOLATION, agent=_breaks_out),
)
