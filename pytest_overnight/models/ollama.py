"""A model behind an Ollama server: the one place that knows Ollama's client.

Protocol and traps: https://github.com/ollama/ollama/blob/main/docs/api.md. Whatever
the client raises leaves this module as a :class:`ModelFault` or ``TimeoutError``.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterable
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import httpx

from pytest_overnight.models.base import FaultKind
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.settings import Settings

KEEP_ALIVE = "30m"
"""Longer than any pause between two rounds: an unloaded model costs a load."""
CONNECT_SECONDS = 5.0
WRITE_SECONDS = 30.0
PREFLIGHT_SECONDS = 2.0
DETAIL_CHARS = 1000
NANOSECONDS = 1e9

# What the server's parsers say when the model's own output could not be read. It comes
# as status 500 and must be told from a broken server, so these are looked for first.
MODEL_PATTERNS = (
    r"error parsing tool call",
    r"invalid tool call arguments",
    r"failed to parse json",
    r"empty function name",
    r"incomplete glm tool call",
    r"tool '[^']*' not found",
)
CONTEXT_PATTERNS = (
    r"exceed_context_size",
    r"exceeds the available context size",
    r"longer than the context length",
    r"no user query found in messages",
)
CAPABILITY_PATTERNS = (r"does not support (tools|thinking|chat)",)
CONFIG_PATTERNS = (r"option \"?\w+\"? must be of type",)
CONFIG_STATUSES = {400, 401, 403, 404, 405}


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
        stall_seconds: float = 600.0,
    ) -> None:
        """``stall_seconds``: longest silence of a healthy call.

        Loading, reading the prompt and, with some models, writing a long tool call
        all pass without a byte.
        """
        import ollama

        self.name = name
        self._url = base_url(host)
        self._options: dict[str, Any] = {
            "num_ctx": num_ctx,
            "num_predict": num_predict,
            "seed": seed,
        }
        if temperature is not None:
            self._options["temperature"] = temperature
        self._think = think
        self._stall = stall_seconds
        self._deadline = float("inf")
        self._guard: threading.Timer | None = None
        self._client = ollama.Client(
            host=self._url,
            event_hooks={"request": [self._set_timeouts], "response": [self._arm]},
            **_connection_options(self._url),
        )

    @classmethod
    def of(cls, settings: Settings, seed: int) -> OllamaModel:
        """The model that a night asked for; ``seed`` is below 2**31."""
        return cls(
            settings.model,
            settings.host,
            num_ctx=settings.num_ctx,
            num_predict=settings.num_predict,
            temperature=settings.temperature,
            think=settings.think,
            seed=seed,
        )

    def chat(
        self, messages: list[Message], tools: list[dict[str, Any]], deadline: float
    ) -> Turn:
        """One completed turn; see :class:`pytest_overnight.models.base.Model`."""
        try:
            return self._ask(messages, tools, deadline)
        except ModelFault as fault:
            if fault.kind == "model":
                # The same seed would draw the same unreadable answer again.
                self._options["seed"] += 1
            if self._think is None or "support thinking" not in fault.detail:
                raise
        self._think = None
        return self._ask(messages, tools, deadline)

    def server_facts(self) -> dict[str, Any]:
        """What is known of server and model, for the record; unknown is left out."""
        facts: dict[str, Any] = {}
        with (
            contextlib.suppress(httpx.HTTPError, ValueError),
            _plain_client(self._url, CONNECT_SECONDS) as http,
        ):
            for key, value in _facts(http, self.name):
                facts[key] = value
        return facts

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _ask(
        self, messages: list[Message], tools: list[dict[str, Any]], deadline: float
    ) -> Turn:
        started = time.monotonic()
        if started >= deadline:
            raise TimeoutError("no time left for a model call")
        self._deadline = deadline
        try:
            chunks = self._client.chat(
                model=self.name,
                messages=messages,
                tools=tools,
                stream=True,
                think=self._think,
                options=self._options,
                keep_alive=KEEP_ALIVE,
            )
        except ValueError as error:
            detail = f"the request could not be built: {error}"
            raise ModelFault("config", detail[:DETAIL_CHARS]) from error
        try:
            return _collect(chunks, started, deadline)
        except _client_errors() as error:
            if time.monotonic() >= deadline:
                raise TimeoutError("the model call was cut at the deadline") from error
            raise fault_from(error) from error
        finally:
            _close(chunks)
            self._disarm()

    def _set_timeouts(self, request: httpx.Request) -> None:
        left = max(0.001, self._deadline - time.monotonic())
        timeout = httpx.Timeout(
            CONNECT_SECONDS, read=min(self._stall, left), write=WRITE_SECONDS
        )
        request.extensions["timeout"] = timeout.as_dict()

    def _arm(self, response: httpx.Response) -> None:
        """Cut the connection at the deadline.

        A read timeout bounds one silence only, and was set when the request began: a
        stream that falls silent just before the deadline would outlive it.
        """
        stream = response.extensions["network_stream"]
        connection: socket.socket = stream.get_extra_info("socket")
        left = min(self._deadline - time.monotonic(), threading.TIMEOUT_MAX)
        self._disarm()
        self._guard = threading.Timer(max(0.0, left), _shut, [connection])
        self._guard.daemon = True
        self._guard.start()

    def _disarm(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None


def base_url(host: str) -> str:
    """``host`` as a URL; port 11434 when neither scheme nor port is given."""
    if "://" in host:
        return host.rstrip("/")
    return f"http://{host}" if ":" in host else f"http://{host}:11434"


def check_server(host: str, model: str) -> str | None:
    """Say what keeps ``model`` on ``host`` from answering; ``None``: nothing."""
    url = base_url(host)
    try:
        with _plain_client(url, PREFLIGHT_SECONDS) as http:
            version = _json(http.get("/api/version")).get("version")
            if not version:
                return _not_ollama(url)
            installed = sorted(row["name"] for row in _models(http, "/api/tags"))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return (
            f"No Ollama server answers at {url} within {PREFLIGHT_SECONDS:g} s "
            f"({type(error).__name__}: {error}). Start it with `ollama serve`, or name "
            "another with --overnight-host or OLLAMA_HOST."
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return _not_ollama(url)
    if _full_name(model) in {_full_name(name) for name in installed}:
        return None
    shown = ", ".join(installed) or "none"
    return (
        f"The Ollama server at {url} does not have the model {model}. "
        f"Get it with `ollama pull {model}`, or choose another with --model. "
        f"Installed: {shown}."
    )


def fault_from(error: Exception) -> ModelFault:
    """Sort anything the client raised into one of the five kinds.

    The order matters: unreadable model output, a full window and a missing ability
    all come with statuses that alone would say something else.
    """
    status = getattr(error, "status_code", None)
    detail = _text_of(error)
    kind = _kind(detail.lower(), status, isinstance(error, httpx.TooManyRedirects))
    return ModelFault(
        kind, detail[:DETAIL_CHARS], status, retryable=kind in {"infra", "model"}
    )


def _kind(text: str, status: int | None, redirected: bool) -> FaultKind:
    if _matches(MODEL_PATTERNS, text):
        return "model"
    if _matches(CONTEXT_PATTERNS, text):
        return "context"
    if _matches(CAPABILITY_PATTERNS, text):
        return "capability"
    if status in CONFIG_STATUSES or redirected or _matches(CONFIG_PATTERNS, text):
        return "config"
    return "infra"


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)


def _text_of(error: Exception) -> str:
    text = getattr(error, "error", None)
    if isinstance(text, dict):
        text = json.dumps(text)
    return text or f"{type(error).__name__}: {error}".rstrip(": ")


def _client_errors() -> tuple[type[Exception], ...]:
    import ollama

    # AttributeError and TypeError: the client takes every answer for a JSON object.
    return (
        ollama.ResponseError,
        httpx.HTTPError,
        OSError,
        ValueError,
        AttributeError,
        TypeError,
        _Cut,
    )


class _Cut(Exception):
    """The stream ended before it said that it was done."""


def _collect(chunks: Iterator[Any], started: float, deadline: float) -> Turn:
    """Read chunks up to ``done``; what a server sends after it is not read."""
    content: list[str] = []
    thinking: list[str] = []
    calls: list[ToolCall] = []
    first = 0.0
    for chunk in chunks:
        now = time.monotonic()
        first = first or now - started
        if now >= deadline:
            raise _Cut("cut at the deadline")
        content.append(chunk.message.content or "")
        thinking.append(chunk.message.thinking or "")
        for call in chunk.message.tool_calls or ():
            calls.append(ToolCall(call.function.name, dict(call.function.arguments)))
        if chunk.done:
            return Turn(
                content="".join(content),
                thinking="".join(thinking),
                tool_calls=tuple(calls),
                done_reason=chunk.done_reason or "stop",
                prompt_tokens=chunk.prompt_eval_count or 0,
                output_tokens=chunk.eval_count or 0,
                seconds=now - started,
                first_token_seconds=first,
                load_seconds=(chunk.load_duration or 0) / NANOSECONDS,
                decode_seconds=(chunk.eval_duration or 0) / NANOSECONDS,
            )
    raise _Cut("the stream ended before the answer was done")


def _close(chunks: Iterator[Any]) -> None:
    """Close the client's generator, and with it the connection: the server stops."""
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _connection_options(url: str) -> dict[str, Any]:
    # A proxy from the environment would swallow calls to this machine. For plain http
    # no TLS context is needed, and making one takes 76 ms.
    return {"trust_env": False, "verify": not url.startswith("http://")}


