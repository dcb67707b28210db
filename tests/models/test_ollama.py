"""The adapter, with Ollama's own client, against a server that speaks its protocol."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_overnight.agents.tools import schemas
from pytest_overnight.models import ollama as adapter
from pytest_overnight.models.base import Message
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.models.ollama import OllamaModel
from pytest_overnight.models.ollama import base_url
from pytest_overnight.models.ollama import check_server
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import Fault
from tests.support.ollama_wire import InstalledModel
from tests.support.ollama_wire import Reply

pytestmark = pytest.mark.needs("ollama-client")

NAME = "gpt-oss:20b"
MESSAGES: list[Message] = [
    {"role": "system", "content": "Do the task."},
    {"role": "user", "content": "Begin."},
]
CALL = {"name": "write_file", "arguments": {"path": "a.py", "content": "x = '<&>'\n"}}


@contextmanager
def model_at(url: str, **options: Any) -> Iterator[OllamaModel]:
    given = {
        "num_ctx": 8192,
        "num_predict": 512,
        "temperature": 0.7,
        "think": "medium",
        "seed": 7,
        **options,
    }
    with closing(OllamaModel(NAME, url, **given)) as model:
        yield model


@contextmanager
def serving(
    script: Sequence[Reply] = (), **options: Any
) -> Iterator[tuple[OllamaServer, OllamaModel]]:
    with OllamaServer(script, **options) as server, model_at(server.url) as model:
        yield server, model


def ask(model: OllamaModel, seconds: float = 30.0) -> Turn:
    return model.chat(MESSAGES, schemas(), time.monotonic() + seconds)


def fault_of(reply: Reply, **options: Any) -> ModelFault:
    # More than once: a client follows redirects.
    script = [reply] * 30
    with (
        OllamaServer(script) as server,
        model_at(server.url, **options) as model,
        pytest.raises(ModelFault) as caught,
    ):
        ask(model)
    return caught.value


def eventually(holds: Callable[[], bool]) -> bool:
    """Another thread's doing: wait for it, for five seconds at most."""
    until = time.monotonic() + 5
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


# -- the way it should go ----------------------------------------------------------


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_turn_is_whole_in_every_framing(framing: str) -> None:
    reply = Reply(
        thinking="I should write a file, a long one.",
        content="Here is the file: < & > \u2028 done",
        tool_calls=[CALL, {"name": "finish"}],
        prompt_tokens=100,
        output_tokens=50,
    )
    with serving([reply], framing=framing) as (_, model):
        turn = ask(model)
    assert turn.thinking == reply.thinking
    assert turn.content == reply.content
    assert turn.tool_calls == (
        ToolCall("write_file", CALL["arguments"]),
        ToolCall("finish", {}),
    )
    assert (turn.done_reason, turn.prompt_tokens, turn.output_tokens) == (
        "stop",
        100,
        50,
    )
    assert turn.load_seconds == 0.005
    assert turn.decode_seconds == 1.0
    assert 0 < turn.first_token_seconds <= turn.seconds


def test_options_are_sent_in_every_call_and_always_the_same() -> None:
    with serving([Reply("a"), Reply("b")]) as (server, model):
        ask(model)
        ask(model)
    for request in server.requests:
        assert request["options"] == {
            "num_ctx": 8192,
            "num_predict": 512,
            "seed": 7,
            "temperature": 0.7,
        }
        assert request["keep_alive"] == "30m"
        assert request["think"] == "medium"
        assert request["stream"] is True
        assert request["tools"] == schemas()
        assert request["messages"] == MESSAGES


def test_without_a_temperature_the_models_own_default_holds() -> None:
    with (
        OllamaServer([Reply("a")]) as server,
        model_at(server.url, temperature=None) as model,
    ):
        ask(model)
    assert "temperature" not in server.requests[0]["options"]


def test_a_conversation_with_tools_is_taken_by_the_server() -> None:
    history = [
        *MESSAGES,
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [{"function": CALL}],
        },
        {"role": "tool", "tool_name": "write_file", "content": "Wrote a.py."},
    ]
    with serving([Reply("ok")]) as (server, model):
        model.chat(history, schemas(), math.inf)
    turn, answer = server.requests[0]["messages"][2:]
    assert turn["tool_calls"] == [{"function": CALL}]
    assert turn["thinking"] == "hm"
    assert answer["tool_name"] == "write_file"


