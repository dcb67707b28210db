"""What is worth knowing of a try beside its outcome, in single words.

A tag never changes an outcome; a run may have many.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable

from pytest_overnight.records.events import Event
from pytest_overnight.records.events import figure
from pytest_overnight.records.events import text
from pytest_overnight.records.events import texts
from pytest_overnight.rules.history import NOT_RUN

RELOAD_SECONDS = 1.0
"""Loading the model anew takes longer, a look at a loaded one never does."""
SLOW_SHARE = 0.8
"""Part of model and tool time spent waiting for the model, beyond which …"""
SLOW_TOKENS_PER_SECOND = 5.0
"""… and decode speed below which the model is slow,"""
SLOW_ROUNDS = 3
"""once measured over so many rounds."""

_EDITS = {"write_file", "edit_file"}
_TESTS = re.compile(
    r"pytest|unittest|doctest|\b(?:tox|nox)\b|\bmake (?:test|check)\b"
    r"|(?:\bpython[\d.]*\s(?:\S+\s)*|\./)\S*test\w*\.py"
)
"""A command that runs tests, as far as its words show: it names a runner or make's
target, or starts a file that is called like a test. No other script is recognized."""


_OF_EVENT = {
    "compaction": "compacted",
    "shadow": "shadow_stop",
    "truncated": "truncated",
}
_OF_ACTION = {"text_call", "escape_attempt", "command_timeout", "command_limit"}
_OF_UNUSED = {"unreadable", "degenerate"}


def tags_of(events: Iterable[Event]) -> list[str]:
    """The tags of a try, sorted, off its ledger; never raises."""
    known = [event for event in events if isinstance(event, dict)]
    tags = {tag for tag, holds in _RULES.items() if holds(known)}
    for event in known:
        tags |= _said(event)
    return sorted(tags)


def _said(event: Event) -> set[str]:
    """The tags that one event is enough for."""
    kind = text(event, "event")
    if kind == "action":
        mended = {"repaired"} if event.get("repaired") else set()
        return mended | (_OF_ACTION & set(texts(event, "tags")))
    if kind == "unused":
        return _OF_UNUSED & {text(event, "reason")}
    if kind == "fault":
        again = event.get("kind") == "infra" and event.get("retried")
        return {"infra_retries"} if again else set()
    if kind == "switch":
        return {"text_protocol"} if event.get("to") == "text protocol" else set()
    return {_OF_EVENT[kind]} if kind in _OF_EVENT else set()


def _of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event.get("event") == kind]


def _reload(events: list[Event]) -> bool:
    """The model had to be loaded again while the agent was at work."""
    rounds = _of(events, "round")
    return any(figure(event, "load_seconds") > RELOAD_SECONDS for event in rounds[1:])


def _slow_llm(events: list[Event]) -> bool:
    """The model was slow, and that is where the time went."""
    rounds = _of(events, "round")
    tool = sum(figure(event, "seconds") for event in _of(events, "action"))
    llm = sum(figure(event, "seconds") for event in [*rounds, *_of(events, "cut")])
    timed = [event for event in rounds if figure(event, "decode_seconds") > 0]
    tokens = sum(figure(event, "output_tokens") for event in timed)
    decode = sum(figure(event, "decode_seconds") for event in timed)
    return (
        llm > SLOW_SHARE * (llm + tool)
        and len(timed) >= SLOW_ROUNDS
        and tokens < SLOW_TOKENS_PER_SECOND * decode
    )


def _unverified(events: list[Event]) -> bool:
    """Finished without a command that ran to its end after the last edit."""
    ends = [text(event, "stop") for event in _of(events, "stopped")]
    done = [text(event, "tool") for event in _of(events, "action") if _is_ok(event)]
    edits = [at for at, tool in enumerate(done) if tool in _EDITS]
    return (
        ends[-1:] == ["finished"]
        and bool(edits)
        and "run_command" not in done[edits[-1] :]
    )


def _never_ran_tests(events: list[Event]) -> bool:
    """There was an edit, and no command that ran tests, see ``_TESTS``."""
    actions = [e for e in _of(events, "action") if NOT_RUN not in texts(e, "tags")]
    edited = any(text(event, "tool") in _EDITS and _is_ok(event) for event in actions)
    return edited and not any(_TESTS.search(_command(event)) for event in actions)


def _is_ok(action: Event) -> bool:
    return bool(action.get("ok", True))


def _command(action: Event) -> str:
    arguments = action.get("arguments")
    if action.get("tool") != "run_command" or not isinstance(arguments, dict):
        return ""
    return text(arguments, "command")


def _no_stream(events: list[Event]) -> bool:
    rounds = _of(events, "round")
    return any("not streamed" in texts(event, "notes") for event in rounds)


def _small_window(events: list[Event]) -> bool:
    """The server gave the model less context than it was asked for."""
    return any(
        0 < figure(event, "window") < figure(event, "asked_window")
        for event in _of(events, "round")
    )


_RULES: dict[str, Callable[[list[Event]], bool]] = {
    "reload": _reload,
    "slow_llm": _slow_llm,
    "unverified": _unverified,
    "never_ran_tests": _never_ran_tests,
    "no_stream": _no_stream,
    "small_window": _small_window,
}