def _plain_client(url: str, seconds: float) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=seconds, **_connection_options(url))


def _facts(http: httpx.Client, name: str) -> Iterator[tuple[str, Any]]:
    yield "host", str(http.base_url)
    yield "client_version", metadata.version("ollama")
    yield "server_version", _json(http.get("/api/version")).get("version")
    yield from _row_facts(_models(http, "/api/tags"), name, ("digest",))
    show = _json(http.post("/api/show", json={"model": name}))
    yield "capabilities", show.get("capabilities", [])
    details = show.get("details") or {}
    for key in ("family", "parameter_size", "quantization_level"):
        if details.get(key):
            yield key, details[key]
    for key, value in (show.get("model_info") or {}).items():
        if key.endswith(".context_length"):
            yield "trained_context_length", value
    live = ("context_length", "size", "size_vram")
    yield from _row_facts(_models(http, "/api/ps"), name, live)


def _row_facts(
    rows: list[dict[str, Any]], name: str, keys: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    for row in rows:
        if _full_name(row.get("name", "")) == _full_name(name):
            yield from ((key, row[key]) for key in keys if key in row)


def _models(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _json(http.get(path)).get("models") or []
    return rows


def _json(response: httpx.Response) -> dict[str, Any]:
    value = response.json() if response.is_success else {}
    return value if isinstance(value, dict) else {}


def _full_name(model: str) -> str:
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def _not_ollama(url: str) -> str:
    return (
        f"Something answers at {url}, but it is not an Ollama server. Check the host "
        "and port given with --overnight-host or OLLAMA_HOST."
    )