def test_an_answer_at_the_output_limit_says_so() -> None:
    reply = Reply("word " * 1000, tool_calls=[CALL])
    with serving([reply]) as (_, model):
        turn = ask(model)
    assert (turn.done_reason, turn.output_tokens) == ("length", 512)
    assert turn.tool_calls == ()


def test_what_comes_after_the_last_line_is_not_read() -> None:
    late = Fault("extra", body={"message": {"content": "late"}, "done": False})
    with serving([Reply("whole", fault=late)]) as (_, model):
        assert ask(model).content == "whole"


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving([Reply("direct")]) as (server, model):
        assert ask(model).content == "direct"
        assert check_server(server.url, NAME) is None


def test_a_model_that_cannot_think_is_asked_without_from_then_on() -> None:
    plain = InstalledModel(NAME, capabilities=("completion", "tools"))
    with serving([Reply("a"), Reply("b")], models=[plain]) as (server, model):
        assert [ask(model).content, ask(model).content] == ["a", "b"]
    assert ["think" in request for request in server.requests] == [True, False, False]


def test_after_an_unreadable_answer_another_seed_is_tried() -> None:
    broken = Fault("status", body="error parsing tool call: raw='{', err=EOF")
    script = [Reply(fault=broken), Reply("better")]
    with serving(script) as (server, model):
        with pytest.raises(ModelFault):
            ask(model)
        ask(model)
    assert [request["options"]["seed"] for request in server.requests] == [7, 8]


# -- the five kinds of fault ---------------------------------------------------------

EXCEEDED = (
    '{"error":{"code":400,"message":"request (42947 tokens) exceeds the available '
    'context size (8192 tokens), try increasing it",'
    '"type":"exceed_context_size_error","n_prompt_tokens":42947,"n_ctx":8192}}'
)


def status(code: int, body: Any = "", kind: str = "application/json") -> Fault:
    return Fault("status", status=code, body=body, content_type=kind)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("model", status(500, "error parsing tool call: raw='{', err=EOF")),
        (
            "model",
            status(500, 'llama-server returned invalid tool call arguments for "x"'),
        ),
        ("model", status(500, "failed to parse JSON: unexpected end of input")),
        ("model", status(500, "tool 'frob' not found")),
        ("model", Fault("line", 1, body={"error": "error parsing tool call: raw='{'"})),
        ("model", Fault("line", 1, body={"error parsing tool call": "raw='{'"})),
        ("context", status(400, EXCEEDED)),
        ("context", status(400, "the prompt is longer than the context length")),
        ("context", status(500, "no user query found in messages")),
        (
            "capability",
            status(400, "registry.ollama.ai/library/x does not support tools"),
        ),
        ("config", status(404, f"model '{NAME}' not found")),
        ("config", status(404, "404 page not found", "text/plain")),
        ("config", status(401, "unauthorized")),
        ("config", status(403, "", "text/plain")),
        ("config", status(500, 'option "num_ctx" must be of type integer')),
        ("config", Fault("redirect")),
        ("infra", status(429, "slow down")),
        ("infra", status(500, "model runner has unexpectedly stopped")),
        ("infra", status(502, "<html>Bad Gateway</html>", "text/html")),
        ("infra", status(503, "server busy, please try again.")),
        ("infra", status(500, ["a list"])),
        ("infra", status(500, {"error": {"message": "as OpenAI says it"}})),
        ("infra", Fault("close")),
        ("infra", Fault("garbage")),
        ("infra", Fault("cut", 2)),
        ("infra", Fault("reset", 2)),
        ("infra", Fault("no_done")),
        ("infra", Fault("line", 1, body={"error": "an error was encountered"})),
        ("infra", Fault("line", 1, body={"error": {"message": "a mapping"}})),
        ("infra", Fault("line", 1, body={"error": "123"})),
        ("infra", Fault("line", 1, body="")),
        ("infra", Fault("line", 1, body='{"message": {"content": "half')),
        ("infra", Fault("line", 1, body="not JSON at all")),
        ("infra", Fault("line", 1, body=[])),
        ("infra", Fault("line", 1, body={"done": False})),
    ],
)
def test_every_failure_is_one_of_five_kinds(kind: str, fault: Fault) -> None:
    reply = Reply("content that comes in several lines", tool_calls=[CALL], fault=fault)
    found = fault_of(reply)
    assert found.kind == kind
    assert found.retryable == (kind in {"infra", "model"})
    assert found.detail


def test_a_character_that_splits_lines_for_the_client_is_a_fault() -> None:
    assert fault_of(Reply("next\x85line", chunk_chars=99)).kind == "infra"


