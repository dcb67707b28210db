"""The server is not there, has no time for us, or does not know what we want."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.faults.booking import check
from tests.faults.checks import acts
from tests.faults.checks import asks
from tests.faults.checks import asks_one_at_a_time
from tests.faults.checks import books_faults
from tests.faults.checks import hangs_up
from tests.faults.checks import is_whole_everywhere
from tests.faults.checks import leaves
from tests.faults.checks import notes
from tests.faults.checks import pauses
from tests.faults.checks import pauses_at_least
from tests.faults.checks import sends_again
from tests.faults.checks import speaks_text_from
from tests.faults.checks import thinks
from tests.faults.checks import writes
from tests.faults.row import BIG_FILE
from tests.faults.row import FINISH
from tests.faults.row import GOOD
from tests.faults.row import NAME
from tests.faults.row import WRITE
from tests.faults.row import Row
from tests.faults.row import Work
from tests.faults.row import broken
from tests.faults.row import play
from tests.faults.row import read_big
from tests.faults.row import status
from tests.support.ollama_server import OllamaServer
from tests.support.ollama_wire import InstalledModel

pytestmark = pytest.mark.needs("ollama-client")

BUSY = "server busy, please try again.  maximum pending requests exceeded"
DIED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or "
    "an internal error, check ollama server logs for details"
)
NO_MEMORY = "model requires more system memory (13.1 GiB) than is available (7.2 GiB)"
GATEWAY = "<html><h1>Bad Gateway</h1></html>"
NO_TOOLS = InstalledModel(NAME, capabilities=("completion",))
NO_THINKING = InstalledModel(NAME, capabilities=("completion", "tools"))


def gateway(code: int) -> dict[str, object]:
    return status(code, GATEWAY, content_type="text/html")


def comes_back_at(pause: int) -> Callable[[OllamaServer, int], None]:
    """The server is there again when the agent wakes for the n-th time."""

    def at_pause(server: OllamaServer, number: int) -> None:
        if number == pause:
            server.come_back()

    return at_pause


def asks_until_the_grace_ends(work: Work) -> None:
    assert len(work.of("fault", reason="refused", retried=True)) > 7
    assert 899 <= sum(work.pauses) <= 900


def says_how_to_get_the_model(work: Work) -> None:
    assert "ollama pull" in work.result.detail


def says_that_the_url_is_wrong(work: Work) -> None:
    assert "ollama pull" not in work.result.detail
    assert "without a path" in work.result.detail


def knows_the_live_window(work: Work) -> None:
    assert {event["window"] for event in work.of("round")} == {8000}


ROWS = [
    Row(
        "F02 refused in mid-run and back after three tries",
        says=[WRITE | {"away": math.inf}, FINISH],
        at_pause=comes_back_at(3),
        retries=3,
        infra=True,
        does=[asks(2), books_faults("infra", *["refused"] * 3), pauses(1, 2, 4)],
    ),
    Row(
        "F02 refused in mid-run until the grace ends",
        says=[WRITE | {"away": math.inf}],
        stop=Stop.LLM_UNAVAILABLE,
        outcome=Outcome.INFRA,
        rounds=1,
        retries=None,
        infra=True,
        does=[asks_until_the_grace_ends],
    ),
    Row(
        "F03 503 because the queue is full",
        says=[
            WRITE,
            status(503, BUSY, headers={"Retry-After": "7"}),
            status(503, BUSY),
            status(503, BUSY),
            FINISH,
        ],
        retries=3,
        infra=True,
        does=[
            asks(5),
            sends_again(2, 3),
            sends_again(2, 5),
            books_faults("infra", "busy", "busy", "busy"),
            pauses(7, 2, 4),
        ],
    ),
    Row(
        "F04 429 too many requests",
        says=[
            status(429, "slow down"),
            status(429, "slow down", headers={"Retry-After": "30"}),
            *GOOD,
        ],
        retries=2,
        infra=True,
        does=[
            sends_again(1, 3),
            books_faults("infra", "rate", "rate"),
            pauses_at_least(5),
            pauses(5, 30),
        ],
    ),
    Row(
        "F05 502 and 504 with a page of a proxy",
        says=[gateway(502), gateway(504), *GOOD],
        retries=2,
        infra=True,
        does=[sends_again(1, 3), books_faults("infra", "gateway", "gateway")],
    ),
    Row(
        "F06 500 the runner died, then there was no memory",
        says=[status(500, DIED), status(500, NO_MEMORY), *GOOD],
        retries=2,
        infra=True,
        does=[
            sends_again(1, 3),
            books_faults("infra", "runner", "runner"),
            pauses_at_least(5),
        ],
    ),
    Row(
        "F06 500 the runner died three times in the same way",
        says=[status(500, DIED)] * 6,
        stop=Stop.LLM_UNAVAILABLE,
        outcome=Outcome.INFRA,
        rounds=0,
        retries=2,
        infra=True,
        does=[asks(3), books_faults("infra", "runner", "runner", "runner")],
    ),
    Row(
        "F13 silence before the headers",
        says=[broken("stall"), *GOOD],
        model={"stall": 2.0},
        retries=1,
        infra=True,
        does=[sends_again(1, 2), books_faults("infra", "stall"), hangs_up],
    ),
    Row(
        "F13 silence until the deadline after longer waits",
        says=[broken("stall"), broken("stall"), {"content": "a" * 9999, "gap": 0.02}],
        model={"stall": 1.0},
        limits={"working_seconds": 2.0},
        stop=Stop.DEADLINE,
        outcome=Outcome.INFRA,
        rounds=0,
        retries=2,
        infra=True,
        does=[asks(3), writes("cut")],
    ),
    Row(
        "F13 silence until the deadline",
        says=[broken("stall")],
        limits={"working_seconds": 0.5},
        stop=Stop.DEADLINE,
        outcome=Outcome.TIMEOUT,
        rounds=0,
        does=[asks(1), writes("cut"), hangs_up],
    ),
    Row(
        "F16 long silence of a healthy server",
        says=[WRITE | {"delay": 0.6}, FINISH | {"thinking": "Hm.", "gap": 0.6}],
        model={"stall": 10.0},
        does=[asks(2), writes("fault", 0)],
    ),
    Row(
        "F17 404 the model is gone in mid-run",
        says=[WRITE, status(404, f"model '{NAME}' not found")],
        stop=Stop.LLM_CONFIG,
        outcome=Outcome.HARNESS,
        rounds=1,
        does=[asks(2), books_faults("config", ""), says_how_to_get_the_model],
    ),
    Row(
        "F18 404 the page is not found",
        says=[status(404, "404 page not found", content_type="text/plain")],
        stop=Stop.LLM_CONFIG,
        outcome=Outcome.HARNESS,
        rounds=0,
        does=[asks(1), books_faults("config", ""), says_that_the_url_is_wrong],
    ),
    Row(
        "F19 400 does not support tools",
        says=[
            {"content": 'I write.\n<write_file path="a.py">\n42\n</write_file> Done!'},
            {"content": '<finish status="done">written</finish>'},
        ],
        server={"models": [NO_TOOLS]},
        model={"think": None},
        retries=1,
        tags=frozenset({"text_protocol"}),
        does=[
            asks(3),
            books_faults("capability", ""),
            writes("switch", to="text protocol"),
            speaks_text_from(2),
            leaves(a_py="42\n"),
        ],
    ),
    Row(
        "F20 400 does not support thinking",
        says=GOOD,
        server={"models": [NO_THINKING]},
        does=[
            asks(3),
            thinks("medium", None, None),
            writes("fault", 0),
            notes(1, "asked without thinking"),
        ],
    ),
    Row(
        "F37 a server that goes on after its client has gone",
        says=[broken("stall", after=1) | {"goes_on": 0.7}, *GOOD],
        model={"stall": 2.0},
        retries=1,
        infra=True,
        does=[asks(3), sends_again(1, 2), asks_one_at_a_time, hangs_up],
    ),
    Row(
        "F38 the model was unloaded between two rounds",
        says=[WRITE, FINISH | {"reload_seconds": 12.0}],
        tags=frozenset({"reload"}),
        does=[asks(2), writes("fault", 0), writes("nudge", 0)],
    ),
    Row(
        "F39 the window is smaller than asked for",
        says=[*(read_big(first) for first in range(1, 1000, 100)), *GOOD],
        files={"big.txt": BIG_FILE},
        server={"window": 8000},
        model={"num_ctx": 16384},
        rounds=12,
        tags=frozenset({"small_window", "compacted"}),
        does=[
            acts(*["read_file"] * 10, "write_file", "finish"),
            knows_the_live_window,
            is_whole_everywhere,
            writes("truncated", 0),
        ],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_server_is_waited_for_as_long_as_that_helps(
    row: Row, box: Box, ledger: Ledger, events: Path, workspace: Path
) -> None:
    check(row, play(row, box, ledger, events, workspace))
