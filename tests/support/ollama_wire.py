"""What an Ollama server says: scripted replies, its metrics, its complaints.

Follows the server's Go sources (``server/routes.go``, ``api/types.go``,
``server/prompt.go``). Everything is counted, nothing is measured: a token is four
bytes, and durations are made from tokens, so that tests can assert them exactly.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from tests.support.ollama_prompt import Prompt
from tests.support.ollama_prompt import Request
from tests.support.ollama_prompt import tokens

CREATED = "2026-01-01T00:00:00.000000000Z"
LOAD_NS = 5_000_000
PROMPT_NS = 1_000_000
"""Nanoseconds to read one prompt token."""
DECODE_NS = 20_000_000
"""Nanoseconds to write one token: 50 tokens a second."""

TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; "
    "shorten the prompt or enlarge the context"
)
"""A refusal of a prompt that does not fit, with status 400."""
TOO_LONG_AS_JSON = (
    '{"error":{"code":400,"message":"request (42947 tokens) exceeds the available '
    'context size (8192 tokens), try increasing it",'
    '"type":"exceed_context_size_error","n_prompt_tokens":42947,"n_ctx":8192}}'
)
"""The same of models with a template of their own: JSON within a text."""


@dataclass(frozen=True)
class Fault:
    """How a reply goes wrong."""

    kind: str
    """``status``, ``redirect``: instead of an answer. ``close``, ``garbage``: instead
    of a status line. ``stall``, ``cut``, ``reset``: after some lines. ``line``: send
    ``body`` as it is after some lines, and end. ``no_done``: leave the last line out.
    ``extra``: send ``body`` after the last line."""
    after: int = 0
    """Lines sent before it happens."""
    status: int = 500
    body: Any = ""
    """``status``: text becomes ``{"error": text}`` unless ``content_type`` says
    otherwise. ``line`` and ``extra``: text goes out as it is, other values as JSON."""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    """Of ``status``, beside the usual ones."""


@dataclass(frozen=True)
class Reply:
    """One scripted model turn."""

    content: str = ""
    thinking: str = ""
    tool_calls: Sequence[dict[str, Any]] = ()
    """Each ``{"name": …, "arguments": {…}}``."""
    done_reason: str = "stop"
    prompt_tokens: int | None = None
    """``None``: counted from the prompt, after truncation."""
    output_tokens: int | None = None
    """``None``: counted from the answer."""
    chunk_chars: int = 16
    delay: float = 0.0
    """Real seconds before the first byte."""
    gap: float = 0.0
    """Real seconds between lines."""
    reload_seconds: float = 0.0
    """The model had left the memory: how long loading it is said to have taken."""
    goes_on: float = 0.0
    """Real seconds that the server stays busy with this when its client has gone."""
    away: float = 0.0
    """Real seconds that nothing listens at the port once this is said; infinity: until
    ``OllamaServer.come_back`` is called."""
    fault: Fault | None = None

    @classmethod
    def of(cls, data: Reply | dict[str, Any]) -> Reply:
        """From plain data, as in a script file; an unknown key is an error."""
        if isinstance(data, Reply):
            return data
        fault = data.get("fault")
        return cls(**{**data, "fault": Fault(**fault) if fault else None})


Turn = Reply | dict[str, Any] | Callable[[Request], Reply | dict[str, Any]]


class Exhausted(AssertionError):
    """The script has no turn for this request."""


class Script:
    """Which reply a request gets.

    A list is played in the order of requests. ``{"conversations": [{"when": TEXT,
    "turns": […]}]}`` chooses by a text in the first message, and within it by how
    many assistant messages the request holds, so that runs may go on side by side.
    """

    def __init__(self, turns: Sequence[Turn] | dict[str, Any]) -> None:
        self._turns: Sequence[Turn] = () if isinstance(turns, dict) else turns
        self._conversations: list[tuple[str, Sequence[Turn]]] | None = None
        if isinstance(turns, dict):
            rows = turns["conversations"]
            self._conversations = [(row["when"], row["turns"]) for row in rows]
        self._at = 0

    def reply(self, request: Request, prompt: Prompt) -> Reply:
        """The reply to one request; raises :class:`Exhausted`.

        A callable turn gets the request as the model sees it, cut to the window.
        """
        turn = self._next(request)
        if callable(turn):
            turn = turn({**request, "messages": prompt.messages})
        return Reply.of(turn)

    def _next(self, request: Request) -> Turn:
        if self._conversations is not None:
            return _of_conversation(self._conversations, request)
        if self._at >= len(self._turns):
            raise Exhausted(f"script exhausted after {self._at} turns")
        self._at += 1
        return self._turns[self._at - 1]

    @property
    def left(self) -> int:
        """Turns of a list that nobody has asked for."""
        return len(self._turns) - self._at


def _of_conversation(
    conversations: list[tuple[str, Sequence[Turn]]], request: Request
) -> Turn:
    first = request["messages"][0].get("content", "")
    said = [m["role"] for m in request["messages"]].count("assistant")
    for when, turns in conversations:
        if when in first and said < len(turns):
            return turns[said]
        if when in first:
            raise Exhausted(f"script {when!r} exhausted after {said} turns")
    raise Exhausted(f"no script for a conversation that begins {first[:200]!r}")


@dataclass(frozen=True)
class InstalledModel:
    """A model that the server has."""

    name: str = "gpt-oss:20b"
    capabilities: tuple[str, ...] = ("completion", "tools", "thinking")
    trained_context: int = 131072
    size: int = 13_780_173_724
    digest: str = "aa4295ac10c3afb60e6d711289fc6896f5aa82258997b9efdaed6d0cc4cd8b8b"
    details: dict[str, Any] = field(
        default_factory=lambda: {
            "parent_model": "",
            "format": "gguf",
            "family": "gptoss",
            "families": ["gptoss"],
            "parameter_size": "20.9B",
            "quantization_level": "MXFP4",
        }
    )

    def row(self) -> dict[str, Any]:
        """Its row in ``/api/tags``."""
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": CREATED,
            "size": self.size,
            "digest": self.digest,
            "details": self.details,
        }

    def show(self) -> dict[str, Any]:
        """Its answer to ``/api/show``."""
        family = self.details["family"]
        return {
            "details": self.details,
            "model_info": {
                "general.architecture": family,
                f"{family}.context_length": self.trained_context,
            },
            "capabilities": list(self.capabilities),
            "modified_at": CREATED,
        }


INTEGER_OPTIONS = {
    "num_ctx",
    "num_predict",
    "num_keep",
    "num_batch",
    "num_gpu",
    "num_thread",
    "seed",
    "top_k",
    "repeat_last_n",
}
FLOAT_OPTIONS = {"temperature", "top_p", "min_p", "repeat_penalty"}
THINK = {None, True, False, "high", "medium", "low", "max"}
ROLES = {"system", "user", "assistant", "tool"}

Complaint = tuple[int, str]
"""Status and error text."""


def complaint(request: Any, installed: dict[str, InstalledModel]) -> Complaint | None:
    """What the real server would refuse; ``None`` when nothing."""
    if not isinstance(request, dict):
        return 400, "json: cannot unmarshal into Go value of type api.ChatRequest"
    name = request.get("model")
    if not name:
        return 400, "model is required"
    if wrong := _wrong_fields(request):
        return 400, wrong
    model = installed.get(full_name(name))
    if model is None:
        return 404, f"model '{name}' not found"
    if wrong := _wrong_options(request.get("options") or {}):
        return 500, wrong
    if request.get("tools") and "tools" not in model.capabilities:
        return 400, f"registry.ollama.ai/library/{name} does not support tools"
    if request.get("think") and "thinking" not in model.capabilities:
        return 400, f'"{name}" does not support thinking'
    return None


def _wrong_fields(request: Request) -> str:
    if not isinstance(request.get("messages", []), list):
        return "json: cannot unmarshal into Go struct field ChatRequest.messages"
    think = request.get("think")
    if isinstance(think, (dict, list)) or think not in THINK:
        return (
            f"invalid think value: {json.dumps(think)} "
            '(must be "high", "medium", "low", "max", true, or false)'
        )
    for tool in request.get("tools") or []:
        if not isinstance(tool.get("function", {}).get("name"), str):
            return "json: cannot unmarshal into Go struct field ChatRequest.tools"
    for message in request.get("messages", []):
        if str(message.get("role")).lower() not in ROLES:
            return (
                f'invalid role: "{message.get("role")}", role must be one of '
                "[system, user, assistant, tool]"
            )
        for call in message.get("tool_calls") or []:
            if not isinstance(call["function"].get("arguments"), dict):
                return "json: cannot unmarshal string into Go struct field arguments"
    return ""


def _wrong_options(options: dict[str, Any]) -> str:
    for key, value in options.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if key in INTEGER_OPTIONS and not (number and value == int(value)):
            return f'option "{key}" must be of type integer'
        if key in FLOAT_OPTIONS and not number:
            return f'option "{key}" must be of type float32'
        if key == "stop" and not isinstance(value, list):
            return 'option "stop" must be of type array'
    return ""


def full_name(name: str) -> str:
    """With its tag, lower case, as the server compares names."""
    return (name if ":" in name else f"{name}:latest").lower()


def chunks(
    reply: Reply,
    request: Request,
    *,
    prompt_tokens: int,
    load_ns: int,
    calls_before: bool,
) -> list[dict[str, Any]]:
    """The lines of a streamed answer; the last has ``done`` and the metrics."""
    content, calls, reason, written = _limited(reply, request)
    messages: list[dict[str, Any]] = []
    for key, text in (("thinking", reply.thinking), ("content", content)):
        for at in range(0, len(text), reply.chunk_chars):
            piece = text[at : at + reply.chunk_chars]
            messages.append({"content": "", key: piece})
    last: dict[str, Any] = {"content": ""}
    if calls and calls_before:
        messages.append({"content": "", "tool_calls": calls})
    elif calls:
        last["tool_calls"] = calls
    read = prompt_tokens if reply.prompt_tokens is None else reply.prompt_tokens
    lines = [_line(request, message, done=False) for message in messages]
    done = _line(request, last, done=True)
    metrics = {
        "done_reason": reason,
        "total_duration": load_ns + read * PROMPT_NS + written * DECODE_NS,
        "load_duration": load_ns,
        "prompt_eval_count": read,
        "prompt_eval_duration": read * PROMPT_NS,
        "eval_count": written,
        "eval_duration": written * DECODE_NS,
    }
    return [*lines, done | {key: value for key, value in metrics.items() if value}]


def _line(request: Request, message: dict[str, Any], *, done: bool) -> dict[str, Any]:
    return {
        "model": request["model"],
        "created_at": CREATED,
        "message": {"role": "assistant", **message},
        "done": done,
    }


def _limited(
    reply: Reply, request: Request
) -> tuple[str, list[dict[str, Any]], str, int]:
    """Content, calls, done reason and tokens, within ``num_predict``."""
    calls = [_call(index, call) for index, call in enumerate(reply.tool_calls)]
    text = reply.thinking + reply.content + (json.dumps(calls) if calls else "")
    written = tokens(text) if reply.output_tokens is None else reply.output_tokens
    limit = (request.get("options") or {}).get("num_predict", -1)
    if 0 <= limit < written:
        room = max(0, limit * 4 - len(reply.thinking))
        return reply.content[:room], [], "length", limit
    content = _until_stop(reply.content, request)
    if content != reply.content:
        return content, [], "stop", tokens(reply.thinking + content)
    return content, calls, reply.done_reason, written


def _until_stop(content: str, request: Request) -> str:
    """A stop text ends the answer, and is no part of it."""
    for text in (request.get("options") or {}).get("stop") or ():
        content = content.partition(text)[0]
    return content


def _call(index: int, call: dict[str, Any]) -> dict[str, Any]:
    function = {
        "index": index,
        "name": call["name"],
        "arguments": call.get("arguments", {}),
    }
    return {"id": f"call_{index:08d}", "function": function}


def merged(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The one object of an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for line in lines:
        for key in ("content", "thinking"):
            if key in line["message"]:
                message[key] = message.get(key, "") + line["message"][key]
        if "tool_calls" in line["message"]:
            message["tool_calls"] = line["message"]["tool_calls"]
    return {**lines[-1], "message": message}


def go_json(value: Any) -> str:
    """JSON as Go writes it: ``< > &`` and two line ends escaped, U+0085 not."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def as_dict(value: Any) -> dict[str, Any]:
    """A dataclass as plain data."""
    return dataclasses.asdict(value)
