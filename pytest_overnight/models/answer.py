"""An answer in the making: chunks come in, a whole turn comes out, or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.rules.loops import is_degenerate

CHECK_CHARS = 500
"""Text is looked at for degeneration each time so much more of it has come."""
TAIL_CHARS = 10_000
"""So much of its end: a longer answer does not cost more for each look."""
NANOSECONDS = 1e9


class Answer:
    """Collects one answer, streamed or whole."""

    def __init__(self, started: float, deadline: float) -> None:
        """Both on ``time.monotonic()``: when the call began, when it must end."""
        self._started = started
        self._deadline = deadline
        self._content = _Text()
        self._thinking = _Text()
        self._calls: list[ToolCall] = []
        self._first_token_seconds: float | None = None

    @property
    def partial(self) -> str:
        """What has come so far: content, or thinking where there is no content."""
        return self._content.whole or self._thinking.whole

    def read(self, chunks: Iterable[Any]) -> Turn:
        """The completed turn; what a server sends after ``done`` is not read.

        ``chunks`` are the client's ``ChatResponse`` objects. Raises ``TimeoutError``
        at the deadline and :class:`ModelFault` when the text degenerates or the
        answer ends without being done.
        """
        for chunk in chunks:
            now = time.monotonic()
            if self._first_token_seconds is None:
                self._first_token_seconds = now - self._started
            if now >= self._deadline:
                raise TimeoutError("the model call was cut at the deadline")
            self._add(chunk.message)
            if chunk.done:
                return self._turn(chunk)
        raise ModelFault(
            "infra",
            "the answer ended before it was done",
            reason="no_done",
            partial=self.partial,
        )

    def _add(self, message: Any) -> None:
        repeats = self._thinking.add(message.thinking or "")
        repeats |= self._content.add(message.content or "")
        if repeats:
            raise ModelFault(
                "model",
                "the model repeats itself without end; the answer was cut",
                reason="degenerate",
                partial=self.partial,
            )
        # Servers send calls in the last chunk, or in one before it.
        for call in message.tool_calls or ():
            arguments = dict(call.function.arguments)
            self._calls.append(ToolCall(call.function.name, arguments))

    def _turn(self, last: Any) -> Turn:
        return Turn(
            content=self._content.whole,
            thinking=self._thinking.whole,
            tool_calls=tuple(self._calls),
            done_reason=last.done_reason or "stop",
            prompt_tokens=last.prompt_eval_count or 0,
            output_tokens=last.eval_count or 0,
            first_token_seconds=self._first_token_seconds or 0.0,
            load_seconds=(last.load_duration or 0) / NANOSECONDS,
            decode_seconds=(last.eval_duration or 0) / NANOSECONDS,
        )


class _Text:
    """Text that grows, watched for degeneration.

    It is looked at after each ``CHECK_CHARS`` characters however it comes in pieces,
    so that streamed and whole answers are judged alike.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._unchecked = ""
        self._tail = ""

    @property
    def whole(self) -> str:
        return "".join(self._pieces)

    def add(self, piece: str) -> bool:
        """Whether the text has degenerated; more of it is then not wanted."""
        self._pieces.append(piece)
        text = self._unchecked + piece
        at = 0
        while len(text) - at >= CHECK_CHARS:
            self._tail = (self._tail + text[at : at + CHECK_CHARS])[-TAIL_CHARS:]
            at += CHECK_CHARS
            if is_degenerate(self._tail):
                return True
        self._unchecked = text[at:]
        return False
