"""A model behind an Ollama server, through the official client.

Protocol and traps: https://github.com/ollama/ollama/blob/main/docs/api.md. Whatever
the client raises leaves this module as a :class:`ModelFault` or ``TimeoutError``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

import ollama

from pytest_overnight.models.address import base_url
from pytest_overnight.models.answer import Answer
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import SilentCallError
from pytest_overnight.models.base import Turn
from pytest_overnight.models.connection import Watch
from pytest_overnight.models.connection import client_options
from pytest_overnight.models.faults import CLIENT_ERRORS
from pytest_overnight.models.faults import fault_from
from pytest_overnight.models.faults import unsendable
from pytest_overnight.models.ollama_server import has_loaded
from pytest_overnight.models.ollama_server import live_window
from pytest_overnight.settings import Settings

KEEP_ALIVE = "30m"
"""Longer than any pause between two rounds: an unloaded model costs a load."""
THINKING_LEVELS = ("low", "medium", "high", "max")
GARBLED_STREAMS = 2
"""Unreadable streams in a row after which an answer is asked for in one piece."""


class OllamaModel:
    """One model on one server, with the same options in every call."""

    def __init__(
        self,
        name: str,
        host: str,
        *,
        num_ctx: int,
        num_predict: int,
        temperature: float | None,
        think: str | None,
        seed: int,
        stall: float = 600.0,
        stream: bool = True,
        capabilities: Collection[str] | None = None,
    ) -> None:
        """``stall``: longest silence of a healthy call, seconds.

        Loading, reading the prompt and, with some models, writing a long tool call
        all pass without a byte. ``capabilities``: what the model is known to be able
        to do; ``None``: not known, so that its refusals say it.
        """
        self.name = name
        self._url = base_url(host)
        self._options: dict[str, Any] = {
            "num_ctx": num_ctx,
            "num_predict": num_predict,
            "seed": seed,
        }
        if temperature is not None:
            self._options["temperature"] = temperature
        thinks = capabilities is None or "thinking" in capabilities
        self._think = think if thinks else None
        self._stream = stream
        self._garbled = 0
        self._window: int | None = None
        self._notes: list[str] = []
        self._watch = Watch(stall)
        self._client = ollama.Client(
            host=self._url, event_hooks=self._watch.hooks, **client_options(self._url)
        )

    @classmethod
    def of(
        cls,
        settings: Settings,
        seed: int,
        capabilities: Collection[str] | None = None,
    ) -> OllamaModel:
        """The model that a night asked for; ``seed`` is below 2**31."""
        return cls(
            settings.model,
            settings.host,
            num_ctx=settings.num_ctx,
            num_predict=settings.num_predict,
            temperature=settings.temperature,
            think=settings.think,
            seed=seed,
            stall=settings.stall,
            capabilities=capabilities,
        )

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        """One completed turn; see :class:`pytest_overnight.models.base.Model`."""
        try:
            turn = self._ask(messages, tools, deadline, stop)
        except ModelFault as fault:
            if not self._refuses_thinking(fault):
                raise
            self._think = None
            self._notes.append("asked without thinking")
            turn = self._ask(messages, tools, deadline, stop)
        return self._completed(turn)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    # -- one exchange -------------------------------------------------------------

    def _ask(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        stop: Sequence[str],
    ) -> Turn:
        streamed = self._stream and self._garbled < GARBLED_STREAMS
        request = {
            "model": self.name,
            "messages": _sendable(messages),
            "tools": tools,
            "stream": streamed,
            "think": self._think,
            "options": self._options | ({"stop": list(stop)} if stop else {}),
            "keep_alive": KEEP_ALIVE,
        }
        try:
            turn = self._exchange(request, deadline)
        except ModelFault as fault:
            self._learn(fault)
            raise
        self._garbled = 0
        if self._stream and not streamed:
            self._notes.append("not streamed")
        return turn

    def _exchange(self, request: dict[str, Any], deadline: float) -> Turn:
        started = time.monotonic()
        if started >= deadline:
            raise TimeoutError("no time left for a model call")
        answer = Answer(started, deadline)
        with self._watch.until(deadline), contextlib.ExitStack() as closing:
            try:
                chunks = self._client.chat(**request)
                if not request["stream"]:
                    return answer.read([chunks])
                # The client's generator holds the connection: closed, the server stops.
                closing.callback(chunks.close)
                return answer.read(chunks)
            except CLIENT_ERRORS as error:
                if time.monotonic() >= deadline:
                    raise self._cut() from error
                if not self._watch.sent:
                    raise unsendable(error) from error
                raise fault_from(error, self._watch.response, answer.partial) from error

    def _cut(self) -> TimeoutError:
        """Of a call that the deadline ended: was the model slow, or the server dead?

        A model at work on a long tool call is as silent as a server that hangs, but the
        server then still says that it has the model.
        """
        said = "the model call was cut at the deadline"
        if self._watch.response is None and not has_loaded(
            self._url, self.name, self._options, KEEP_ALIVE
        ):
            return SilentCallError(f"{said}, and the server does not answer at all")
        return TimeoutError(said)

    # -- what is learnt from one call for the next ----------------------------------

    def _refuses_thinking(self, fault: ModelFault) -> bool:
        refused = fault.kind == "capability" and "thinking" in fault.detail
        return refused and self._think is not None

    def _learn(self, fault: ModelFault) -> None:
        if fault.reason == "garbled":
            self._garbled += 1
        if fault.kind == "model" or fault.reason == "no_done":
            # The same seed would draw the same answer again. A stream without an end
            # counts: some servers end it so when the model repeats itself.
            self._options["seed"] += 1

    def _completed(self, turn: Turn) -> Turn:
        """With what was done for it, and what is known of the window."""
        self._lower_thinking(turn)
        if self._window is None:
            self._window = live_window(self._url, self.name)
        notes, self._notes = tuple(self._notes), []
        return dataclasses.replace(turn, notes=notes, window=self._window)

    def _lower_thinking(self, turn: Turn) -> None:
        """Think less from now on where thinking alone has used up the whole answer."""
        said = turn.content.strip() or turn.tool_calls
        if turn.done_reason != "length" or said or not turn.thinking:
            return
        if self._think in THINKING_LEVELS[1:]:
            self._think = THINKING_LEVELS[THINKING_LEVELS.index(self._think) - 1]
            self._notes.append(f"thinking level lowered to {self._think}")


def _sendable(value: Any) -> Any:
    """``value`` with ``?`` for what UTF-8 cannot say: file names may hold any byte."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_sendable(key): _sendable(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [_sendable(item) for item in value]
    return value
