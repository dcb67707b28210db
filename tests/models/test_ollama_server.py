"""What a server is asked beside the chat."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from http.server import HTTPServer
from typing import Any

import pytest

from pytest_overnight.models import ollama_server
from pytest_overnight.models.ollama_server import capabilities
from pytest_overnight.models.ollama_server import check_server
from pytest_overnight.models.ollama_server import live_window
from pytest_overnight.models.ollama_server import server_facts
from pytest_overnight.models.ollama_server import unload
from tests.models.talk import NAME
from tests.models.talk import NOBODY
from tests.models.talk import ask
from tests.models.talk import serving
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import InstalledModel
from tests.support.ollama_wire import Reply

pytestmark = pytest.mark.needs("ollama-client")

NO_ADDRESSES = ["http://[bad", "http://127.0.0.1:port", "ftp://x", ""]


@contextmanager
def always_saying(value: Any) -> Iterator[str]:
    """A server that answers every question with ``value``; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


# -- before the night ----------------------------------------------------------------


def test_a_server_with_the_model_is_fine() -> None:
    models = [InstalledModel(NAME), InstalledModel("llama3:latest")]
    with OllamaServer(models=models) as server:
        assert check_server(server.url, NAME) is None
        assert check_server(server.url, "llama3") is None
        assert check_server(server.url.removeprefix("http://"), NAME) is None


def test_a_proxy_of_the_environment_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", NOBODY)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with OllamaServer() as server:
        assert check_server(server.url, NAME) is None


def test_a_missing_model_is_named_beside_those_there_are() -> None:
    with OllamaServer(models=[InstalledModel("llama3:8b")]) as server:
        said = check_server(server.url, NAME)
    assert said is not None
    assert f"`ollama pull {NAME}`" in said
    assert said.endswith("Installed: llama3:8b.")


def test_a_server_that_does_not_run_is_told_from_one_that_is_no_ollama() -> None:
    said = check_server(NOBODY, NAME)
    assert said is not None
    assert said.startswith(f"No Ollama server answers at {NOBODY}")
    with OllamaServer() as server:
        said = check_server(f"{server.url}/v1", NAME)
    assert said is not None
    assert "is not an Ollama server" in said


def test_a_server_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ollama_server, "PREFLIGHT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"http://127.0.0.1:{listening.getsockname()[1]}"
        said = check_server(host, NAME)
        assert live_window(host, NAME) == 0
    assert said is not None
    assert said.startswith("No Ollama server answers")


@pytest.mark.parametrize("host", NO_ADDRESSES)
def test_a_host_that_is_no_address_is_said_plainly(host: str) -> None:
    assert check_server(host, NAME) is not None


# -- facts ---------------------------------------------------------------------------


def test_what_is_known_of_the_server_is_recorded() -> None:
    with serving([Reply("a")]) as (server, model):
        ask(model)
        facts = server_facts(server.url, NAME)
    assert facts["host"] == server.url
    assert facts["server_version"] == "0.33.0"
    assert facts["digest"] == InstalledModel().digest
    assert facts["capabilities"] == ["completion", "tools", "thinking"]
    assert facts["trained_context_length"] == 131072
    assert facts["context_length"] == 8192
    assert facts["quantization_level"] == "MXFP4"


def test_what_a_model_can_do_is_known_before_it_is_asked() -> None:
    models = [InstalledModel(NAME, capabilities=("completion", "tools"))]
    with OllamaServer(models=models) as server:
        assert capabilities(server.url, NAME) == {"completion", "tools"}
        assert capabilities(server.url, "llama3") is None


def test_the_window_is_known_once_the_model_is_loaded() -> None:
    with serving([Reply("a")], window=4096) as (server, model):
        assert live_window(server.url, NAME) == 0
        ask(model)
        assert live_window(server.url, NAME) == 4096


@pytest.mark.parametrize("host", [NOBODY, *NO_ADDRESSES])
def test_of_a_server_that_is_gone_nothing_is_known(host: str) -> None:
    assert set(server_facts(host, NAME)) <= {"host", "client_version"}
    assert capabilities(host, NAME) is None
    assert live_window(host, NAME) == 0


@pytest.mark.parametrize(
    "value",
    [
        [],
        "text",
        {"models": {}, "capabilities": {}, "details": [], "model_info": ""},
        {"models": [3, {"name": 4}, {"name": NAME, "context_length": "many"}]},
    ],
    ids=["a list", "a text", "wrong members", "wrong rows"],
)
@pytest.mark.parametrize(
    ("ask", "unknown"), [(live_window, 0), (capabilities, None)], ids=["ps", "show"]
)
def test_what_makes_no_sense_is_not_known(
    value: Any, ask: Callable[[str, str], Any], unknown: Any
) -> None:
    with always_saying(value) as host:
        assert ask(host, NAME) == unknown
        assert server_facts(host, NAME)["host"] == host
        assert check_server(host, NAME) is not None


# -- the model's memory --------------------------------------------------------------


def test_a_model_gives_its_memory_back() -> None:
    with serving([Reply("a")]) as (server, model):
        ask(model)
        assert server.loaded
        assert unload(server.url, NAME)
        assert not server.loaded
        assert unload(server.url, NAME), "as it was"


@pytest.mark.parametrize("host", [NOBODY, *NO_ADDRESSES])
def test_of_nobody_no_memory_is_to_be_had(host: str) -> None:
    assert not unload(host, NAME)


def test_a_model_that_stays_is_not_waited_for_in_vain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ollama_server, "LOOK_SECONDS", 0.5)
    with always_saying({"models": [{"name": NAME, "context_length": 4096}]}) as host:
        assert not unload(host, NAME)
