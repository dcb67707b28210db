"""Carrying out what a turn asks for, and writing down what came of it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from pytest_overnight.agents import prompts
from pytest_overnight.agents import text_calls
from pytest_overnight.agents.context import Context
from pytest_overnight.agents.guard import Guard
from pytest_overnight.agents.observation import Observation
from pytest_overnight.agents.observation import line_for
from pytest_overnight.agents.observation import observation_cap
from pytest_overnight.agents.repair import Action
from pytest_overnight.agents.repair import as_json
from pytest_overnight.agents.repair import repair
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Over
from pytest_overnight.agents.task import Task
from pytest_overnight.agents.task import Unused
from pytest_overnight.agents.task import WorkingTime
from pytest_overnight.agents.toolbox import Toolbox
from pytest_overnight.agents.watch import WorkspaceWatch
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.rules import loops
from pytest_overnight.rules.history import NOT_RUN
from pytest_overnight.rules.outcome import Stop

KEPT_CHARS = 4000
"""Characters of one argument kept in the ledger."""
READ_ONLY = {"list_files", "read_file", "finish"}
"""Tools after which the workspace is as it was."""


class Acting:
    """The hands of one tool loop."""

    def __init__(
        self,
        task: Task,
        context: Context,
        result: LoopResult,
        time: WorkingTime,
        guard: Guard,
    ) -> None:
        """Looks at the workspace once, to know it again."""
        self._task = task
        self._context = context
        self._result = result
        self._time = time
        self._guard = guard
        limits = task.limits
        self._tools = Toolbox(
            task.box,
            command_timeout=limits.command_timeout,
            cap=observation_cap(limits.window),
        )
        self._watch = WorkspaceWatch(task.workspace)
        self._start = self._now = self._watch.digest()
        self._failed_command = ""
        self._refused = False

    def spent(self) -> Over | None:
        """The limit that is reached, if one is."""
        limits = self._task.limits
        if self._time.left() <= 0:
            return Over(Stop.DEADLINE, f"{limits.working_seconds:g} s were used up")
        if self._result.actions >= limits.max_actions:
            detail = f"all {limits.max_actions} actions were used"
            return Over(Stop.ACTION_LIMIT, detail)
        return None

    def act(
        self, turn: Turn, calls: tuple[ToolCall, ...], *, form: str = "native"
    ) -> None:
        """Carry out the turn's calls in order, ``finish`` last.

        ``form``: ``native``; ``stray``: written in the text by a model that has tools;
        ``text``: by one that has none. Raises :class:`Over` at the end of the work,
        :class:`Unused` when not one of the calls was well-formed.
        """
        write = text_calls.written if form == "text" else as_json
        folder = self._task.box.workspace
        mended = [repair(call, folder, write) for call in calls]
        actions = sorted(mended, key=lambda action: action.tool == "finish")
        self._append_turn(turn, actions if form != "text" else [])
        over, barred, well = None, "", True
        for action in actions:
            began = self._task.clock()
            seen = self._carry_out(action, barred, well)
            if form == "stray":
                seen = dataclasses.replace(seen, tags=seen.tags | {"text_call"})
            self._record(action, seen, self._task.clock() - began)
            self._append_answer(action, seen, form)
            well = well and seen.ok
            if "escape_attempt" in seen.tags:
                barred = prompts.AFTER_ESCAPE
            if action.tool == "finish" and seen.ok:
                over = over or _finished(action)
        if over:
            raise over
        if all(action.problem for action in actions):
            raise Unused("malformed", detail=actions[-1].problem)

    def _carry_out(self, action: Action, barred: str, well: bool) -> Observation:
        """``barred``: why nothing more is done; ``well``: nothing failed before."""
        if action.tool == "finish":
            barred = "" if action.problem else self._too_soon(action, well)
        elif not barred and self.spent():
            barred = prompts.NOT_RUN
        if action.problem:
            return Observation(action.problem, ok=False)
        if barred:
            return Observation(barred, ok=False, tags=frozenset({NOT_RUN}))
        seen = self._tools.use(action.tool, action.arguments, self._time.left())
        if action.tool not in READ_ONLY:
            self._now = self._watch.digest()
        if action.tool == "run_command":
            self._failed_command = _failure(seen)
        return seen

    def _too_soon(self, action: Action, well: bool) -> str:
        """Why a first ``finish`` is not taken yet; the second always is."""
        if self._refused or action.arguments.get("status") == "blocked":
            return ""
        why = ""
        if not well:
            why = prompts.OTHERS_FAILED
        elif self._now and self._now == self._start:
            why = prompts.NOT_CHANGED
        elif self._failed_command:
            why = prompts.LAST_FAILED.format(status=self._failed_command)
        self._refused = bool(why)
        return why

    def _record(self, action: Action, seen: Observation, seconds: float) -> None:
        arguments = _kept(action.arguments)
        self._result.actions += 1
        self._task.ledger.write(
            "action",
            round=self._result.rounds,
            number=self._result.actions,
            tool=action.tool,
            arguments=arguments,
            ok=seen.ok,
            repaired=[*action.repairs, *filter(None, [seen.repair])],
            tags=sorted(seen.tags),
            seconds=seconds,
            observation=seen.text,
            workspace=self._now,
        )
        if NOT_RUN in seen.tags:
            return
        self._guard.saw(
            loops.step(
                action.tool,
                arguments,
                seen.text,
                seen.ok,
                timed_out="command_timeout" in seen.tags,
                workspace=self._now,
            )
        )

    def _append_turn(self, turn: Turn, actions: list[Action]) -> None:
        # Without calls of its own, the text is what a model copies in its next answer.
        content = turn.content if actions else text_calls.completed(turn.content)
        message: Message = {"role": "assistant", "content": content}
        if turn.thinking:
            message["thinking"] = turn.thinking
        if actions:
            # The mended form: it is what was carried out, and what a server takes.
            message["tool_calls"] = [
                {"function": {"name": action.tool, "arguments": action.arguments}}
                for action in actions
            ]
        self._context.add_turn(message)

    def _append_answer(self, action: Action, seen: Observation, form: str) -> None:
        message = {"role": "tool", "tool_name": action.tool, "content": seen.text}
        if form == "text":
            message = {"role": "user", "content": f"{action.tool}: {seen.text}"}
        line = line_for(action.tool, action.arguments, seen.text, seen.ok)
        # Which lines were read counts: another page of a file is no repetition.
        is_read = action.tool == "read_file" and seen.ok
        read = repr(sorted(action.arguments.items())) if is_read else ""
        self._context.add_answer(message, line, read)


def _finished(action: Action) -> Over:
    summary = str(action.arguments.get("summary", ""))
    if action.arguments.get("status") == "blocked":
        return Over(Stop.GAVE_UP, summary or "the agent said that it is blocked")
    return Over(Stop.FINISHED, summary)


def _failure(seen: Observation) -> str:
    """How the last command failed; empty when it did not."""
    if not seen.ok:
        return "it was killed"
    status = seen.text.partition(" after ")[0]
    return "" if status == "exit status 0" else status


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
