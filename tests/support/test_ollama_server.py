"""The scripted server is itself held to the protocol."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.support.ollama_prompt import prompt_of
from tests.support.ollama_server import FRAMINGS
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import Fault
from tests.support.ollama_wire import InstalledModel
from tests.support.ollama_wire import Reply

NAME = "gpt-oss:20b"
ROOT = Path(__file__).resolve().parents[2]


def send(
    server: OllamaServer, path: str, body: Any = None, **more: Any
) -> tuple[int, str, str]:
    """Status, content type and text of one answer; POST where there is a body."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    method = more.pop("method", "GET" if body is None else "POST")
    data = body if isinstance(body, (str, bytes, type(None))) else json.dumps(body)
    connection.request(method, path, data, more)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get("Content-Type", ""), text


def chat(server: OllamaServer, **more: Any) -> tuple[int, str, str]:
    message = {"role": "user", "content": "hello"}
    body = {"model": NAME, "messages": [message], **more}
    return send(server, "/api/chat", body)


CALL = {"name": "finish", "arguments": {"summary": "a < b"}}
REPLY = Reply("some words", "thought", [CALL], prompt_tokens=10, output_tokens=5)


def test_a_stream_is_lines_of_json_with_the_metrics_in_the_last() -> None:
    with OllamaServer([REPLY]) as server:
        status, kind, text = chat(server)
    lines = [json.loads(line) for line in text.splitlines()]
    assert (status, kind) == (200, "application/x-ndjson")
    assert [line["done"] for line in lines] == [False, False, True]
    assert lines[0]["message"] == {
        "role": "assistant",
        "content": "",
        "thinking": "thought",
    }
    assert lines[-1]["message"]["tool_calls"] == [
        {"id": "call_00000000", "function": {"index": 0, **CALL}}
    ]
    assert lines[-1]["done_reason"] == "stop"
    assert lines[-1]["load_duration"] == 5_000_000
    assert lines[-1]["prompt_eval_duration"] == 10_000_000
    assert lines[-1]["eval_duration"] == 100_000_000
    assert lines[-1]["total_duration"] == 115_000_000
    assert r"a \u003c b" in text


def test_calls_may_come_before_the_last_line() -> None:
    with OllamaServer([REPLY], framing="before") as server:
        lines = [json.loads(line) for line in chat(server)[2].splitlines()]
    assert "tool_calls" in lines[-2]["message"]
    assert "tool_calls" not in lines[-1]["message"]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_without_a_stream_one_object_holds_everything(framing: str) -> None:
    with OllamaServer([REPLY], framing=framing) as server:
        status, kind, text = chat(server, stream=False)
    answer = json.loads(text)
    assert (status, kind) == (200, "application/json; charset=utf-8")
    assert answer["message"]["content"] == "some words"
    assert answer["message"]["thinking"] == "thought"
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "finish"
    assert answer["eval_count"] == 5


def test_what_was_served_is_counted() -> None:
    with OllamaServer([REPLY, REPLY]) as server:
        chat(server)
        chat(server, stream=False)
        chat(server, think="a lot")
    totals = server.totals
    assert (totals.requests, totals.rounds, totals.tool_calls) == (3, 2, 2)
    assert (totals.prompt_tokens, totals.output_tokens) == (20, 10)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("", 400, "missing request body"),
        ("{", 400, "Expecting property name"),
        ({}, 400, "model is required"),
        ({"model": "nope"}, 404, "model 'nope' not found"),
        ({"model": NAME, "think": "none"}, 400, 'invalid think value: "none"'),
        (
            {"model": NAME, "options": {"num_ctx": "8192"}},
            500,
            'option "num_ctx" must be of type integer',
        ),
        (
            {"model": NAME, "options": {"temperature": None}},
            500,
            'option "temperature" must be of type float32',
        ),
        (
            {"model": NAME, "messages": [{"role": "robot"}]},
            400,
            'invalid role: "robot"',
        ),
        (
            {"model": "plain", "tools": [{"function": {"name": "f"}}]},
            400,
            "registry.ollama.ai/library/plain does not support tools",
        ),
        ({"model": "plain", "think": True}, 400, '"plain" does not support thinking'),
    ],
)
def test_a_wrong_request_is_refused_as_the_real_server_does(
    body: Any, status: int, error: str
) -> None:
    models = [InstalledModel(), InstalledModel("plain:latest", ("completion",))]
    with OllamaServer(models=models) as server:
        answered, _, text = send(server, "/api/chat", body, method="POST")
    assert answered == status
    assert json.loads(text)["error"].startswith(error)


