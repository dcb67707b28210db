"""The ledger as people read it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.ledger_text import MARGIN
from pytest_overnight.records.ledger_text import ROOM
from pytest_overnight.records.ledger_text import WIDTH
from pytest_overnight.records.ledger_text import block
from pytest_overnight.records.ledger_text import lines_for

FIELDS = {
    "started": "run_id agent",
    "box": "seconds",
    "round": "number content thinking calls prompt_tokens output_tokens seconds "
    "first_token_seconds load_seconds decode_seconds done_reason notes window",
    "unused": "round reason detail",
    "fault": "kind reason detail status seconds retried",
    "wait": "kind seconds",
    "cut": "seconds",
    "action": "round number tool arguments ok repaired tags seconds observation "
    "workspace",
    "command": "argv status output",
    "nudge": "rule text",
    "shadow": "rule detail",
    "compaction": "before after how",
    "truncated": "round expected prompt_tokens",
    "switch": "to detail",
    "stopped": "stop detail",
    "finished": "workspace",
    "nobody's own": "score note",
}
EVIL = ["\x1b[8m", "\n", "\r", "\u202e", "\x85", "\udc80", "x", " ", "12:00:00  ", "│"]

texts = st.one_of(
    st.text(),
    st.lists(st.sampled_from(EVIL), max_size=400).map("".join),
    st.integers(0, 3000).map("long ".__mul__),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An event with fields of its name, each of them holding anything at all."""
    name = draw(st.sampled_from([*FIELDS, *EVIL]))
    known = FIELDS.get(name, "text").split()
    return name, draw(st.dictionaries(st.sampled_from(known), anything))


@given(events())
def test_every_line_is_plain_and_fits(event: tuple[str, dict[str, Any]]) -> None:
    lines = lines_for(*event)
    assert any(lines)
    assert all(line.isprintable() and len(line) <= ROOM for line in lines)


@given(events())
def test_an_event_has_one_stamp(event: tuple[str, dict[str, Any]]) -> None:
    shown = block(1e9, *event)
    assert shown.endswith("\n")
    lines = [line for line in shown[:-1].split("\n") if line]
    assert re.match(r"\d\d:\d\d:\d\d  ", lines[0])
    assert all(line.startswith(MARGIN) for line in lines[1:])
    assert all(len(line) <= WIDTH for line in lines)


def action(**changes: Any) -> list[str]:
    plain = {
        "tool": "read_file",
        "arguments": {"path": "a.py", "end_line": 2},
        "ok": True,
        "repaired": [],
        "seconds": 0.0312,
        "observation": "   1| x = 1\n   2| y = 2",
    }
    return lines_for("action", {**plain, **changes})


def test_a_short_action_takes_one_line() -> None:
    [line] = action()
    assert line.startswith("· read_file a.py → 2 lines  ")
    assert line.endswith("  31 ms")
    assert len(line) == ROOM


def test_a_long_action_takes_two_lines() -> None:
    call, answer = action(
        tool="run_command",
        arguments={"command": "python -m pytest " * 9},
        repaired=["tool name"],
        observation="exit status 1 after 2.3 s\n...F\n1 failed, 3 passed in 0.31s\n",
    )
    assert call.startswith("· run_command python -m pytest python")
    assert answer.startswith(
        "  → exit status 1 after 2.3 s · … 2 lines … 1 failed, 3 pas"
    )
    assert answer.endswith("… · mended: tool name")


def test_a_failed_action_is_marked_and_says_why() -> None:
    [line] = action(ok=False, observation="a.py does not exist.\nmore")
    assert line.startswith("✗ read_file a.py → a.py does not exist.  ")


def test_a_round_shows_its_figures_and_first_words() -> None:
    blank, head, *said = lines_for(
        "round",
        {
            "number": 3,
            "content": "one\n\ntwo\nthree\nfour\nfive",
            "thinking": "hm",
            "prompt_tokens": 1204,
            "output_tokens": 88,
            "seconds": 4.25,
            "decode_seconds": 2.0,
            "load_seconds": 0.0,
            "done_reason": "length",
            "notes": ["asked without thinking"],
        },
    )
    assert blank == ""
    assert head.startswith("── round 3 ──")
    figures = "1204 → 88 tokens · 4.2 s · 44 tokens/s · ended by length"
    assert head.endswith(f"─ {figures}")
    assert said == [
        "│ thinks: hm",
        "│ one",
        "│ two",
        "│ three",
        "│ … 2 more lines",
        "note: asked without thinking",
    ]


@pytest.mark.parametrize(
    ("event", "fields", "shown"),
    [
        ("box", {"seconds": 0.03}, "box opened in 30 ms"),
        ("wait", {"kind": "rate", "seconds": 4}, "wait of 4.0 s: the rate limit"),
        ("unused", {"reason": "talk", "detail": ""}, "no action: talk"),
        (
            "fault",
            {
                "kind": "infra",
                "reason": "busy",
                "status": 503,
                "seconds": 0.1,
                "retried": True,
                "detail": "server busy",
            },
            "✗ call failed: infra/busy 503 after 100 ms, asked again",
        ),
        (
            "compaction",
            {"before": 9000, "after": 4000, "how": ["old thinking dropped"]},
            "conversation shortened, ~9000 → 4000 tokens: old thinking dropped",
        ),
        (
            "truncated",
            {"expected": 9000, "prompt_tokens": 4000},
            "ALARM the server left part of the prompt out: 4000 tokens arrived, ~9000 "
            "sent",
        ),
        (
            "shadow",
            {"rule": "L1", "detail": "4 equal calls"},
            "the loop guard would have stopped the run, L1: 4 equal calls",
        ),
        (
            "switch",
            {"to": "text protocol", "detail": "no tools"},
            "now speaking the text protocol: no tools",
        ),
        ("my_score", {"points": 3, "of": [1, 2]}, "my_score  points=3  of=[1, 2]"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_other_events_are_told_in_a_line(
    event: str, fields: dict[str, Any], shown: str
) -> None:
    assert lines_for(event, fields)[0] == shown
