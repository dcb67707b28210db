"""One model call as the tool loop sees it: paced, repeated, waited for, written down.

Every call leaves exactly one event in the ledger: ``round`` when the model answered,
readable or not, ``fault`` when something else failed, ``cut`` at the deadline.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_overnight.agents import prompts
from pytest_overnight.agents import text_calls
from pytest_overnight.agents.context import Compaction
from pytest_overnight.agents.context import Context
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Over
from pytest_overnight.agents.task import Task
from pytest_overnight.agents.task import Unused
from pytest_overnight.agents.task import WorkingTime
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import SilentCallError
from pytest_overnight.models.base import Turn
from pytest_overnight.rules.loops import is_degenerate
from pytest_overnight.rules.outcome import Stop

SUSPENDED_SECONDS = 1.0
"""A shorter sleep of the machine is the two clocks' own difference."""
LOAD_SECONDS = 1.0
"""A look at a loaded model takes less."""
SAME_DEATH = 3
"""Times in a row that a model's process dies with the same words: it will again."""

_STOP_OF_FAULT = {
    "infra": Stop.LLM_UNAVAILABLE,
    "config": Stop.LLM_CONFIG,
    "capability": Stop.LLM_CONFIG,
    "context": Stop.CONTEXT,
}


class Asking:
    """Asks the task's model, and writes down what that took."""

    def __init__(
        self,
        task: Task,
        context: Context,
        result: LoopResult,
        time: WorkingTime,
        schemas: list[dict[str, Any]],
    ) -> None:
        """``schemas``: the tools that the model is told of, in every call the same."""
        self._task = task
        self._context = context
        self._result = result
        self._time = time
        self._schemas = schemas
        self._slept = task.suspended()
        self._infra_waited = 0.0
        self._unreadable = 0
        self._broken_off = False
        self._deaths: list[str] = []
        self.in_text = False
        """The model knows no tools: calls are written in its answers."""
        self.compactions: list[float] = []
        """Share of the prompt that each compaction since the last round has freed."""
        self.truncated = False
        """The server left a part of the last prompt out."""

    def ask(self) -> Turn:
        """One completed turn; waits out what is not the agent's fault.

        Raises :class:`Over` and :class:`Unused`.
        """
        self.compactions, self.truncated = [], False
        self._note(self._context.compact())
        retries: Counter[str] = Counter()
        failing = False
        while True:
            self._keep_pace(failing)
            asked = self._task.clock()
            try:
                turn = self._call(asked)
            except TimeoutError as cut:
                heard = not isinstance(cut, SilentCallError)
                seconds = self._since(asked)
                self._task.ledger.write("cut", seconds=seconds, heard=heard)
                limit = self._task.limits.working_seconds
                detail = f"{limit:g} s were used up while the model was answering"
                raise Over(Stop.DEADLINE, detail) from None
            except ModelFault as fault:
                retries[fault.reason] += 1
                failing = fault.kind == "infra"
                self._sort_out(fault, retries[fault.reason], self._since(asked))
            else:
                self._unreadable, self._broken_off, self._deaths = 0, False, []
                self._write_round(turn, self._without_load(turn, self._since(asked)))
                self._check_window(turn)
                return turn

    def _call(self, asked: float) -> Turn:
        try:
            return self._task.model.chat(
                self._context.messages,
                self._schemas,
                asked + self._time.left(),
                stop=text_calls.STOPS if self.in_text else (),
            )
        finally:
            if self._task.pace:
                self._task.pace.done()

    def _since(self, asked: float) -> float:
        """Seconds since the call began; books a sleep of the machine in between."""
        seconds = self._task.clock() - asked
        slept = self._task.suspended()
        if slept - self._slept >= SUSPENDED_SECONDS:
            # Our clock stood still meanwhile: working time needs no correction.
            self._task.ledger.write("wait", kind="suspend", seconds=slept - self._slept)
        self._slept = slept
        return seconds

    def _without_load(self, turn: Turn, seconds: float) -> float:
        """What is left of a call's time without loading the model, or queueing for it.

        Neither is the agent's work, and the next agent finds the model loaded.
        """
        load = min(turn.load_seconds, seconds)
        if load < LOAD_SECONDS:
            return seconds
        self._time.wait(load)
        self._task.ledger.write("wait", kind="load", seconds=load)
        return seconds - load

    def _keep_pace(self, failing: bool) -> None:
        """Wait for the rate limit; where the server fails, as part of that wait."""
        before = self._task.clock()
        if self._task.pace is None or not self._task.pace.wait():
            return
        waited = self._since(before)
        if failing:
            self._book(waited)
        else:
            self._time.wait(waited)
        kind = "infra" if failing else "rate"
        self._task.ledger.write("wait", kind=kind, seconds=waited)

    # -- what went wrong ----------------------------------------------------------

    def _sort_out(self, fault: ModelFault, retry: int, seconds: float) -> None:
        """Return if the call is to be made again; the wait has then been made."""
        if fault.kind == "model" or self._is_the_models(fault):
            raise self._unread(fault, seconds) from fault
        pause = self._mended(fault)
        if fault.kind == "infra":
            self._book(seconds)
            pause = self._pause(fault, retry)
        self._task.ledger.write(
            "fault",
            kind=fault.kind,
            reason=fault.reason,
            detail=fault.detail,
            status=fault.status,
            seconds=seconds,
            retried=pause is not None,
        )
        if pause is None:
            raise Over(_STOP_OF_FAULT[fault.kind], fault.detail) from fault
        if fault.kind == "infra":
            self._wait(pause)

    def _is_the_models(self, fault: ModelFault) -> bool:
        """Some servers end a stream without a word when the model repeats itself."""
        if fault.reason != "no_done":
            self._broken_off = False
            return False
        again = self._broken_off or is_degenerate(fault.partial)
        self._broken_off = not again
        return again

    def _mended(self, fault: ModelFault) -> float | None:
        """0 where the next call will be another one; ``None``: nothing can be done."""
        if fault.kind == "context":
            return 0.0 if self._note(self._context.compact_hard()) else None
        if fault.kind == "capability" and "tools" in fault.detail and self._schemas:
            self._switch_to_text(fault.detail)
            return 0.0
        return None

    def _switch_to_text(self, why: str) -> None:
        self.in_text, self._schemas, self._context.extra_chars = True, [], 0
        self._context.system += "\n" + text_calls.PROTOCOL
        self._task.ledger.write("switch", to="text protocol", detail=why)

    def _pause(self, fault: ModelFault, retry: int) -> float | None:
        """Seconds to wait before the next try; ``None``: no more tries."""
        self._deaths = [*self._deaths, fault.detail] if fault.reason == "runner" else []
        if self._deaths[-SAME_DEATH:].count(fault.detail) == SAME_DEATH:
            return None
        grace = self._task.limits.infra_grace - self._infra_waited
        pause = self._task.backoff.pause(fault, retry, self._task.random)
        return None if pause is None or grace <= 0 else min(grace, pause)

    def _wait(self, pause: float) -> None:
        before = self._task.clock()
        self._task.sleep(pause)
        waited = self._since(before)
        self._book(waited)
        self._task.ledger.write("wait", kind="infra", seconds=waited)

    def _book(self, seconds: float) -> None:
        self._infra_waited += seconds
        self._time.wait(seconds)

    def _unread(self, fault: ModelFault, seconds: float) -> Unused:
        # The model did answer, so this is a round; the server kept what it said.
        reason = "unreadable" if fault.reason == "unreadable" else "degenerate"
        turn = Turn(
            content=fault.partial, done_reason=reason, first_token_seconds=seconds
        )
        self._write_round(turn, seconds)
        if reason == "degenerate":
            return Unused(reason, prompts.UNUSED[reason], fault.detail)
        self._unreadable += 1
        at = min(self._unreadable, len(prompts.UNREADABLE)) - 1
        return Unused(reason, prompts.UNREADABLE[at], fault.detail)

    # -- the window ---------------------------------------------------------------

    def _check_window(self, turn: Turn) -> None:
        if turn.window:
            self._context.window = min(self._context.window, turn.window)
        expected = self._context.learn(turn.prompt_tokens)
        if expected is None:
            return
        self.truncated = True
        self._task.ledger.write(
            "truncated",
            round=self._result.rounds,
            expected=expected,
            prompt_tokens=turn.prompt_tokens,
        )
        self._note(self._context.compact_hard())

    def _note(self, compaction: Compaction | None) -> bool:
        if compaction is None:
            return False
        self.compactions.append(compaction.freed)
        self._task.ledger.write(
            "compaction",
            before=compaction.before,
            after=compaction.after,
            how=list(compaction.how),
        )
        return True

    def _write_round(self, turn: Turn, seconds: float) -> None:
        self._result.rounds += 1
        self._task.ledger.write(
            "round",
            number=self._result.rounds,
            content=turn.content,
            thinking=turn.thinking,
            calls=len(turn.tool_calls),
            prompt_tokens=turn.prompt_tokens,
            output_tokens=turn.output_tokens,
            seconds=seconds,
            first_token_seconds=turn.first_token_seconds,
            load_seconds=turn.load_seconds,
            decode_seconds=turn.decode_seconds,
            done_reason=turn.done_reason,
            window=turn.window,
            asked_window=self._task.limits.window,
            notes=list(turn.notes),
        )
