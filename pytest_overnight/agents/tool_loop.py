"""The built-in agent: a model, six tools, and one loop that anyone can read."""

from __future__ import annotations

from pytest_overnight.agents import prompts
from pytest_overnight.agents import text_calls
from pytest_overnight.agents.acting import Acting
from pytest_overnight.agents.asking import Asking
from pytest_overnight.agents.context import Context
from pytest_overnight.agents.guard import Guard
from pytest_overnight.agents.task import LoopLimits
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Over
from pytest_overnight.agents.task import Task
from pytest_overnight.agents.task import Unused
from pytest_overnight.agents.task import WorkingTime
from pytest_overnight.agents.tools import schemas
from pytest_overnight.models.base import Turn
from pytest_overnight.rules.loops import Round
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxGone

__all__ = ["LoopLimits", "LoopResult", "Task", "ToolLoop", "run_tool_loop"]

_STOP_OF_RULE = {"L6": Stop.FINISHED, "L9": Stop.CONTEXT, "L10": Stop.MALFORMED}


class ToolLoop:
    """Ask, act, append; after each round, see whether it leads anywhere.

    ``result`` is current at every moment.
    """

    def __init__(self, task: Task) -> None:
        """Nothing is asked before :meth:`run`."""
        limits, tools = task.limits, schemas()
        time = WorkingTime(task)
        self.task = task
        self.result = LoopResult()
        self.context = Context(
            prompts.SYSTEM.format(instruction=task.instruction),
            window=limits.window,
            answer_tokens=limits.answer_tokens,
            extra_chars=len(str(tools)),
        )
        self.context.say(prompts.BEGIN)
        self._time = time
        self._guard = Guard(limits.guard)
        self._asking = Asking(task, self.context, self.result, time, tools)
        self._acting = Acting(task, self.context, self.result, time, self._guard)

    def run(self) -> LoopResult:
        """Work until something stops it.

        Faults of the model and of the box end up in the result; anything that
        raises from here is a mistake in this program, or ``KeyboardInterrupt``.
        """
        began, booked = self.task.clock(), self.task.ledger.booked
        try:
            while True:
                self._round()
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
            inner = self.task.ledger.booked - booked
            own = self.task.clock() - began - inner
            self.task.ledger.write("loop", seconds=own)
        return self.result

    def _round(self) -> None:
        self._check_limits()
        try:
            self._take(self._asking.ask())
        except Unused as unused:
            self._write_unused(unused)
            self._look_back(unused.reason)
            if unused.answer:
                self._nudge("L6" if unused.reason == "talk" else "L10", unused.answer)
        else:
            self._look_back()

    def _check_limits(self) -> None:
        limits = self.task.limits
        if self.result.rounds >= limits.max_rounds:
            raise Over(Stop.ROUND_LIMIT, f"all {limits.max_rounds} rounds were used")
        if over := self._acting.spent():
            raise over

    def _take(self, turn: Turn) -> None:
        """Act on a turn, in whatever form it names what is to be done."""
        # What was cut must not be carried out: half a file would be written.
        is_cut = turn.done_reason == "length"
        if turn.tool_calls and not is_cut:
            self._acting.act(turn, turn.tool_calls)
            return
        whole = "" if is_cut else turn.content
        if self._asking.in_text:
            call = text_calls.protocol_call(whole)
            calls, form = ((call,) if call else text_calls.stray_calls(whole)), "text"
        else:
            calls, form = text_calls.stray_calls(whole), "stray"
        if calls:
            self._acting.act(turn, calls, form=form)
            return
        if not whole.strip():
            reason = "cut" if is_cut else "silent"
        else:
            reason = "talk"
            self.context.add_turn({"role": "assistant", "content": whole})
        raise Unused(reason, prompts.UNUSED[reason])

    def _write_unused(self, unused: Unused) -> None:
        self.task.ledger.write(
            "unused",
            round=self.result.rounds,
            reason=unused.reason,
            detail=unused.detail,
        )

    def _look_back(self, reason: str = "") -> None:
        """The rules' word on the round that has ended; ``reason``: why unused."""
        asking = self._asking
        ended = Round(reason, tuple(asking.compactions), asking.truncated)
        for advice, finding in self._guard.end_round(ended):
            rule, detail = finding.rule, finding.detail
            if advice == "stop":
                raise Over(_STOP_OF_RULE.get(rule, Stop.LOOP), f"{rule}: {detail}")
            if advice == "shadow":
                self.task.ledger.write("shadow", rule=rule, detail=detail)
                continue
            self._nudge(rule, self._guard.words(finding))
            break  # one thing at a time

    def _nudge(self, rule: str, text: str) -> None:
        self.context.say(text)
        self.task.ledger.write("nudge", rule=rule, text=text)


def run_tool_loop(task: Task) -> LoopResult:
    """Work on the task until done or stopped."""
    return ToolLoop(task).run()
