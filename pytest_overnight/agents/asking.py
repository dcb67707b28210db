"""One model call as the tool loop sees it: repeated, waited for, counted.

Every call leaves exactly one event in the ledger: ``round`` when the model answered,
readable or not, ``fault`` when something else failed, ``cut`` at the deadline.
"""

from __future__ import annotations

from typing import Any

from pytest_overnight.agents import prompts
from pytest_overnight.agents.task import LoopResult
from pytest_overnight.agents.task import Over
from pytest_overnight.agents.task import Task
from pytest_overnight.agents.task import Useless
from pytest_overnight.agents.task import WorkingTime
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import Turn
from pytest_overnight.models.retry import Backoff
from pytest_overnight.rules.outcome import Stop

_STOP_OF_FAULT = {
    "infra": Stop.LLM_UNAVAILABLE,
    "config": Stop.LLM_CONFIG,
    "capability": Stop.LLM_CONFIG,
    "context": Stop.CONTEXT,
}


class Asking:
    """Asks the task's model, and books in ``result`` what that took."""

    def __init__(
        self,
        task: Task,
        result: LoopResult,
        time: WorkingTime,
        schemas: list[dict[str, Any]],
    ) -> None:
        """``schemas``: the tools that the model is told of, in every call the same."""
        self._task = task
        self._result = result
        self._time = time
        self._schemas = schemas
        self._backoff = Backoff()
        self._unreadable = 0

    def ask(self, messages: list[Message]) -> Turn:
        """One completed turn; waits out what is not the agent's fault."""
        retry = 0
        while True:
            asked = self._task.clock()
            self._result.llm_calls += 1
            try:
                turn = self._task.model.chat(
                    messages, self._schemas, asked + self._time.left()
                )
            except TimeoutError:
                seconds = self._task.clock() - asked
                self._result.llm_seconds += seconds
                self._task.ledger.write("cut", seconds=seconds)
                limit = self._task.limits.working_seconds
                detail = f"{limit:g} s were used up while the model was answering"
                raise Over(Stop.DEADLINE, detail) from None
            except ModelFault as fault:
                retry += 1
                self._sort_out(fault, retry, self._task.clock() - asked)
            else:
                self._unreadable = 0
                self._count_round(turn)
                return turn

    def _sort_out(self, fault: ModelFault, retry: int, seconds: float) -> None:
        """Return if the call is to be made again; the wait has then been made."""
        if fault.kind == "model":
            self._count_unreadable(fault, seconds)
            raise Useless("unreadable", self._note()) from fault
        pause = None
        if fault.kind == "infra":
            self._result.infra_wait_seconds += seconds
            self._result.tags.add("infra_retries")
            pause = self._pause(retry)
        self._task.ledger.write(
            "fault",
            kind=fault.kind,
            detail=fault.detail,
            status=fault.status,
            seconds=seconds,
            retried=pause is not None,
        )
        if pause is None:
            raise Over(_STOP_OF_FAULT[fault.kind], fault.detail) from fault
        self._result.retries += 1
        self._task.ledger.write("wait", kind="infra", seconds=pause)
        before = self._task.clock()
        self._task.sleep(pause)
        self._result.infra_wait_seconds += self._task.clock() - before

    def _pause(self, retry: int) -> float | None:
        """Seconds to wait before the next try; ``None``: no more tries."""
        limits = self._task.limits
        grace = limits.infra_grace - self._result.infra_wait_seconds
        if retry > self._backoff.retries or grace <= 0:
            return None
        return min(grace, self._backoff.pause(retry, self._task.random))

    def _count_round(self, turn: Turn) -> None:
        result = self._result
        result.rounds += 1
        result.llm_seconds += turn.seconds
        result.prompt_tokens += turn.prompt_tokens
        result.output_tokens += turn.output_tokens
        result.max_prompt_tokens = max(result.max_prompt_tokens, turn.prompt_tokens)
        result.decode_seconds += turn.decode_seconds
        result.first_token_seconds.append(turn.first_token_seconds)
        self._write_round(turn)

    def _count_unreadable(self, fault: ModelFault, seconds: float) -> None:
        # The model did answer, so this is a round; the server kept what it said.
        turn = Turn(
            done_reason="unreadable", seconds=seconds, first_token_seconds=seconds
        )
        self._count_round(turn)
        self._result.tags.add("unreadable")
        self._task.ledger.write(
            "unreadable", round=self._result.rounds, detail=fault.detail
        )

    def _write_round(self, turn: Turn) -> None:
        self._task.ledger.write(
            "round",
            number=self._result.rounds,
            content=turn.content,
            thinking=turn.thinking,
            calls=len(turn.tool_calls),
            prompt_tokens=turn.prompt_tokens,
            output_tokens=turn.output_tokens,
            seconds=turn.seconds,
            first_token_seconds=turn.first_token_seconds,
            load_seconds=turn.load_seconds,
            decode_seconds=turn.decode_seconds,
            done_reason=turn.done_reason,
        )

    def _note(self) -> str:
        self._unreadable += 1
        return prompts.UNREADABLE[min(self._unreadable, len(prompts.UNREADABLE)) - 1]