def test_paths_methods_and_hosts_are_refused_as_the_real_server_does() -> None:
    with OllamaServer() as server:
        assert send(server, "/")[2] == "Ollama is running"
        assert send(server, "/v1/api/version")[::2] == (404, "404 page not found")
        assert send(server, "/api/chat")[0] == 405
        assert send(server, "/api/tags", "{}")[0] == 405
        assert send(server, "/", Host="example.com")[::2] == (403, "")
        assert send(server, "/", method="HEAD")[::2] == (200, "")


def test_a_model_is_loaded_once_for_the_same_options() -> None:
    options = {"num_ctx": 2048}
    with OllamaServer([REPLY] * 3) as server:
        answers = [
            json.loads(chat(server, stream=False, options=each)[2])
            for each in (options, options | {"seed": 1}, {"num_ctx": 4096})
        ]
        running = json.loads(send(server, "/api/ps")[2])["models"]
    assert ["load_duration" in answer for answer in answers] == [True, False, True]
    assert [row["context_length"] for row in running] == [4096]


def test_without_messages_a_model_is_only_loaded_or_unloaded() -> None:
    with OllamaServer() as server:
        load = json.loads(chat(server, messages=[])[2])
        assert list(server.loaded) == [NAME]
        unload = json.loads(chat(server, messages=[], keep_alive=0)[2])
        assert list(server.loaded) == []
    assert (load["done_reason"], unload["done_reason"]) == ("load", "unload")


def test_a_full_window_drops_old_messages_but_never_the_system_message() -> None:
    system = {"role": "system", "content": "s" * 400}
    old = [{"role": "user", "content": "o" * 4000} for _ in range(9)]
    last = {"role": "user", "content": "l" * 400}

    def count(*messages: dict[str, str]) -> int:
        return prompt_of({"messages": list(messages)}, 1024).tokens

    assert count(system, *old, last) == count(system, last)
    # One message too long for the window: half of it is cut away.
    assert count(system, *old, {"role": "user", "content": "l" * 9000}) == 514


def test_a_turn_sees_only_what_the_window_leaves_of_the_request() -> None:
    def count(request: dict[str, Any]) -> Reply:
        return Reply(" ".join(m["role"] for m in request["messages"]))

    messages = [
        {"role": "system", "content": "the task"},
        *({"role": "user", "content": "o" * 4000} for _ in range(3)),
        {"role": "tool", "content": "news"},
    ]
    with OllamaServer([count, count], window=1500, window_shown=4096) as server:
        options = {"num_ctx": 4096}
        small = json.loads(
            chat(server, stream=False, messages=messages, options=options)[2]
        )
        running = json.loads(send(server, "/api/ps")[2])["models"]
        messages[0]["content"] *= 1000
        broken = json.loads(
            chat(server, stream=False, messages=messages, options=options)[2]
        )
    assert small["message"]["content"] == "system user tool"
    assert small["prompt_eval_count"] == server.seen[0].tokens < 1500
    assert not server.seen[0].whole
    assert [row["context_length"] for row in running] == [4096]
    # The system message alone is too long: its end is left.
    assert broken["prompt_eval_count"] == 1500 - (1500 - 4) // 2
    assert len(server.seen[1].messages[0]["content"]) < 4 * 752
    assert server.seen[1].text.endswith("news")


def test_a_stop_text_ends_the_answer_before_it() -> None:
    reply = Reply("one </end> two", tool_calls=[CALL])
    with OllamaServer([reply]) as server:
        options = {"stop": ["</other>", " </end>"]}
        answer = json.loads(chat(server, stream=False, options=options)[2])
    assert answer["message"] == {"role": "assistant", "content": "one"}
    assert (answer["done_reason"], answer["eval_count"]) == ("stop", 1)


def test_a_refusal_may_ask_to_be_left_alone() -> None:
    busy = Fault("status", status=503, body="busy", headers={"Retry-After": "7"})
    with OllamaServer([Reply(fault=busy)]) as server:
        connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        message = {"role": "user", "content": "hi"}
        body = json.dumps({"model": NAME, "messages": [message]})
        connection.request("POST", "/api/chat", body)
        answer = connection.getresponse()
        connection.close()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")


