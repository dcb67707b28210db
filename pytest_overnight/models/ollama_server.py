"""What an Ollama server says of itself and its models, beside the chat.

Over plain HTTP: the official client lacks some of it and drops some.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import httpx

from pytest_overnight.models.address import base_url
from pytest_overnight.models.connection import CONNECT_SECONDS
from pytest_overnight.models.connection import plain_client

PREFLIGHT_SECONDS = 2.0
LOOK_SECONDS = 10.0
"""A loaded model is found at once; loading one takes longer, as does a dead server."""
UNLOAD_POLL_SECONDS = 0.2
_NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


def check_server(host: str, model: str) -> str | None:
    """Say what keeps ``model`` on ``host`` from answering; ``None``: nothing."""
    url = base_url(host)
    try:
        with plain_client(url, PREFLIGHT_SECONDS) as http:
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


def capabilities(host: str, model: str) -> frozenset[str] | None:
    """What the model can: ``completion tools thinking …``; ``None``: not known."""
    with (
        contextlib.suppress(*_NO_ANSWER),
        plain_client(base_url(host), CONNECT_SECONDS) as http,
    ):
        known = _json(http.post("/api/show", json={"model": model}))
        if isinstance(named := known.get("capabilities"), list):
            return frozenset(str(name) for name in named)
    return None


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model as it is loaded now."""

    window: int
    """Context window that it really has, tokens; 0: not known."""
    gpu_share: float | None
    """Part of it that lies in GPU memory, 0 to 1; ``None``: not known."""


def live_model(host: str, model: str) -> LiveModel | None:
    """The model as it is loaded; ``None``: it is not, or nobody says so."""
    with (
        contextlib.suppress(*_NO_ANSWER),
        plain_client(base_url(host), PREFLIGHT_SECONDS) as http,
    ):
        keys = ("context_length", "size", "size_vram")
        if facts := dict(_row_facts(_models(http, "/api/ps"), model, keys)):
            window = facts.get("context_length")
            return LiveModel(window if isinstance(window, int) else 0, _share(facts))
    return None


def _share(facts: dict[str, Any]) -> float | None:
    whole, part = facts.get("size"), facts.get("size_vram")
    if not isinstance(whole, int) or not isinstance(part, int) or whole <= 0:
        return None
    return round(min(max(0, part) / whole, 1.0), 4)


def live_window(host: str, model: str) -> int:
    """Context window that the loaded model really has, tokens; 0: not known.

    A server may give less than it was asked for, and says so only here.
    """
    live = live_model(host, model)
    return live.window if live else 0


def has_loaded(host: str, model: str, options: dict[str, Any], keep_alive: str) -> bool:
    """Whether a server that has fallen silent still answers for its model.

    Asks it to load the model, as it is loaded already: with the ``options`` of every
    call, since others would load it anew.
    """
    request = {
        "model": model,
        "messages": [],
        "options": options,
        "keep_alive": keep_alive,
    }
    try:
        with plain_client(base_url(host), LOOK_SECONDS) as http:
            return bool(http.post("/api/chat", json=request).status_code)
    except _NO_ANSWER:
        return False


def unload(host: str, model: str) -> bool:
    """Have the server give a model's memory back; whether it has, after a moment."""
    request = {"model": model, "messages": [], "keep_alive": 0}
    try:
        with plain_client(base_url(host), LOOK_SECONDS) as http:
            if not http.post("/api/chat", json=request).is_success:
                return False
    except _NO_ANSWER:
        return False
    # The server says yes first and frees the memory then.
    until = time.monotonic() + LOOK_SECONDS
    while live_model(host, model) is not None:
        if time.monotonic() > until:
            return False
        time.sleep(UNLOAD_POLL_SECONDS)
    return True


def server_facts(host: str, model: str) -> dict[str, Any]:
    """What is known of server and model, for the record; unknown is left out."""
    facts: dict[str, Any] = {}
    with (
        contextlib.suppress(*_NO_ANSWER),
        plain_client(base_url(host), CONNECT_SECONDS) as http,
    ):
        for key, value in _facts(http, model):
            facts[key] = value
    return facts


def _facts(http: httpx.Client, name: str) -> Iterator[tuple[str, Any]]:
    yield "host", str(http.base_url)
    yield "client_version", metadata.version("ollama")
    yield "server_version", _json(http.get("/api/version")).get("version")
    yield from _row_facts(_models(http, "/api/tags"), name, ("digest",))
    show = _json(http.post("/api/show", json={"model": name}))
    yield "capabilities", show.get("capabilities", [])
    details = _mapping(show.get("details"))
    for key in ("family", "parameter_size", "quantization_level"):
        if details.get(key):
            yield key, details[key]
    for key, value in _mapping(show.get("model_info")).items():
        if key.endswith(".context_length"):
            yield "trained_context_length", value
    live = ("context_length", "size", "size_vram")
    yield from _row_facts(_models(http, "/api/ps"), name, live)


def _row_facts(
    rows: list[dict[str, Any]], name: str, keys: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    for row in rows:
        if _full_name(str(row.get("name"))) == _full_name(name):
            yield from ((key, row[key]) for key in keys if key in row)


def _models(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    rows = _json(http.get(path)).get("models")
    return [_mapping(row) for row in rows] if isinstance(rows, list) else []


def _json(response: httpx.Response) -> dict[str, Any]:
    return _mapping(response.json()) if response.is_success else {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _full_name(model: str) -> str:
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def _not_ollama(url: str) -> str:
    return (
        f"Something answers at {url}, but it is not an Ollama server. Check the host "
        "and port given with --overnight-host or OLLAMA_HOST."
    )
