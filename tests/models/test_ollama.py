"""The adapter, with Ollama's own client, against a server that speaks its protocol."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.agents.tools import schemas
from pytest_overnight.models import ollama as adapter
from pytest_overnight.models import ollama_server
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.base import SilentCallError
from pytest_overnight.models.base import ToolCall
from pytest_overnight.models.base import Turn
from pytest_overnight.models.ollama import OllamaModel
from pytest_overnight.settings import Settings
from tests.models.talk import CALL
from tests.models.talk import MESSAGES
from tests.models.talk import NAME
from tests.models.talk import WAYS
from tests.models.talk import ask
from tests.models.talk import model_at
from tests.models.talk import serving
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import Fault
from tests.support.ollama_wire import InstalledModel
from tests.support.ollama_wire import Reply

pytestmark = pytest.mark.needs("ollama-client")

in_every_way = pytest.mark.parametrize("way", WAYS)

PLAIN = InstalledModel(NAME, capabilities=("completion", "tools"))
"""Cannot think."""
GARBLED = Reply("ok", fault=Fault("line", 1, body="not JSON at all"))
UNREADABLE = Reply(fault=Fault("status", body="error parsing tool call: raw='{'"))
ENDLESS = "I will try again.\n" * 300


def fault_in(model: OllamaModel) -> ModelFault:
    with pytest.raises(ModelFault) as caught:
        ask(model)
    return caught.value


def eventually(holds: Callable[[], bool]) -> bool:
    """Another thread's doing: wait for it, for five seconds at most."""
    until = time.monotonic() + 5
    while not holds() and time.monotonic() < until:
        time.sleep(0.01)
    return holds()


# -- the way it should go ----------------------------------------------------------


@in_every_way
def test_a_turn_is_whole_however_it_comes(way: str) -> None:
    reply = Reply(
        thinking="I should write a file, a long one.",
        content="Here is the file: < & > \u2028 done",
        tool_calls=[CALL, {"name": "finish"}],
        prompt_tokens=100,
        output_tokens=50,
    )
    with serving([reply], way) as (server, model):
        before = time.monotonic()
        turn = ask(model)
        seconds = time.monotonic() - before
    assert 0 < turn.first_token_seconds <= seconds
    assert replace(turn, first_token_seconds=0.0) == Turn(
        content=reply.content,
        thinking=reply.thinking,
        tool_calls=(
            ToolCall("write_file", CALL["arguments"]),
            ToolCall("finish", {}),
        ),
        done_reason="stop",
        prompt_tokens=100,
        output_tokens=50,
        load_seconds=0.005,
        decode_seconds=1.0,
        window=8192,
    )
    assert server.requests[0]["stream"] is (way != "whole")


@in_every_way
def test_options_are_sent_in_every_call_and_always_the_same(way: str) -> None:
    with serving([Reply("a"), Reply("b")], way) as (server, model):
        ask(model)
        ask(model)
    for request in server.requests:
        assert request["options"] == {
            "num_ctx": 8192,
            "num_predict": 4096,
            "seed": 7,
            "temperature": 0.7,
        }
        assert request["keep_alive"] == "30m"
        assert request["think"] == "medium"
        assert request["tools"] == schemas()
        assert request["messages"] == MESSAGES


def test_a_nights_settings_are_asked_for() -> None:
    with OllamaServer([Reply("a"), Reply(fault=Fault("stall"))]) as server:
        settings = Settings(
            results=Path("/results"),
            suite=Path("/suite"),
            session_id="overnight-2026-01-01",
            model=NAME,
            host=server.url,
            num_ctx=9000,
            num_predict=900,
            think="high",
            stall=0.2,
        )
        model = OllamaModel.of(settings, 5, {"completion", "tools"})
        ask(model)
        assert fault_in(model).reason == "stall"
        model.close()
    assert server.requests[0]["options"] == {
        "num_ctx": 9000,
        "num_predict": 900,
        "seed": 5,
    }
    assert "think" not in server.requests[0]


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


def test_text_that_is_no_unicode_is_sent_with_its_faults_replaced() -> None:
    messages = [*MESSAGES, {"role": "user", "content": "files: caf\udce9.txt"}]
    with serving([Reply("ok")]) as (server, model):
        model.chat(messages, [], math.inf)
    assert server.requests[0]["messages"][-1]["content"] == "files: caf?.txt"


