"""An answer breaks off, is no answer, or never ends: nothing of it is carried out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.faults.booking import check
from tests.faults.checks import acts
from tests.faults.checks import asks
from tests.faults.checks import books_faults
from tests.faults.checks import draws_anew
from tests.faults.checks import finds_unused
from tests.faults.checks import hangs_up
from tests.faults.checks import leaves
from tests.faults.checks import notes
from tests.faults.checks import sends_again
from tests.faults.checks import streams
from tests.faults.checks import writes
from tests.faults.row import FINISH
from tests.faults.row import GOOD
from tests.faults.row import TOO_EARLY
from tests.faults.row import WRITE
from tests.faults.row import Row
from tests.faults.row import broken
from tests.faults.row import call
from tests.faults.row import play
from tests.faults.row import turn

pytestmark = pytest.mark.needs("ollama-client")

CALLS_CAME = {"framing": "before"}
"""A whole line with calls comes, and then it goes wrong."""
RUNNER = {"error": "an error was encountered while running the model: unexpected EOF"}
UNREADABLE = "error parsing tool call: raw='{\"path', err=unexpected end of JSON input"
ONLY_THE_LAST = leaves(a_py="42\n")


def after_calls(kind: str, **fault: object) -> dict[str, object]:
    return broken(kind, TOO_EARLY, after=2, **fault)


def extra_line(**message: object) -> dict[str, object]:
    body = {"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message}
    return {"fault": {"kind": "extra", "body": body | {"done": True}}}


ROWS = [
    Row(
        "F08 an error within the stream",
        says=[
            after_calls("line", body={"error": "unexpected EOF"}),
            after_calls("line", body=RUNNER),
            *GOOD,
        ],
        server=CALLS_CAME,
        retries=2,
        infra=True,
        does=[
            sends_again(1, 3),
            books_faults("infra", "stream", "runner"),
            ONLY_THE_LAST,
        ],
    ),
    Row(
        "F08 an error within the stream that is the model's",
        says=[after_calls("line", body={"error": UNREADABLE}), *GOOD],
        server=CALLS_CAME,
        rounds=3,
        tags=frozenset({"unreadable"}),
        does=[finds_unused("unreadable"), draws_anew(1, 2), ONLY_THE_LAST],
    ),
    Row(
        "F09 a stream that is cut",
        says=[after_calls("cut"), *GOOD],
        server=CALLS_CAME,
        retries=1,
        infra=True,
        does=[sends_again(1, 2), books_faults("infra", "cut"), ONLY_THE_LAST],
    ),
    Row(
        "F10 a connection that is reset",
        says=[after_calls("reset"), *GOOD],
        server=CALLS_CAME,
        retries=1,
        infra=True,
        does=[sends_again(1, 2), books_faults("infra", "cut"), ONLY_THE_LAST],
    ),
    Row(
        "F11 an end without done after repetitions",
        says=[{"content": "again\n" * 20, "fault": {"kind": "no_done"}}, *GOOD],
        rounds=3,
        tags=frozenset({"degenerate"}),
        does=[finds_unused("degenerate"), writes("fault", 0)],
    ),
    Row(
        "F11 an end without done",
        says=[after_calls("no_done"), *GOOD],
        server=CALLS_CAME,
        retries=1,
        infra=True,
        does=[books_faults("infra", "no_done"), ONLY_THE_LAST],
    ),
    Row(
        "F11 an end without done twice",
        says=[after_calls("no_done"), after_calls("no_done"), *GOOD],
        server=CALLS_CAME,
        rounds=3,
        retries=1,
        infra=True,
        tags=frozenset({"degenerate"}),
        does=[books_faults("infra", "no_done"), writes("unused"), ONLY_THE_LAST],
    ),
    Row(
        "F12 half a line",
        says=[*[after_calls("line", body='{"message": {"content": "ha')] * 2, *GOOD],
        server=CALLS_CAME,
        retries=2,
        infra=True,
        tags=frozenset({"no_stream"}),
        does=[
            asks(4),
            streams(True, True, False),
            books_faults("infra", "garbled", "garbled"),
            notes(1, "not streamed"),
            ONLY_THE_LAST,
        ],
    ),
    Row(
        "F12 a line of garbage",
        says=[after_calls("line", body="!! not JSON !!"), *GOOD],
        server=CALLS_CAME,
        retries=1,
        infra=True,
        does=[asks(3), streams(True, True), sends_again(1, 2), ONLY_THE_LAST],
    ),
    Row(
        "F12 a line break that only the client sees",
        says=[*[turn(call("write_file", path="a.py", content="4\x852\n"))] * 3, FINISH],
        retries=2,
        infra=True,
        tags=frozenset({"no_stream"}),
        does=[streams(True, True, False), leaves(a_py="4\x852\n")],
    ),
    Row(
        "F14 silence in mid-stream",
        says=[after_calls("stall"), *GOOD],
        server=CALLS_CAME,
        model={"stall": 2.0},
        retries=1,
        infra=True,
        does=[
            sends_again(1, 2),
            books_faults("infra", "stall"),
            hangs_up,
            ONLY_THE_LAST,
        ],
    ),
    Row(
        "F15 a slow drip beyond the deadline",
        says=[{"content": "so " * 999, "chunk_chars": 3, "gap": 0.05}],
        limits={"working_seconds": 0.6},
        stop=Stop.DEADLINE,
        outcome=Outcome.TIMEOUT,
        rounds=0,
        does=[asks(1), writes("cut"), writes("fault", 0), hangs_up],
    ),
    Row(
        "F40 an error under a wrong key that is the model's",
        says=[after_calls("line", body={UNREADABLE: "raw"}), *GOOD],
        server=CALLS_CAME,
        rounds=3,
        tags=frozenset({"unreadable"}),
        does=[finds_unused("unreadable"), ONLY_THE_LAST],
    ),
    Row(
        "F40 an error under a wrong key",
        says=[after_calls("line", body={"unexpected EOF": "-"}), *GOOD],
        server=CALLS_CAME,
        retries=1,
        infra=True,
        does=[sends_again(1, 2), ONLY_THE_LAST],
    ),
    Row(
        "F41 a second end with calls of its own",
        says=[
            WRITE | extra_line(tool_calls=[{"function": TOO_EARLY}]),
            FINISH | extra_line(content="and one thing more"),
        ],
        does=[asks(2), acts("write_file", "finish"), writes("fault", 0), ONLY_THE_LAST],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_answer_counts_only_when_it_is_whole(
    row: Row, box: Box, ledger: Ledger, events: Path, workspace: Path
) -> None:
    check(row, play(row, box, ledger, events, workspace))
