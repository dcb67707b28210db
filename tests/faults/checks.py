"""What an agent must do about a fault, as sentences that a row is made of.

Each function gives a check; requests and rounds are counted from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_overnight.agents.tools import schemas
from tests.faults.row import Check
from tests.faults.row import Work

# -- what was asked -------------------------------------------------------------------


def asks(times: int) -> Check:
    """The server gets so many chat requests."""

    def check(work: Work) -> None:
        assert len(work.requests) == times

    return check


def sends_again(first: int, then: int) -> Check:
    """One request is another, word for word."""

    def check(work: Work) -> None:
        assert work.requests[then - 1] == work.requests[first - 1]

    return check


def draws_anew(first: int, then: int) -> Check:
    """One request is another with a new seed, and nothing else."""

    def check(work: Work) -> None:
        one, two = work.requests[first - 1], work.requests[then - 1]
        assert one["options"]["seed"] != two["options"]["seed"]
        assert _but_for_seed(one) == _but_for_seed(two)

    return check


def _but_for_seed(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "options": {**request["options"], "seed": None}}


def streams(*wanted: bool) -> Check:
    """Which of the first requests ask for a stream."""

    def check(work: Work) -> None:
        asked = [request["stream"] for request in work.requests]
        assert asked[: len(wanted)] == list(wanted)

    return check


def thinks(*wanted: str | None) -> Check:
    """What the requests say of thinking; ``None``: nothing."""

    def check(work: Work) -> None:
        assert [request.get("think") for request in work.requests] == list(wanted)

    return check


def speaks_text_from(number: int) -> Check:
    """From this request on there are no tools, but a protocol for texts."""

    def check(work: Work) -> None:
        before, after = work.requests[: number - 1], work.requests[number - 1 :]
        assert all(request["tools"] == schemas() for request in before)
        for request in after:
            assert not request["tools"]
            assert "</write_file>" in request["options"]["stop"]
            assert "</write_file>" in request["messages"][0]["content"]
            assert not any("tool_calls" in each for each in request["messages"])

    return check


def gets_smaller(first: int, then: int) -> Check:
    """One request is well below another in size."""

    def check(work: Work) -> None:
        one, two = (len(str(work.requests[n - 1]["messages"])) for n in (first, then))
        assert two < 0.8 * one

    return check


def is_whole_everywhere(work: Work) -> None:
    """The server never had to leave anything out."""
    assert all(prompt.whole for prompt in work.server.seen)


def hangs_up(work: Work) -> None:
    """The client closed its connection in the middle of an answer."""
    assert work.server.totals.disconnects >= 1


def asks_one_at_a_time(work: Work) -> None:
    """No request while another waited."""
    assert work.server.totals.at_once == 1


# -- what the model was told ----------------------------------------------------------


def tells(number: int, *texts: str) -> Check:
    """The last message of this request has these texts in it."""

    def check(work: Work) -> None:
        told = work.told(number - 1)
        assert not [text for text in texts if text not in told], told

    return check


def answers_every_call(work: Work) -> None:
    """After each turn of calls come as many answers, in the calls' order."""
    messages = work.requests[-1]["messages"]
    for at, message in enumerate(messages):
        names = [each["function"]["name"] for each in message.get("tool_calls") or ()]
        answers = messages[at + 1 : at + 1 + len(names)]
        assert [answer.get("tool_name") for answer in answers] == names


def nudges(*rules: str) -> Check:
    """The agent is told by these rules, in this order."""

    def check(work: Work) -> None:
        assert [event["rule"] for event in work.of("nudge")] == list(rules)

    return check


# -- what was done --------------------------------------------------------------------


def leaves(**files: str) -> Check:
    """The workspace holds exactly these texts; ``a_py`` stands for ``a.py``."""

    def check(work: Work) -> None:
        found = {p.name: p.read_text("utf-8") for p in sorted(work.folder.iterdir())}
        assert found == {n.replace("_py", ".py"): text for n, text in files.items()}

    return check


def acts(*tools: str) -> Check:
    """The ledger holds these actions, a failed one with ``!`` before its tool."""

    def check(work: Work) -> None:
        done = [f"{'' if e['ok'] else '!'}{e['tool']}" for e in work.of("action")]
        assert done == list(tools)

    return check


def repairs(*wanted: bool) -> Check:
    """Which of the actions had to be repaired."""

    def check(work: Work) -> None:
        assert [bool(e["repaired"]) for e in work.of("action")] == list(wanted)

    return check


def says_of_action(number: int, *texts: str) -> Check:
    """What came back of an action."""

    def check(work: Work) -> None:
        seen = work.of("action")[number - 1]["observation"]
        assert not [text for text in texts if text not in seen], seen

    return check


# -- what was written down ------------------------------------------------------------


def books_faults(kind: str, *reasons: str) -> Check:
    """The failed calls, all of one kind."""

    def check(work: Work) -> None:
        faults = [(event["kind"], event["reason"]) for event in work.of("fault")]
        assert faults == [(kind, reason) for reason in reasons]

    return check


def finds_unused(*reasons: str) -> Check:
    """Why rounds brought no action."""

    def check(work: Work) -> None:
        assert [event["reason"] for event in work.of("unused")] == list(reasons)

    return check


def writes(event: str, times: int = 1, **fields: Any) -> Check:
    """The ledger has so many such events."""

    def check(work: Work) -> None:
        assert len(work.of(event, **fields)) == times, work.of(event)

    return check


def notes(number: int, note: str) -> Check:
    """What the round's event says that the adapter did."""

    def check(work: Work) -> None:
        assert note in work.of("round")[number - 1]["notes"]

    return check


def pauses(*seconds: float) -> Check:
    """How long it waits before each new try."""

    def check(work: Work) -> None:
        assert work.pauses == list(seconds)

    return check


def pauses_at_least(seconds: float) -> Check:
    """How long it waits before any new try."""

    def check(work: Work) -> None:
        assert work.pauses
        assert min(work.pauses) >= seconds

    return check


def all_of(checks: Sequence[Check], work: Work) -> None:
    """Make every check."""
    for check in checks:
        check(work)