@in_every_way
def test_texts_that_end_an_answer_are_sent_only_when_there_are_some(way: str) -> None:
    script = [Reply("<finish>done</finish> and more")] * 2
    with serving(script, way) as (server, model):
        whole = model.chat(MESSAGES, [], math.inf)
        cut = model.chat(MESSAGES, [], math.inf, stop=("</finish>",))
    assert whole.content == "<finish>done</finish> and more"
    assert cut.content == "<finish>done"
    assert "stop" not in server.requests[0]["options"]
    assert server.requests[1]["options"]["stop"] == ["</finish>"]


@in_every_way
def test_an_answer_at_the_output_limit_says_so(way: str) -> None:
    reply = Reply("a long answer", tool_calls=[CALL], output_tokens=9999)
    with serving([reply], way) as (_, model):
        turn = ask(model)
    assert (turn.done_reason, turn.output_tokens) == ("length", 4096)
    assert turn.tool_calls == ()


def test_what_comes_after_the_last_line_is_not_read() -> None:
    late = Fault("extra", body={"message": {"content": "late"}, "done": False})
    with serving([Reply("whole", fault=late)]) as (_, model):
        assert ask(model).content == "whole"


def test_a_server_that_counts_nothing_gives_zeros() -> None:
    line = {"message": {"role": "assistant", "content": "whole"}, "done": True}
    with serving([Reply(fault=Fault("line", body=line))]) as (_, model):
        turn = ask(model)
    assert (turn.content, turn.prompt_tokens, turn.output_tokens) == ("whole", 0, 0)
    assert turn.decode_seconds == turn.load_seconds == 0.0


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving([Reply("direct")]) as (_, model):
        assert ask(model).content == "direct"


@pytest.mark.parametrize(("given", "known"), [(4096, 4096), (None, 8192)])
def test_every_turn_says_how_large_the_window_really_is(
    given: int | None, known: int
) -> None:
    with serving([Reply("a"), Reply("b")], window=given) as (_, model):
        assert [ask(model).window, ask(model).window] == [known, known]


def test_the_window_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = iter([4096])  # the server does not count such questions
    monkeypatch.setattr(adapter, "live_window", lambda host, name: next(windows))
    with serving([Reply("a"), Reply("b")]) as (_, model):
        assert [ask(model).window, ask(model).window] == [4096, 4096]


# -- what one call teaches for the next ----------------------------------------------


@in_every_way
def test_a_model_that_cannot_think_is_asked_without_from_then_on(way: str) -> None:
    script = [Reply("a"), Reply("b")]
    with serving(script, way, models=[PLAIN]) as (server, model):
        turns = [ask(model), ask(model)]
    assert [turn.content for turn in turns] == ["a", "b"]
    assert [turn.notes for turn in turns] == [("asked without thinking",), ()]
    assert ["think" in request for request in server.requests] == [True, False, False]


def test_a_model_known_not_to_think_is_never_asked_to() -> None:
    with (
        OllamaServer([Reply("a")], models=[PLAIN]) as server,
        model_at(server.url, capabilities=frozenset(PLAIN.capabilities)) as model,
    ):
        assert ask(model).notes == ()
    assert ["think" in request for request in server.requests] == [False]


def test_a_model_known_to_think_is_asked_to() -> None:
    with (
        OllamaServer([Reply("a")]) as server,
        model_at(server.url, capabilities={"thinking"}) as model,
    ):
        ask(model)
    assert server.requests[0]["think"] == "medium"


@in_every_way
def test_thinking_that_leaves_no_room_for_an_answer_is_lowered(way: str) -> None:
    thought = Reply(thinking="Let me see.", output_tokens=9999)
    script = [thought, thought, thought, Reply("at last")]
    with serving(script, way) as (server, model):
        notes = [ask(model).notes for _ in script]
    assert notes == [("thinking level lowered to low",), (), (), ()]
    assert [r["think"] for r in server.requests] == ["medium", "low", "low", "low"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(thinking="a", done_reason="stop"),
        Reply("said", thinking="a", done_reason="length"),
        Reply(thinking="a", tool_calls=[CALL], done_reason="length"),
        Reply(done_reason="length"),
    ],
    ids=["ended by itself", "it spoke", "it acted", "it did not think"],
)
def test_thinking_that_is_not_the_cause_is_left_as_it_is(reply: Reply) -> None:
    with serving([reply, Reply("b")]) as (server, model):
        assert ask(model).notes == ()
        ask(model)
    assert server.requests[1]["think"] == "medium"


@in_every_way
def test_after_an_unreadable_answer_another_seed_is_tried(way: str) -> None:
    with serving([UNREADABLE, Reply("better")], way) as (server, model):
        assert fault_in(model).reason == "unreadable"
        ask(model)
    assert [request["options"]["seed"] for request in server.requests] == [7, 8]


