"""Models whose turns are written down beforehand, and the hiccups of their server."""

from __future__ import annotations

import dataclasses
import json
import random
import time
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from pytest_overnight.models.base import Message
from pytest_overnight.models.base import Model
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import Turn

Turns = Iterator[Turn | BaseException]
"""What a scripted model answers, call by call; an exception is raised."""

WAIT = "wait"
"""``done_reason`` of a turn that never comes: the model is still thinking."""

CHARS_PER_TOKEN = 4


class ScriptedModel:
    """A model whose turns are written down beforehand."""

    name = "scripted"

    def __init__(self, script: str, turns: Turns) -> None:
        """``turns`` of ``script``: one for every call; too few are a fault of it."""
        self._script = script
        self._turns = turns

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        """The next turn, whatever was said before."""
        turn = next(self._turns, None)
        if turn is None:
            raise RuntimeError(f"script {self._script!r} has no turn left")
        if isinstance(turn, BaseException):
            raise turn
        if turn.done_reason == WAIT:
            time.sleep(max(0.0, deadline - time.monotonic()))
            raise TimeoutError("the script waited until the deadline")
        # Counted as a server would: too few tokens would look like a cut prompt.
        prompt = len(json.dumps([messages, tools])) // CHARS_PER_TOKEN
        return dataclasses.replace(turn, prompt_tokens=prompt)


class FlakyModel:
    """A model whose server has hiccups; each is over before it could cost a run."""

    MOST_IN_A_ROW = 2
    """Fewer than any rule about failing calls puts up with."""

    def __init__(self, model: Model, rate: float, seed: int) -> None:
        """``rate``: probability of a fault, a call; ``seed`` decides which and when."""
        self.name = model.name
        self._model = model
        self._rate = rate
        self._random = random.Random(seed)
        self._in_a_row = 0

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        """The model's turn, or a fault of kind ``infra`` before it was even asked."""
        strikes = self._random.random() < self._rate
        if strikes and self._in_a_row < self.MOST_IN_A_ROW:
            self._in_a_row += 1
            reason = self._random.choice(list(HICCUPS))
            detail, status = HICCUPS[reason]
            raise ModelFault("infra", f"rehearsed: {detail}", status, reason)
        self._in_a_row = 0
        return self._model.chat(messages, tools, deadline, stop=stop)


HICCUPS: dict[str, tuple[str, int | None]] = {
    "refused": ("connection refused", None),
    "busy": ("server busy, please try again", 503),
    "gateway": ("bad gateway", 502),
    "runner": ("model runner has unexpectedly stopped", 500),
    "stream": ("an error was encountered while running the model", None),
    "cut": ("the connection ended in an answer", None),
    "garbled": ("a line of the answer is no JSON", None),
    "stall": ("silent for too long", None),
}
"""Reason → what is said, and the HTTP status. Those that no rule ever takes for the
model's own doing."""
