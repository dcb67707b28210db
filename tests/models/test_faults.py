"""Everything that can go wrong in a call, and what it is taken for."""

from __future__ import annotations

import math
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.faults import fault_from
from tests.models.talk import CALL
from tests.models.talk import NAME
from tests.models.talk import NOBODY
from tests.models.talk import ask
from tests.models.talk import fault_of
from tests.models.talk import model_at
from tests.support.ollama_wire import TOO_LONG
from tests.support.ollama_wire import TOO_LONG_AS_JSON
from tests.support.ollama_wire import Fault
from tests.support.ollama_wire import Reply

pytestmark = pytest.mark.needs("ollama-client")

RUNNING = "an error was encountered while running the model: CUDA error"
STOPPED = "model runner has unexpectedly stopped, this may be due to resource limits"
LOADING = "llama runner process has terminated: signal: killed"
MEMORY = "model requires more system memory (9.9 GiB) than is available (7.6 GiB)"


def status(code: int, body: Any = "", kind: str = "application/json") -> Fault:
    return Fault("status", status=code, body=body, content_type=kind)


def line(body: Any) -> Fault:
    return Fault("line", 1, body=body)


# Before the answer begins: the same whether it would be streamed or not.
AT_ONCE = [
    ("model unreadable", status(500, "error parsing tool call: raw='{', err=EOF")),
    (
        "model unreadable",
        status(500, 'llama-server returned invalid tool call arguments for "x"'),
    ),
    ("model unreadable", status(500, "failed to parse JSON: unexpected end of input")),
    ("model unreadable", status(500, "tool 'frob' not found")),
    ("context", status(400, TOO_LONG_AS_JSON)),
    ("context", status(400, TOO_LONG)),
    ("context", status(500, "no user query found in messages")),
    ("capability", status(400, "registry.ollama.ai/library/x does not support tools")),
    ("config", status(404, f"model '{NAME}' not found")),
    ("config", status(404, "404 page not found", "text/plain")),
    ("config", status(401, "unauthorized")),
    ("config", status(403, "", "text/plain")),
    ("config", status(500, 'option "num_ctx" must be of type integer')),
    ("config", Fault("redirect")),
    ("infra rate", status(429, "slow down")),
    ("infra runner", status(500, STOPPED)),
    ("infra runner", status(500, LOADING)),
    ("infra runner", status(500, MEMORY)),
    ("infra gateway", status(502, "<html>Bad Gateway</html>", "text/html")),
    ("infra gateway", status(504, "", "text/html")),
    ("infra busy", status(503, "server busy, please try again.")),
    ("infra http", status(500, ["a list"])),
    ("infra http", status(500, {"error": {"message": "as OpenAI says it"}})),
    ("infra http", status(500, "")),
    ("infra http", status(418, "no kettle")),
    ("infra cut", Fault("close")),
    ("infra cut", Fault("garbage")),
    ("infra cut", Fault("reset")),
]
IN_A_STREAM = [
    ("model unreadable", line({"error": "error parsing tool call: raw='{'"})),
    ("model unreadable", line({"error parsing tool call": "raw='{'"})),
    ("infra runner", line({"error": RUNNING})),
    ("infra stream", line({"error": "something broke"})),
    ("infra cut", Fault("cut", 2)),
    ("infra cut", Fault("reset", 2)),
    ("infra no_done", Fault("no_done")),
    ("infra garbled", line({"error": {"message": "a mapping"}})),
    ("infra garbled", line({"error": "123"})),
    ("infra garbled", line("")),
    ("infra garbled", line('{"message": {"content": "half')),
    ("infra garbled", line("not JSON at all")),
    ("infra garbled", line([])),
    ("infra garbled", line({"done": False})),
]
IN_ONE_PIECE = [
    ("model unreadable", line({"error parsing tool call": "raw='{'"})),
    ("infra runner", line({"error": RUNNING})),
    ("infra no_done", Fault("no_done")),
    ("infra garbled", line('{"message": {"content": "half')),
    ("infra garbled", line([])),
    ("infra garbled", line({"done": False})),
]
CASES = [
    *[(found, fault, True) for found, fault in AT_ONCE + IN_A_STREAM],
    *[(found, fault, False) for found, fault in AT_ONCE + IN_ONE_PIECE],
]


