"""The built-in agent: a model, six tools, and one loop that anyone can read."""

from __future__ import annotations

import hashlib
from typing import Any

from pytest_overnight.agents import prompts
from pytest_overnight.agents.asking import Asking
from pytest_overnight.agents.repair import Action
from pytest_overnight.agents.repair import repair
from pytest_overnight.agents.task import LoopLimits
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Over
from pytest_overnight.agents.task import Task
from pytest_overnight.agents.task import Useless
from pytest_overnight.agents.task import WorkingTime
from pytest_overnight.agents.tools import Observation
from pytest_overnight.agents.tools import Toolbox
from pytest_overnight.agents.tools import schemas
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import Turn
from pytest_overnight.rules import loops
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxGone

__all__ = ["LoopLimits", "LoopResult", "Task", "ToolLoop", "run_tool_loop"]

PATIENCE = 3
"""Turns in a row that were no use, or held only talk, after which the loop ends."""
KEPT_CHARS = 4000
"""Characters of one argument kept in the ledger."""


class ToolLoop:
    """Ask, act, append: one list of messages is all that the loop knows.

    ``result`` is current at every moment.
    """

    def __init__(self, task: Task) -> None:
        """Nothing is asked before :meth:`run`."""
        limits = task.limits
        self.task = task
        self.result = LoopResult()
        self.messages: list[Message] = [
            {
                "role": "system",
                "content": prompts.SYSTEM.format(instruction=task.instruction),
            },
            {"role": "user", "content": prompts.BEGIN},
        ]
        self._tools = Toolbox(
            task.box,
            command_timeout=limits.command_timeout,
            cap=limits.observation_chars,
        )
        self._time = WorkingTime(task, self.result)
        self._asking = Asking(task, self.result, self._time, schemas())
        self._steps: list[loops.Step] = []
        self._told: set[int] = set()
        self._useless = 0
        self._talking = 0

    def run(self) -> LoopResult:
        """Work until something stops it.

        Faults of the model and of the box end up in the result; anything that
        raises from here is a mistake in this program, or ``KeyboardInterrupt``.
        """
        try:
            while True:
                self._check_rounds()
                try:
                    turn = self._asking.ask(self.messages)
                    if turn.tool_calls:
                        self._act(turn)
                        self._watch_for_loops()
                    else:
                        self._listen(turn)
                except Useless as useless:
                    self._remind(useless)
        except Over as over:
            self.result.stop, self.result.detail = over.stop, over.detail
        except BoxGone as gone:
            self.result.stop = Stop.CRASH
            self.result.detail = f"the sandbox was ended from within: {gone}"
        except BoxError as error:
            self.result.stop = Stop.SETUP
            self.result.detail = f"the sandbox failed: {error}"
        finally:
            self.result.working_seconds = self._time.used()
            self.result.looping = loops.is_looping(self._steps)
        return self.result

    # -- limits -------------------------------------------------------------------

    def _check_rounds(self) -> None:
        if self.result.rounds >= self.task.limits.max_rounds:
            rounds = self.task.limits.max_rounds
            raise Over(Stop.ROUND_LIMIT, f"all {rounds} rounds were used")
        if over := self._spent():
            raise over

    def _spent(self) -> Over | None:
        limits = self.task.limits
        if self._time.left() <= 0:
            return Over(Stop.DEADLINE, f"{limits.working_seconds:g} s were used up")
        if self.result.actions >= limits.max_actions:
            detail = f"all {limits.max_actions} actions were used"
            return Over(Stop.ACTION_LIMIT, detail)
        return None

    # -- acting -------------------------------------------------------------------

    def _act(self, turn: Turn) -> None:
        """Carry out the turn's calls in order, ``finish`` last."""
        calls = [repair(call, self.task.box.workspace) for call in turn.tool_calls]
        actions = sorted(calls, key=lambda action: action.tool == "finish")
        self._append_turn(turn, actions)
        finish = None
        for action in actions:
            blocked = action.tool != "finish" and self._spent()
            self._record(action, *(self._timed(action) if not blocked else _IDLE))
            if action.tool == "finish" and not action.problem:
                finish = finish or _finish(action)
        if finish:
            raise finish
        if all(action.problem for action in actions):
            raise Useless("malformed call")
        self._useless = self._talking = 0

    def _timed(self, action: Action) -> tuple[Observation, float]:
        began = self.task.clock()
        if self.result.time_to_first_action_seconds is None:
            self.result.time_to_first_action_seconds = self._time.elapsed()
        if action.problem:
            observation = Observation(action.problem, ok=False)
        else:
            observation = self._tools.use(
                action.tool, action.arguments, self._time.left()
            )
        return observation, self.task.clock() - began

    def _record(self, action: Action, observation: Observation, seconds: float) -> None:
        result = self.result
        repairs = [*action.repairs, *filter(None, [observation.repair])]
        arguments = _kept(action.arguments)
        result.actions += 1
        result.actions_failed += not observation.ok
        result.actions_repaired += bool(repairs)
        result.tool_seconds += seconds
        result.tags |= observation.tags | ({"repaired"} if repairs else set())
        self._steps.append(
            loops.step(action.tool, arguments, observation.text, observation.ok)
        )
        self.messages.append(
            {"role": "tool", "tool_name": action.tool, "content": observation.text}
        )
        self.task.ledger.write(
            "action",
            round=result.rounds,
            number=result.actions,
            tool=action.tool,
            arguments=arguments,
            ok=observation.ok,
            repaired=repairs,
            seconds=seconds,
            observation=observation.text,
        )

    def _append_turn(self, turn: Turn, actions: list[Action]) -> None:
        message: Message = {"role": "assistant", "content": turn.content}
        if turn.thinking:
            message["thinking"] = turn.thinking
        if actions:
            # The mended form: it is what was carried out, and what a server takes.
            message["tool_calls"] = [
                {"function": {"name": action.tool, "arguments": action.arguments}}
                for action in actions
            ]
        self.messages.append(message)

    # -- answering what was no action -----------------------------------------------

    def _listen(self, turn: Turn) -> None:
        """A turn without a call: talk, silence, or an answer that was cut."""
        if turn.done_reason == "length":
            raise Useless("cut", prompts.CUT)
        if not turn.content.strip():
            raise Useless("silent", prompts.SILENT)
        self._append_turn(turn, [])
        self._talking += 1
        if self._talking >= PATIENCE:
            detail = f"{PATIENCE} answers in a row without a tool call"
            raise Over(Stop.FINISHED, detail)
        self._nudge("L6", prompts.TALK)

    def _remind(self, useless: Useless) -> None:
        self._useless += 1
        if self._useless >= PATIENCE:
            detail = f"{PATIENCE} turns in a row were no use, the last: {useless}"
            raise Over(Stop.MALFORMED, detail)
        if useless.answer:
            self._nudge("L10", useless.answer)

    def _watch_for_loops(self) -> None:
        repeat = loops.find_repeat(self._steps)
        if repeat is None:
            return
        tool = self.messages[-1].get("tool_name", "the tool")
        if repeat.first not in self._told:
            self._told.add(repeat.first)
            self._nudge(
                repeat.rule, prompts.REPEATED.format(tool=tool, count=repeat.count)
            )
        elif repeat.count >= loops.STOP_AT:
            detail = f"{repeat.rule}: {repeat.count} equal calls of {tool} in a row"
            raise Over(Stop.LOOP, detail)

    def _nudge(self, rule: str, text: str) -> None:
        self.result.nudges += 1
        self.messages.append({"role": "user", "content": text})
        self.task.ledger.write("nudge", rule=rule, text=text)


def run_tool_loop(task: Task) -> LoopResult:
    """Work on the task until done or stopped."""
    return ToolLoop(task).run()


_IDLE = (Observation(prompts.NOT_RUN, ok=False), 0.0)


def _finish(action: Action) -> Over:
    summary = str(action.arguments.get("summary", ""))
    if action.arguments.get("status") == "blocked":
        return Over(Stop.GAVE_UP, summary or "the agent said that it is blocked")
    return Over(Stop.FINISHED, summary)


def _kept(arguments: dict[str, Any]) -> dict[str, Any]:
    """A copy for the ledger: long texts are cut, with a digest to tell them apart."""
    return {key: _kept_value(value) for key, value in arguments.items()}


def _kept_value(value: Any) -> Any:
    if not isinstance(value, str):
        # Of an unknown tool, arguments may be anything at all.
        return value if isinstance(value, (int, float)) else _kept_value(repr(value))
    if len(value) <= KEPT_CHARS:
        return value
    digest = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
    return f"{value[:KEPT_CHARS]}… [{len(value)} characters, sha256 {digest[:16]}]"
