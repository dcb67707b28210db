"""What the tool loop asks of a model, whoever answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Literal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call as the model sent it, not yet repaired or checked."""

    name: str
    arguments: Any
    """A mapping when all is well; weak models send strings, lists, nested mappings."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One completed model turn. Durations in seconds, counts in tokens."""

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    done_reason: str = "stop"
    """``stop`` or ``length`` (the output limit cut the answer)."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    first_token_seconds: float = 0.0
    """Client's clock, from request to first chunk."""
    load_seconds: float = 0.0
    decode_seconds: float = 0.0
    """Server's own figure for generating ``output_tokens``."""
    window: int = 0
    """Context window that the server really gives the model, tokens; 0: not known."""
    notes: tuple[str, ...] = ()
    """What the adapter did beside asking, in words: for the ledger."""


Message = dict[str, Any]
"""``{"role": "system|user|assistant|tool", "content": str, …}`` as Ollama takes it."""

FaultKind = Literal["infra", "config", "model", "context", "capability"]


@dataclass(slots=True)
class ModelFault(Exception):
    """Everything that can go wrong in one model call, in five kinds.

    ``infra``: not the agent's fault, worth a retry. ``config``: no retry will help
    (missing model, wrong URL). ``model``: the model's own output was unusable.
    ``context``: the prompt did not fit. ``capability``: no tools or no thinking.
    """

    kind: FaultKind
    detail: str
    status: int | None = None
    """HTTP status; ``None`` without one."""
    reason: str = ""
    """Of ``infra``: ``refused busy rate gateway runner stream cut no_done garbled stall
    http``; of ``model``: ``unreadable degenerate``."""
    retry_after: float | None = None
    """Seconds that the server asks to be left alone."""
    partial: str = ""
    """Text that had come before the answer broke off."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


class SilentCallError(TimeoutError):
    """The deadline came before any byte of the answer, and the server is not well."""


class Model(Protocol):
    """Where an agent's words come from."""

    name: str

    def chat(
        self,
        messages: list[Message],
        tools: list[dict[str, Any]],
        deadline: float,
        *,
        stop: Sequence[str] = (),
    ) -> Turn:
        """Return one completed turn.

        ``stop``: texts at which the answer ends; they are not part of it.
        ``deadline`` is on ``time.monotonic()``; past it the call is cut and
        ``TimeoutError`` raised, :class:`SilentCallError` where that was the server's
        doing. Any other failure is a :class:`ModelFault`.
        """
        ...
