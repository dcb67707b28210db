"""The words that describe a try, each just below its condition and at it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from pytest_overnight.rules.tags import tags_of
from tests.rules.ledgers import ledgers

Event = dict[str, Any]


def action(tool: str = "list_files", **fields: Any) -> Event:
    return {"event": "action", "tool": tool, "ok": True, **fields}


def command(text: str, **fields: Any) -> Event:
    return action("run_command", arguments={"command": text}, **fields)


def answer(**fields: Any) -> Event:
    return {"event": "round", **fields}


def event(kind: str, /, **fields: Any) -> Event:
    return {"event": kind, **fields}


WRITE = action("write_file", arguments={"path": "a.py"})
FINISHED = event("stopped", stop="finished")


def test_a_quiet_try_has_none() -> None:
    assert tags_of([]) == []
    tested = [answer(), WRITE, command("pytest -q"), FINISHED]
    assert tags_of([event("started"), *tested, event("finished")]) == []


@pytest.mark.parametrize(
    ("events", "tags"),
    [
        ([action(repaired=["name"])], ["repaired"]),
        ([action(repaired=[])], []),
        ([action(tags=["text_call", "whatever"])], ["text_call"]),
        (
            [action(tags=["escape_attempt"]), action(tags=["command_timeout"])],
            ["command_timeout", "escape_attempt"],
        ),
        ([action(tags=["command_limit"])], ["command_limit"]),
        ([event("truncated", round=1)], ["truncated"]),
        ([event("compaction", before=9, after=5)], ["compacted"]),
        ([event("shadow", rule="L1")], ["shadow_stop"]),
        ([event("nudge", rule="L1")], []),
        ([event("unused", reason="unreadable")], ["unreadable"]),
        ([event("unused", reason="degenerate")], ["degenerate"]),
        ([event("unused", reason="talk")], []),
        ([event("switch", to="text protocol")], ["text_protocol"]),
        ([event("switch", to="another model")], []),
        ([event("fault", kind="infra", retried=True)], ["infra_retries"]),
        ([event("fault", kind="infra", retried=False)], []),
        ([event("fault", kind="context", retried=True)], []),
        ([answer(notes=["asked without thinking", "not streamed"])], ["no_stream"]),
        ([answer(notes=["asked without thinking"])], []),
        ([answer(window=8191, asked_window=8192)], ["small_window"]),
        ([answer(window=8192, asked_window=8192)], []),
        ([answer(window=0, asked_window=8192)], []),
        ([answer(load_seconds=9.0), answer(load_seconds=1.0)], []),
        ([answer(load_seconds=9.0), answer(load_seconds=1.1)], ["reload"]),
    ],
)
def test_one_event_may_be_enough(events: list[Event], tags: list[str]) -> None:
    assert tags_of(events) == tags


SLOW = answer(seconds=10.0, output_tokens=49, decode_seconds=10.0)


@pytest.mark.parametrize(
    ("events", "slow"),
    [
        ([SLOW] * 3, True),
        ([SLOW] * 2, False),
        ([SLOW, SLOW, {**SLOW, "decode_seconds": 0, "output_tokens": 0}], False),
        ([SLOW, SLOW, answer(output_tokens=2, decode_seconds=0.5)], True),
        ([SLOW, SLOW, {**SLOW, "output_tokens": 52}], False),
        ([SLOW, SLOW, SLOW, action(seconds=7.5)], False),
        ([SLOW, SLOW, SLOW, action(seconds=7.4)], True),
        ([SLOW, SLOW, SLOW, action(seconds=8), event("cut", seconds=9)], True),
    ],
)
def test_a_slow_model(events: list[Event], slow: bool) -> None:
    assert ("slow_llm" in tags_of(events)) == slow


EDIT = action("edit_file", arguments={"path": "a.py"})
REFUSED = action("edit_file", ok=False)
RAN = command("python a.py")


@pytest.mark.parametrize(
    ("events", "unverified"),
    [
        ([WRITE, FINISHED], True),
        ([EDIT, FINISHED], True),
        ([WRITE, RAN, FINISHED], False),
        ([{"event": "action", "tool": "write_file"}, FINISHED], True),
        ([WRITE, RAN, EDIT, FINISHED], True),
        ([WRITE, RAN, REFUSED, FINISHED], False),
        ([WRITE, {**RAN, "ok": False}, FINISHED], True),
        ([WRITE, action("read_file"), FINISHED], True),
        ([WRITE, event("stopped", stop="deadline")], False),
        ([WRITE], False),
        ([RAN, FINISHED], False),
        ([REFUSED, FINISHED], False),
    ],
)
def test_finished_unseen(events: list[Event], unverified: bool) -> None:
    assert ("unverified" in tags_of(events)) == unverified


@pytest.mark.parametrize(
    ("text", "tests"),
    [
        ("pytest -q", True),
        ("python -m unittest discover", True),
        ("python -m doctest a.py", True),
        ("tox -e py", True),
        ("python test_a.py", True),
        ("python tests/a_test.py", True),
        ("cd x && make test", True),
        ("make check", True),
        ("python a.py", False),
        ("test -f a.py", False),
        ("python -m worklog", False),
        ("make", False),
        ("grep toxic a.py", False),
    ],
)
def test_commands_that_run_tests(text: str, tests: bool) -> None:
    assert ("never_ran_tests" in tags_of([WRITE, command(text)])) == (not tests)


def test_without_an_edit_no_tests_are_missed() -> None:
    assert "never_ran_tests" not in tags_of([REFUSED, RAN])
    assert "never_ran_tests" in tags_of([EDIT])


def test_only_commands_run_tests() -> None:
    named = action("read_file", arguments={"command": "pytest", "path": "test_a.py"})
    assert "never_ran_tests" in tags_of([EDIT, named])


@given(ledgers)
def test_no_ledger_is_too_odd(events: list[Any]) -> None:
    tags = tags_of(events)
    assert tags == sorted(set(tags))


def test_tests_that_were_not_carried_out_were_not_run() -> None:
    edit = event("action", tool="write_file", ok=True)
    run = {"tool": "run_command", "arguments": {"command": "pytest"}, "ok": False}
    assert "never_ran_tests" in tags_of(
        [edit, event("action", **run, tags=["not_run"])]
    )
    assert "never_ran_tests" not in tags_of([edit, event("action", **run, tags=[])])
