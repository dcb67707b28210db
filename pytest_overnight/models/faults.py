"""Whatever goes wrong in a model call, sorted: the only place that does it.

What servers say is kept as data: it changes with their versions. Sources: Ollama's
``server/routes.go``, ``server/sched.go``, ``llm/server.go``, ``model/parsers/`` and
https://github.com/ollama/ollama/issues.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

import httpx
from ollama import ResponseError

from pytest_overnight.models.base import FaultKind
from pytest_overnight.models.base import ModelFault

DETAIL_CHARS = 1000

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
CONFIG_ERRORS = (httpx.TooManyRedirects, httpx.UnsupportedProtocol)
RUNNER_PATTERNS = (
    r"runner has unexpectedly stopped",
    r"error was encountered while running the model",
    r"(runner|llama-server) process (has terminated|no longer running)",
    r"timed out waiting for llama",
    r"out of memory",
    r"requires more system memory",
    r"cudamalloc failed",
    r"cuda error",
    r"may be incompatible with your version of ollama",
)
STATUS_REASONS = {429: "rate", 502: "gateway", 503: "busy", 504: "gateway"}
ERROR_REASONS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    # The client itself makes ConnectionError of httpx's where it does not stream.
    ((httpx.ConnectError, httpx.ConnectTimeout, ConnectionError), "refused"),
    ((httpx.TimeoutException,), "stall"),
    # The client takes every line for a JSON object, hence the last two.
    ((ValueError, httpx.DecodingError, AttributeError, TypeError), "garbled"),
    ((httpx.HTTPError, OSError), "cut"),
)
"""First match wins."""
HINTS = (
    (r"^404 page not found", "Name the server by host and port only, without a path."),
    (r"^model .* not found", "Get it with `ollama pull`, or choose another."),
)

CLIENT_ERRORS = (
    ResponseError,
    httpx.HTTPError,
    OSError,
    ValueError,
    AttributeError,
    TypeError,
)
"""All that Ollama's client is known to raise."""


def unsendable(error: Exception) -> ModelFault:
    """The request could not even be built."""
    detail = f"the request could not be built: {error}"
    return ModelFault("config", detail[:DETAIL_CHARS])


def fault_from(
    error: Exception, response: httpx.Response | None = None, partial: str = ""
) -> ModelFault:
    """Sort ``error``, raised by the client, into one of the five kinds.

    ``response``: the answer's head where one came. ``partial``: text that had come.
    """
    status = None
    if response is not None and response.is_error:
        status = response.status_code
    detail = _text_of(error, response if status else None)
    kind = _kind(detail.lower(), status, error)
    return ModelFault(
        kind,
        _with_hint(detail)[:DETAIL_CHARS],
        status,
        reason=_reason(kind, detail.lower(), status, error),
        retry_after=_retry_after(response) if status in {429, 503} else None,
        partial=partial,
    )


def _kind(text: str, status: int | None, error: Exception) -> FaultKind:
    # The order matters: unreadable model output, a full window and a missing ability
    # all come with statuses that alone would say something else.
    if _matches(MODEL_PATTERNS, text):
        return "model"
    if _matches(CONTEXT_PATTERNS, text):
        return "context"
    if _matches(CAPABILITY_PATTERNS, text):
        return "capability"
    if status in CONFIG_STATUSES or isinstance(error, CONFIG_ERRORS):
        return "config"
    return "config" if _matches(CONFIG_PATTERNS, text) else "infra"


def _reason(kind: FaultKind, text: str, status: int | None, error: Exception) -> str:
    if kind != "infra":
        return "unreadable" if kind == "model" else ""
    if status in STATUS_REASONS:
        return STATUS_REASONS[status]
    if _matches(RUNNER_PATTERNS, text):
        return "runner"
    if status is not None:
        return "http"
    if isinstance(error, ResponseError):
        return "stream"
    return next(reason for kinds, reason in ERROR_REASONS if isinstance(error, kinds))


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(re.search(pattern, text) for pattern in patterns)


def _text_of(error: Exception, response: httpx.Response | None) -> str:
    text = getattr(error, "error", None)
    if isinstance(text, dict):
        text = json.dumps(text)
    if not text and response is not None and response.is_stream_consumed:
        text = response.text
    return text or f"{type(error).__name__}: {error}".rstrip(": ")


def _with_hint(detail: str) -> str:
    for pattern, hint in HINTS:
        if re.search(pattern, detail):
            return f"{detail.rstrip('.')}. {hint}"
    return detail


def _retry_after(response: httpx.Response | None) -> float | None:
    """Seconds; the header holds seconds or a date (RFC 9110, 10.2.3)."""
    value = "" if response is None else response.headers.get("retry-after", "").strip()
    try:
        if re.fullmatch(r"\d+(\.\d+)?", value):
            seconds = float(value)
        else:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