@in_every_way
def test_after_an_answer_without_an_end_another_seed_is_tried(way: str) -> None:
    script = [Reply("and and and", fault=Fault("no_done")), Reply("better")]
    with serving(script, way) as (server, model):
        fault = fault_in(model)
        ask(model)
    assert (fault.kind, fault.reason) == ("infra", "no_done")
    assert fault.partial == "and and and"
    assert [request["options"]["seed"] for request in server.requests] == [7, 8]


def test_after_two_garbled_streams_one_answer_comes_whole() -> None:
    garbled = [GARBLED, GARBLED]
    nel = Reply("next\x85line", chunk_chars=99)
    with serving([*garbled, nel, Reply("b")]) as (server, model):
        assert [fault_in(model).reason for _ in garbled] == ["garbled"] * 2
        turns = [ask(model), ask(model)]
    assert [turn.content for turn in turns] == ["next\x85line", "b"]
    assert [turn.notes for turn in turns] == [("not streamed",), ()]
    streamed = [request["stream"] for request in server.requests]
    assert streamed == [True, True, False, True]


def test_garbled_streams_are_counted_in_a_row_only() -> None:
    script = [GARBLED, Reply("a"), GARBLED, Reply("b")]
    with serving(script) as (server, model):
        for garbled in (True, False, True, False):
            if garbled:
                fault_in(model)
            else:
                assert ask(model).notes == ()
    assert all(request["stream"] for request in server.requests)


def test_what_is_known_is_kept_for_the_turn_that_comes_after_faults() -> None:
    script = [Reply(fault=Fault("status", status=503)), Reply("a")]
    with serving(script, models=[PLAIN]) as (_, model):
        fault_in(model)
        assert ask(model).notes == ("asked without thinking",)


# -- an answer that never gets anywhere ------------------------------------------------


@in_every_way
@pytest.mark.parametrize("part", ["content", "thinking"])
def test_a_model_that_repeats_itself_is_cut_short(way: str, part: str) -> None:
    endless: dict[str, Any] = {part: ENDLESS}
    with serving([Reply(**endless), Reply("better")], way) as (server, model):
        fault = fault_in(model)
        assert ask(model).content == "better"
    assert (fault.kind, fault.reason) == ("model", "degenerate")
    assert ENDLESS.startswith(fault.partial)
    assert len(fault.partial) < len(ENDLESS) or way == "whole"
    assert [request["options"]["seed"] for request in server.requests] == [7, 8]


def test_a_model_that_repeats_itself_is_not_listened_to_any_longer() -> None:
    with serving([Reply(ENDLESS * 9, gap=0.005), Reply("better")]) as (server, model):
        fault_in(model)
        assert eventually(lambda: server.totals.disconnects == 1)
        assert ask(model).content == "better"


# -- the deadline --------------------------------------------------------------------


@pytest.mark.parametrize("way", ["done", "whole"])
@pytest.mark.parametrize(
    "reply",
    [
        Reply(fault=Fault("stall")),
        Reply("a" * 99, fault=Fault("stall", 3)),
    ],
    ids=["before the first line", "in the middle"],
)
def test_at_the_deadline_the_call_is_cut_and_the_server_told(
    reply: Reply, way: str
) -> None:
    with serving([reply, Reply("next")], way) as (server, model):
        with pytest.raises(TimeoutError) as caught:
            ask(model, seconds=0.2)
        assert not isinstance(caught.value, SilentCallError)  # it has the model still
        assert eventually(lambda: server.totals.disconnects == 1)
        assert ask(model).content == "next"


def test_a_server_that_hangs_is_told_from_a_model_that_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ollama_server, "LOOK_SECONDS", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as hung,
        model_at(f"http://127.0.0.1:{hung.getsockname()[1]}") as model,
        pytest.raises(SilentCallError),
    ):
        ask(model, seconds=0.2)


def test_a_stream_that_never_falls_silent_is_cut_at_the_deadline() -> None:
    drip = Reply(" ".join(map(str, range(5000))), gap=0.02)
    with serving([drip, Reply("next")]) as (server, model):
        with pytest.raises(TimeoutError):
            ask(model, seconds=0.3)
        assert eventually(lambda: server.totals.disconnects == 1)
        assert ask(model).content == "next"


@in_every_way
def test_without_time_nothing_is_asked(way: str) -> None:
    with (
        serving(way=way) as (server, model),
        pytest.raises(TimeoutError),
    ):
        ask(model, seconds=0)
    assert server.requests == []


@in_every_way
def test_a_healthy_silence_is_waited_out(way: str) -> None:
    with serving([Reply("late", delay=0.2)], way) as (_, model):
        assert ask(model).content == "late"