def test_a_server_that_is_not_there_is_waited_for() -> None:
    with model_at("http://127.0.0.1:9") as model, pytest.raises(ModelFault) as caught:
        ask(model)
    assert caught.value.kind == "infra"


def test_a_server_that_falls_silent_is_given_up_after_a_while() -> None:
    assert fault_of(Reply(fault=Fault("stall")), stall_seconds=0.1).kind == "infra"
    silent = Reply("a" * 99, fault=Fault("stall", 3))
    assert fault_of(silent, stall_seconds=0.1).kind == "infra"


def test_a_healthy_silence_is_waited_out() -> None:
    with serving([Reply("late", delay=0.2)]) as (_, model):
        assert ask(model).content == "late"


def test_a_message_that_cannot_be_sent_is_our_fault_and_not_retried() -> None:
    with model_at("http://127.0.0.1:9") as model, pytest.raises(ModelFault) as caught:
        model.chat([{"role": "user", "content": 3}], [], math.inf)
    assert caught.value.kind == "config"


# -- the deadline --------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault=Fault("stall")),
        Reply("a" * 99, fault=Fault("stall", 3)),
        Reply("a" * 9999, gap=0.02),
    ],
    ids=["before the first line", "in the middle", "line after line"],
)
def test_at_the_deadline_the_call_is_cut_and_the_server_told(reply: Reply) -> None:
    with serving([reply, Reply("next")]) as (server, model):
        with pytest.raises(TimeoutError):
            ask(model, seconds=0.2)
        assert eventually(lambda: server.totals.disconnects == 1)
        assert ask(model).content == "next"


def test_without_time_nothing_is_asked() -> None:
    with (
        serving() as (server, model),
        pytest.raises(TimeoutError),
    ):
        ask(model, seconds=0)
    assert server.requests == []


# -- before the night ----------------------------------------------------------------


def test_a_server_with_the_model_is_fine() -> None:
    models = [InstalledModel(NAME), InstalledModel("llama3:latest")]
    with OllamaServer(models=models) as server:
        assert check_server(server.url, NAME) is None
        assert check_server(server.url, "llama3") is None
        assert check_server(server.url.removeprefix("http://"), NAME) is None


def test_a_missing_model_is_named_beside_those_there_are() -> None:
    with OllamaServer(models=[InstalledModel("llama3:8b")]) as server:
        said = check_server(server.url, NAME)
    assert said is not None
    assert f"`ollama pull {NAME}`" in said
    assert said.endswith("Installed: llama3:8b.")


def test_a_server_that_does_not_run_is_told_from_one_that_is_no_ollama() -> None:
    said = check_server("http://127.0.0.1:9", NAME)
    assert said is not None
    assert said.startswith("No Ollama server answers at http://127.0.0.1:9")
    with OllamaServer() as server:
        said = check_server(f"{server.url}/v1", NAME)
    assert said is not None
    assert "is not an Ollama server" in said


def test_a_server_that_never_answers_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "PREFLIGHT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        said = check_server(f"http://127.0.0.1:{listening.getsockname()[1]}", NAME)
    assert said is not None
    assert said.startswith("No Ollama server answers")


@pytest.mark.parametrize(
    "host", ["http://[bad", "http://127.0.0.1:port", "ftp://x", ""]
)
def test_a_host_that_is_no_address_is_said_plainly(host: str) -> None:
    assert check_server(host, NAME) is not None


def test_what_is_known_of_the_server_is_recorded() -> None:
    with serving([Reply("a")]) as (server, model):
        ask(model)
        facts = model.server_facts()
    assert facts["host"] == server.url
    assert facts["server_version"] == "0.33.0"
    assert facts["digest"] == InstalledModel().digest
    assert facts["capabilities"] == ["completion", "tools", "thinking"]
    assert facts["trained_context_length"] == 131072
    assert facts["context_length"] == 8192
    assert facts["quantization_level"] == "MXFP4"


def test_of_a_server_that_is_gone_nothing_new_is_known() -> None:
    with model_at("http://127.0.0.1:9") as model:
        assert set(model.server_facts()) <= {"host", "client_version"}


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("gpu:8080", "http://gpu:8080"),
        ("http://gpu:8080/", "http://gpu:8080"),
        ("https://gpu", "https://gpu"),
    ],
)
def test_a_host_may_be_short(host: str, url: str) -> None:
    assert base_url(host) == url