def test_a_model_may_have_been_unloaded_meanwhile() -> None:
    with OllamaServer([REPLY, Reply("a", reload_seconds=12.5)]) as server:
        chat(server)
        answer = json.loads(chat(server, stream=False)[2])
    assert answer["load_duration"] == 12_500_000_000


def test_a_server_may_leave_and_come_back_at_the_same_port() -> None:
    gone = Reply("bye", away=math.inf)
    with OllamaServer([gone, Reply("back", away=0.01), Reply("again")]) as server:
        assert "bye" in chat(server)[2]
        with pytest.raises(ConnectionRefusedError):
            chat(server)
        server.come_back()
        assert "back" in chat(server)[2]
        assert eventually(lambda: listens(server))
        assert "again" in chat(server)[2]
    assert not listens(server)


def listens(server: OllamaServer) -> bool:
    try:
        return send(server, "/")[0] == 200
    except ConnectionRefusedError:
        return False


def eventually(holds: Callable[[], bool]) -> bool:
    """Another thread's doing: wait for it, for five seconds at most."""
    until = time.monotonic() + 5
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


def test_a_busy_server_goes_on_when_its_client_has_gone() -> None:
    stall = Reply("a", fault=Fault("stall"), goes_on=0.3)
    with OllamaServer([stall, Reply("next")]) as server:
        host = server.url.removeprefix("http://")
        message = {"role": "user", "content": "hi"}
        body = json.dumps({"model": NAME, "messages": [message]})
        first = HTTPConnection(host, timeout=0.1)
        first.request("POST", "/api/chat", body)
        with pytest.raises(TimeoutError):
            first.getresponse()
        asked = time.monotonic()
        first.close()
        # This one hangs up in the queue; no turn of the script is spent on it.
        second = HTTPConnection(host, timeout=0.1)
        second.request("POST", "/api/chat", body)
        second.close()
        assert "next" in chat(server)[2]
        waited = time.monotonic() - asked
    assert waited >= 0.3
    assert (server.totals.disconnects, server.totals.at_once) == (1, 1)


def test_a_script_that_runs_out_fails_loudly() -> None:
    server = OllamaServer([])
    with pytest.raises(AssertionError, match="exhausted after 0 turns"), server:
        assert chat(server)[0] == 500


def test_a_turn_may_depend_on_the_request() -> None:
    def echo(request: dict[str, Any]) -> Reply:
        return Reply(request["messages"][-1]["content"])

    with OllamaServer([echo]) as server:
        answer = json.loads(chat(server, stream=False)[2])
    assert answer["message"]["content"] == "hello"


CONVERSATIONS = {
    "conversations": [
        {"when": "task A", "turns": [{"content": "A1"}, {"content": "A2"}]},
        {"when": "task B", "turns": [{"content": "B1"}]},
    ]
}


def test_conversations_may_go_on_side_by_side() -> None:
    def say(server: OllamaServer, task: str, *said: str) -> str:
        messages = [{"role": "system", "content": f"Do task {task}."}]
        messages += [{"role": "assistant", "content": text} for text in said]
        answer = json.loads(chat(server, messages=messages, stream=False)[2])
        return str(answer["message"]["content"])

    with OllamaServer(CONVERSATIONS) as server:
        assert say(server, "A") == "A1"
        assert say(server, "B") == "B1"
        assert say(server, "A", "A1") == "A2"
        assert say(server, "A") == "A1"


def test_it_serves_a_script_file_from_the_command_line(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"tool_calls": [CALL], "output_tokens": 3}]))
    command = [sys.executable, "-m", "tests.support.ollama_server"]
    command += ["--script", str(script), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:
        assert run.stdout is not None
        address = run.stdout.readline().strip().removeprefix("http://")
        connection = HTTPConnection(address, timeout=10)
        message = {"role": "user", "content": "hi"}
        body = {"model": NAME, "messages": [message], "stream": False}
        connection.request("POST", "/api/chat", json.dumps(body))
        answer = json.load(connection.getresponse())
        connection.close()
        run.send_signal(signal.SIGTERM)
        totals = json.loads(run.stdout.read())
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "finish"
    assert (run.returncode, totals["rounds"], totals["output_tokens"]) == (0, 1, 3)