@pytest.mark.parametrize(("found", "fault", "stream"), CASES)
def test_every_failure_has_its_kind_and_reason(
    found: str, fault: Fault, stream: bool
) -> None:
    reply = Reply("content that comes in several lines", tool_calls=[CALL], fault=fault)
    raised = fault_of(reply, stream=stream)
    assert f"{raised.kind} {raised.reason}".strip() == found
    assert raised.detail
    assert raised.status == (fault.status if fault.kind == "status" else None)


@pytest.mark.parametrize(
    "fault",
    [Fault("cut", 2), Fault("reset", 2), Fault("line", 2, body="{"), Fault("no_done")],
    ids=lambda fault: fault.kind,
)
def test_what_had_come_before_the_break_is_kept(fault: Fault) -> None:
    begun = fault_of(Reply("one two three", chunk_chars=4, fault=fault)).partial
    assert begun
    assert "one two three".startswith(begun)
    thought = fault_of(Reply(thinking="hm, so", chunk_chars=2, fault=fault)).partial
    assert thought
    assert "hm, so".startswith(thought)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (status(500, ["a list"]), '["a list"]'),
        (status(500, {"error": {"message": "a mapping"}}), '{"message": "a mapping"}'),
        (status(502, "<html>" * 9999, "text/html"), "<html>" * 166 + "<htm"),
        (line({"error": "something broke"}), "something broke"),
    ],
    ids=["a list", "a mapping", "a long text", "in a stream"],
)
def test_what_the_server_says_is_kept_up_to_a_length(fault: Fault, said: str) -> None:
    assert fault_of(Reply("two lines of content", fault=fault)).detail == said


def test_a_server_that_cannot_be_reached_in_time_refuses() -> None:
    # Made by hand: no address of this machine leaves a connection unanswered.
    assert fault_from(httpx.ConnectTimeout("timed out")).reason == "refused"


def test_a_missing_model_is_told_from_a_wrong_address() -> None:
    missing = fault_of(Reply(fault=status(404, f"model '{NAME}' not found")))
    wrong = fault_of(Reply(fault=status(404, "404 page not found", "text/plain")))
    assert "`ollama pull`" in missing.detail
    assert "without a path" in wrong.detail


def test_a_character_that_splits_lines_for_the_client_garbles_a_stream_only() -> None:
    reply = Reply("next\x85line", chunk_chars=99)
    assert fault_of(reply).reason == "garbled"


@pytest.mark.parametrize("stream", [True, False])
def test_a_server_that_is_not_there_refuses(stream: bool) -> None:
    with (
        model_at(NOBODY, stream=stream) as model,
        pytest.raises(ModelFault) as caught,
    ):
        ask(model)
    assert (caught.value.kind, caught.value.reason) == ("infra", "refused")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("after", [0, 3])
def test_a_server_that_falls_silent_is_given_up_after_a_while(
    after: int, stream: bool
) -> None:
    silent = Reply("a" * 99, fault=Fault("stall", after))
    fault = fault_of(silent, stall=0.1, stream=stream)
    assert (fault.kind, fault.reason) == ("infra", "stall")


@pytest.mark.parametrize("stream", [True, False])
def test_a_message_that_cannot_be_sent_is_our_fault_and_not_retried(
    stream: bool,
) -> None:
    with (
        model_at(NOBODY, stream=stream) as model,
        pytest.raises(ModelFault) as caught,
    ):
        model.chat([{"role": "user", "content": 3}], [], math.inf)
    assert caught.value.kind == "config"


# -- how long the server asks to be left alone -----------------------------------------


def asked_to_wait(value: str, code: int = 503, stream: bool = True) -> float | None:
    fault = Fault("status", status=code, headers={"Retry-After": value})
    return fault_of(Reply(fault=fault), stream=stream).retry_after


@pytest.mark.parametrize(("code", "seconds"), [(429, 30), (503, 30), (500, None)])
def test_a_busy_servers_wish_is_heard(code: int, seconds: float | None) -> None:
    assert asked_to_wait("30", code) == seconds
    assert asked_to_wait("30", code, stream=False) == seconds


def test_the_wish_may_be_a_date() -> None:
    now = datetime.now(UTC)
    later = asked_to_wait(format_datetime(now + timedelta(hours=1), usegmt=True))
    assert later is not None
    assert 0 < later <= 3600
    past = format_datetime(now - timedelta(hours=1), usegmt=True)
    assert asked_to_wait(past) == 0


@pytest.mark.parametrize("value", ["", "soon", "-3", "nan", "inf", "9" * 400, "1e3"])
def test_a_wish_that_makes_no_sense_is_none(value: str) -> None:
    assert asked_to_wait(value) is None
