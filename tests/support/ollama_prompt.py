"""What a full window leaves of a prompt: Ollama cuts it and says nothing.

Follows ``server/prompt.go`` and the truncation in ``runner/ollamarunner``. A token is
four bytes of a message's JSON, so that tests can count them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

NUM_KEEP = 4
DEFAULT_CTX = 4096

Request = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True)
class Prompt:
    """A request as the model gets to see it."""

    messages: list[Message]
    """What is left; the first may be the end of one."""
    tokens: int
    whole: bool
    """Nothing was left out."""

    @property
    def text(self) -> str:
        """Everything said in it."""
        return "\n".join(message.get("content", "") for message in self.messages)


def tokens(text: str) -> int:
    """A token is four bytes."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // 4)


def window_asked(request: Request) -> int:
    """The window that a request asks for, tokens."""
    return int((request.get("options") or {}).get("num_ctx", DEFAULT_CTX))


def prompt_of(request: Request, window: int) -> Prompt:
    """What ``window`` tokens leave of a request.

    First whole messages go, oldest first, but for system messages and the last one;
    then tokens from the front, the system message with them, so that half of the
    window is free.
    """
    messages = list(request["messages"])
    tools = tokens(_json(request.get("tools") or []))
    while _count(messages) + tools > window:
        droppable = [m for m in messages[:-1] if m["role"] != "system"]
        if not droppable:
            break
        messages.remove(droppable[0])
    count = _count(messages) + tools
    if count < window:
        whole = len(messages) == len(request["messages"])
        return Prompt(messages, count, whole)
    count = window - (window - NUM_KEEP) // 2
    return Prompt(_tail(messages, 4 * count), count, whole=False)


def _count(messages: list[Message]) -> int:
    return sum(tokens(_json(message)) for message in messages)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tail(messages: list[Message], chars: int) -> list[Message]:
    kept: list[Message] = []
    for message in reversed(messages):
        size = len(_json(message))
        if size > chars:
            rest = message.get("content", "")[-chars:]
            return [{**message, "content": rest}, *kept]
        kept.insert(0, message)
        chars -= size
    return kept
