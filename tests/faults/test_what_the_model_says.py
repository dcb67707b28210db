"""The model's own doing: calls that are none, the same thing for ever, too much."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.sandbox.box import Box
from tests.faults.booking import check
from tests.faults.checks import acts
from tests.faults.checks import answers_every_call
from tests.faults.checks import asks
from tests.faults.checks import books_faults
from tests.faults.checks import draws_anew
from tests.faults.checks import finds_unused
from tests.faults.checks import gets_smaller
from tests.faults.checks import hangs_up
from tests.faults.checks import leaves
from tests.faults.checks import notes
from tests.faults.checks import nudges
from tests.faults.checks import repairs
from tests.faults.checks import says_of_action
from tests.faults.checks import tells
from tests.faults.checks import thinks
from tests.faults.checks import writes
from tests.faults.row import BIG_FILE
from tests.faults.row import FINISH
from tests.faults.row import FOUR_FRAMINGS
from tests.faults.row import GOOD
from tests.faults.row import WRITE
from tests.faults.row import Check
from tests.faults.row import Row
from tests.faults.row import Work
from tests.faults.row import call
from tests.faults.row import play
from tests.faults.row import read_big
from tests.faults.row import status
from tests.faults.row import turn
from tests.support.ollama_wire import TOO_LONG
from tests.support.ollama_wire import TOO_LONG_AS_JSON

pytestmark = pytest.mark.needs("ollama-client")

UNREADABLE = status(
    500, "error parsing tool call: raw='{\"path', err=unexpected end of JSON input"
)
BIG = {"big.txt": BIG_FILE}
READS = (read_big(1), read_big(101), read_big(201))
WRITE_A = call("write_file", path="a.py", content="42\n")
READ_A = call("read_file", path="a.py")
READ_B = call("read_file", path="b.py")
TWO_FILES = {"a.py": "1\n", "b.py": "2\n"}
TALK = {"content": "I have looked at it all, and everything seems to be in order."}
THOUGHT = {"thinking": "I could write the file now."}
ENDLESS_THOUGHT = {"thinking": "But what if it is not? ", "done_reason": "length"}
NOBODY_TOLD = {"window": 4300, "window_shown": 8192}
AS_JSON = json.dumps(WRITE_A)
FENCED = {"content": f"I write the file.\n```json\n{AS_JSON}\n```\n"}
POLLUTED = [
    {"name": "write_file<|channel|>analysis", "arguments": WRITE_A["arguments"]},
    {"name": "functions.read_file", "arguments": {"path": "a.py"}},
    {
        "name": "assistant<|channel|>commentary",
        "arguments": {"path": "b.py", "content": "1\n"},
    },
]
ODD = [
    call("read_file", path="a.py", startLine="1", end_line="2"),
    call("write_file", arguments={"parameters": {"filePath": "a.py", "text": "42\n"}}),
    call("write_file", input='{"path": "b.py", "content": "1\\n"}'),
    call("run_command", command=["bash", "-lc", "ls"], timeout="5"),
]


def finish(**arguments: Any) -> dict[str, Any]:
    return call("finish", summary="written", **arguments)


def is_told_of_every_round_but_the_last(work: Work) -> None:
    """What is said after the last round, nobody gets to hear."""
    assert len(work.of("nudge")) == work.result.rounds - 1


def has_thought_less_of_what_was_told(work: Work) -> None:
    assert "less" in work.told(1).lower()


def the_prompt_is_whole_again(number: int) -> Check:
    def check(work: Work) -> None:
        assert work.server.seen[number - 1].whole

    return check


ROWS = [
    Row(
        "F21 400 the prompt is too long",
        says=[*READS, status(400, TOO_LONG), *GOOD],
        files=BIG,
        rounds=5,
        retries=1,
        tags=frozenset({"compacted"}),
        does=[asks(6), books_faults("context", ""), gets_smaller(4, 5)],
    ),
    Row(
        "F21 400 the prompt is too long, as JSON in a text",
        says=[*READS, status(400, TOO_LONG_AS_JSON), *GOOD],
        files=BIG,
        rounds=5,
        retries=1,
        tags=frozenset({"compacted"}),
        does=[asks(6), books_faults("context", ""), gets_smaller(4, 5)],
    ),
    Row(
        "F21 400 the prompt stays too long",
        says=[*READS, *[status(400, TOO_LONG)] * 9],
        files=BIG,
        stop=Stop.CONTEXT,
        outcome=Outcome.CONTEXT,
        rounds=3,
        retries=None,
        tags=frozenset({"compacted"}),
        does=[gets_smaller(4, 5)],
    ),
    Row(
        "F21 400 the prompt is too long from the start",
        says=[status(400, TOO_LONG)],
        stop=Stop.CONTEXT,
        outcome=Outcome.CONTEXT,
        rounds=0,
        does=[asks(1), books_faults("context", "")],
    ),
    Row(
        "F22 a part of the prompt was left out in silence",
        says=[*READS, read_big(301, 350), *GOOD],
        files=BIG,
        server=NOBODY_TOLD,
        rounds=6,
        tags=frozenset({"compacted", "truncated"}),
        does=[
            writes("truncated", round=5),
            writes("compaction"),
            gets_smaller(5, 6),
            the_prompt_is_whole_again(6),
        ],
    ),
    Row(
        "F22 parts of the prompt are left out again and again",
        # By these counts the window shrinks faster than the prompt.
        says=[
            *READS,
            read_big(301) | {"prompt_tokens": 1500},
            read_big(401) | {"prompt_tokens": 900},
            FINISH,
        ],
        files=BIG,
        stop=Stop.CONTEXT,
        outcome=Outcome.CONTEXT,
        rounds=5,
        tags=frozenset({"compacted", "truncated"}),
        does=[asks(5), writes("truncated", 2)],
    ),
    Row(
        "F23 500 two calls that could not be read",
        says=[UNREADABLE, UNREADABLE, *GOOD],
        rounds=4,
        tags=frozenset({"unreadable"}),
        does=[
            finds_unused("unreadable", "unreadable"),
            draws_anew(1, 2),
            tells(3, "could not be read", "at most 40 lines"),
        ],
    ),
    Row(
        "F23 500 three calls that could not be read",
        says=[UNREADABLE] * 6,
        stop=Stop.MALFORMED,
        outcome=Outcome.MALFORMED,
        rounds=3,
        tags=frozenset({"unreadable"}),
        does=[asks(3), finds_unused(*["unreadable"] * 3)],
    ),
    Row(
        "F24 names with parts of the template in them",
        says=[*map(turn, POLLUTED), FINISH],
        rounds=4,
        tags=frozenset({"repaired"}),
        does=[
            acts("write_file", "read_file", "write_file", "finish"),
            repairs(True, True, True, False),
            answers_every_call,
            leaves(a_py="42\n", b_py="1\n"),
        ],
        everywhere=True,
    ),
    Row(
        "F24 a lost name that the arguments do not tell",
        says=[turn(call("assistant<|channel|>analysis", path="a.py")), *GOOD],
        rounds=3,
        does=[
            acts("!assistant_channel_analysis", "write_file", "finish"),
            finds_unused("malformed"),
            tells(2, "read_file, write_file"),
        ],
    ),
    Row(
        "F25 an unknown tool",
        says=[turn(call("frobnicate", path="a.py")), *GOOD],
        rounds=3,
        does=[
            acts("!frobnicate", "write_file", "finish"),
            finds_unused("malformed"),
            tells(2, "frobnicate", "read_file, write_file, edit_file, run_command"),
            answers_every_call,
        ],
        everywhere=True,
    ),
    Row(
        "F25 unknown tools three times in a row",
        says=[turn(call(f"frobnicate_{number}")) for number in range(6)],
        stop=Stop.MALFORMED,
        outcome=Outcome.MALFORMED,
        rounds=3,
        does=[asks(3), finds_unused(*["malformed"] * 3)],
    ),
    Row(
        "F26 arguments in odd forms",
        says=[*map(turn, ODD), FINISH],
        files={"a.py": "1\n2\n3\n"},
        rounds=5,
        tags=frozenset({"repaired"}),
        does=[
            acts("read_file", "write_file", "write_file", "run_command", "finish"),
            repairs(True, True, True, True, False),
            says_of_action(1, "1| 1", "2| 2"),
            says_of_action(4, "a.py\nb.py"),
            leaves(a_py="42\n", b_py="1\n"),
        ],
        everywhere=True,
    ),
    Row(
        "F26 arguments that cannot be understood",
        says=[turn(call("write_file", arguments=["a.py", "42"])), *GOOD],
        rounds=3,
        tags=frozenset({"repaired"}),
        does=[
            acts("!write_file", "write_file", "finish"),
            finds_unused("malformed"),
            tells(2, 'needs "path"', "Example", "content"),
        ],
        everywhere=True,
    ),
    Row(
        "F27 an argument is missing",
        says=[turn(call("write_file", path="a.py")), *GOOD],
        rounds=3,
        does=[
            acts("!write_file", "write_file", "finish"),
            finds_unused("malformed"),
            tells(2, 'needs "content"', "You sent: path", "Example"),
        ],
        everywhere=True,
    ),
    Row(
        "F28 a thought and nothing else",
        says=[THOUGHT, {}, *GOOD],
        rounds=4,
        does=[
            finds_unused("silent", "silent"),
            nudges("L10", "L10"),
            tells(2, "empty"),
        ],
        everywhere=True,
    ),
    Row(
        "F28 thoughts and nothing else three times",
        says=[THOUGHT] * 6,
        stop=Stop.MALFORMED,
        outcome=Outcome.MALFORMED,
        rounds=3,
        does=[asks(3), is_told_of_every_round_but_the_last],
    ),
    Row(
        "F29 a thought without end",
        says=[ENDLESS_THOUGHT, *GOOD],
        rounds=3,
        does=[
            finds_unused("cut"),
            thinks("medium", "low", "low"),
            notes(1, "thinking level lowered to low"),
            has_thought_less_of_what_was_told,
        ],
        everywhere=True,
    ),
    Row(
        "F30 talk in place of a call",
        says=[TALK, *GOOD],
        rounds=3,
        does=[finds_unused("talk"), nudges("L6"), tells(2, "finish", "tool")],
        everywhere=True,
    ),
    Row(
        "F30 talk three times in a row is an end",
        says=[WRITE, TALK, TALK, TALK],
        rounds=4,
        does=[asks(4), finds_unused("talk", "talk", "talk")],
    ),
    Row(
        "F30 talk three times in a row and nothing done",
        says=[TALK, TALK, TALK],
        outcome=Outcome.NO_CHANGE,
        rounds=3,
        does=[asks(3), is_told_of_every_round_but_the_last],
    ),
    Row(
        "F31 a call written into the text in a fence",
        says=[FENCED, FINISH],
        tags=frozenset({"text_call"}),
        does=[acts("write_file", "finish"), leaves(a_py="42\n")],
        everywhere=True,
    ),
    Row(
        "F31 a call that is the text",
        says=[{"content": AS_JSON}, FINISH],
        tags=frozenset({"text_call"}),
        does=[acts("write_file", "finish"), leaves(a_py="42\n")],
        everywhere=True,
    ),
    Row(
        "F32 several calls in one turn",
        says=[turn(WRITE_A, call("run_command", command="cat a.py"), READ_A), FINISH],
        does=[
            acts("write_file", "run_command", "read_file", "finish"),
            says_of_action(2, "exit status 0", "42"),
            answers_every_call,
        ],
        everywhere=True,
    ),
    Row(
        "F32 several calls, one of which leads outside",
        says=[
            turn(call("write_file", path="../a.py", content=""), READ_B, WRITE_A),
            *GOOD,
        ],
        files={"b.py": "2\n"},
        rounds=3,
        tags=frozenset({"escape_attempt"}),
        does=[
            acts("!write_file", "!read_file", "!write_file", "write_file", "finish"),
            says_of_action(3, "Not carried out"),
            answers_every_call,
        ],
        everywhere=True,
    ),
    Row(
        "F33 finish before another call",
        says=[turn(finish(), WRITE_A)],
        rounds=1,
        does=[acts("write_file", "finish"), leaves(a_py="42\n")],
        everywhere=True,
    ),
    Row(
        "F33 finish beside a call that failed",
        says=[turn(WRITE_A, finish(), READ_B), FINISH],
        does=[
            acts("write_file", "!read_file", "!finish", "finish"),
            says_of_action(3, "failed"),
        ],
        everywhere=True,
    ),
    Row(
        "F34 the same call for ever",
        says=[turn(READ_A)] * 9,
        files=TWO_FILES,
        stop=Stop.LOOP,
        outcome=Outcome.LOOP,
        rounds=4,
        does=[asks(4), nudges("L1"), tells(4, "read_file", "3")],
    ),
    Row(
        "F34 the same failing call for ever",
        says=[turn(READ_A)] * 9,
        stop=Stop.LOOP,
        outcome=Outcome.LOOP,
        rounds=4,
        does=[asks(4), nudges("L2"), tells(4, "read_file", "does not exist")],
    ),
    Row(
        "F35 two calls in turns for ever",
        says=[turn(READ_A), turn(READ_B)] * 9,
        files=TWO_FILES,
        stop=Stop.LOOP,
        outcome=Outcome.LOOP,
        rounds=8,
        does=[asks(8), nudges("L3")],
    ),
    Row(
        "F36 the same line for ever",
        says=[{"content": "I must not stop.\n" * 2000, "gap": 0.002}, *GOOD],
        rounds=3,
        tags=frozenset({"degenerate"}),
        does=[finds_unused("degenerate"), hangs_up, writes("fault", 0)],
    ),
    Row(
        "F36 the same thought for ever",
        says=[{"thinking": "wait, " * 2000, "gap": 0.002}, *GOOD],
        rounds=3,
        tags=frozenset({"degenerate"}),
        does=[finds_unused("degenerate"), hangs_up, writes("fault", 0)],
    ),
    Row(
        "F36 the same line three times for ever",
        says=[{"content": "I must not stop.\n" * 2000, "gap": 0.002}] * 6,
        stop=Stop.MALFORMED,
        outcome=Outcome.MALFORMED,
        rounds=3,
        tags=frozenset({"degenerate"}),
        does=[asks(3), finds_unused(*["degenerate"] * 3)],
    ),
]

PLAYED = [
    pytest.param(row, framing, id=f"{row.name}, {framing}" if number else row.name)
    for row in ROWS
    for number, framing in enumerate(FOUR_FRAMINGS if row.everywhere else ["done"])
]


@pytest.mark.parametrize(("row", "framing"), PLAYED)
def test_a_weak_model_is_helped_and_then_stopped(
    row: Row, framing: str, box: Box, ledger: Ledger, events: Path, workspace: Path
) -> None:
    check(row, play(row, box, ledger, events, workspace, framing))
