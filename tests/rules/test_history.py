"""From what an agent did, or from a ledger, to what the loop rules look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.history import History
from pytest_overnight.rules.history import Round
from pytest_overnight.rules.history import Step
from pytest_overnight.rules.history import history_of
from pytest_overnight.rules.history import step
from pytest_overnight.rules.loops import findings
from tests.rules.ledgers import ledgers

Event = dict[str, Any]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"path": "a", "old_text": "x "}, {"old_text": "x", "path": "a"}),
        ({"path": "./src//a.py"}, {"path": "src/a.py"}),
        ({"path": "a.py "}, {"path": "a.py"}),
    ],
)
def test_arguments_are_compared_by_value(one: Event, other: Event) -> None:
    assert step("edit_file", one, "", True) == step("edit_file", other, "", True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"path": "a.py"}, {"path": "b.py"}),
        ({"content": "x/../y"}, {"content": "y"}),
        ({"timeout": 1}, {"timeout": 2}),
        ({"path": "a.py"}, {}),
    ],
)
def test_arguments_that_differ_make_different_actions(one: Event, other: Event) -> None:
    a, b = step("read_file", one, "", True), step("read_file", other, "", True)
    assert a.action != b.action


def test_a_step_knows_its_tool_and_its_answer_without_noise() -> None:
    ran = step("run_command", {"command": "pytest"}, "1 failed in 0.12s", True)
    assert ran.tool == "run_command"
    assert ran == Step(ran.action, "1 failed in <duration>")
    assert ran.exchange == (ran.action, "1 failed in <duration>", True, "")


def test_equal_steps_leave_the_same_files() -> None:
    one = step("run_command", {}, "", True, workspace="d1")
    other = step("run_command", {}, "", True, timed_out=True, workspace="d1")
    changed = step("run_command", {}, "", True, workspace="d2")
    assert one.exchange == other.exchange != changed.exchange


@pytest.mark.parametrize("arguments", [{1: "a", "b": 2}, [1, 2], "text", None])
def test_arguments_of_any_form_make_a_step(arguments: Any) -> None:
    assert step("run_command", arguments, "", True).tool == "run_command"


def test_arguments_nested_too_deeply_make_a_step() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert step("run_command", {"command": deep}, "", True).tool == "run_command"


def event(kind: str, **fields: Any) -> Event:
    return {"event": kind, **fields}


def round_event(number: int) -> Event:
    return event("round", number=number)


def test_actions_come_back_from_a_ledger() -> None:
    action = event(
        "action",
        tool="run_command",
        arguments={"command": "pytest"},
        observation="1 failed in 9.99s",
        ok=False,
        tags=["command_timeout"],
        workspace="d1",
    )
    command = {"command": "pytest"}
    assert history_of([action]).steps == [
        step(
            "run_command",
            command,
            "1 failed in 0.1s",
            False,
            timed_out=True,
            workspace="d1",
        )
    ]


def test_what_was_not_carried_out_is_no_step() -> None:
    ran = event("action", tool="list_files", observation="a.py")
    barred = event("action", tool="read_file", ok=False, tags=["not_run"])
    both = {**barred, "tags": ["command_timeout", "not_run"]}
    oddly = {**barred, "tags": "not_run"}  # no list of tags: nothing is known of it
    steps = history_of([barred, ran, both, barred, ran, oddly]).steps
    assert [seen.tool for seen in steps] == ["list_files", "list_files", "read_file"]


def test_calls_beyond_the_action_limit_are_no_error_storm() -> None:
    calls = [
        event("action", tool="read_file", arguments={"path": str(n)}, ok=False)
        for n in range(20)
    ]
    barred = [{**call, "tags": ["not_run"]} for call in calls]
    assert findings(history_of(barred)) == []
    assert [found.rule for found in findings(history_of(calls))] == ["L7"]
    mixed = [*calls[:5], *barred, *calls[5:6]]
    assert findings(history_of(mixed)) == findings(history_of(calls[:6]))


def test_a_round_is_marked_by_what_names_it() -> None:
    events = [
        round_event(1),
        event("unused", round=1, reason="silent"),
        round_event(2),
        event("truncated", round=1),
        event("unused", round=7, reason="talk"),
    ]
    rounds = [Round("silent", truncated=True), Round()]
    assert history_of(events).rounds == rounds


def test_a_compaction_belongs_to_the_round_it_is_made_for() -> None:
    events = [
        event("compaction", before=100, after=60),
        event("compaction", before=60, after=45),
        round_event(1),
        event("compaction", before=100, after=80),
    ]
    [only] = history_of(events).rounds
    assert only.compactions == pytest.approx((0.4, 0.25))


def test_after_a_cut_prompt_it_belongs_to_the_round_that_was_cut() -> None:
    events = [
        round_event(1),
        event("truncated", round=1),
        event("compaction", before=100, after=60),
        event("compaction", before=60, after=30),
        round_event(2),
    ]
    first, second = history_of(events).rounds
    assert first.compactions == pytest.approx((0.4,))
    assert second.compactions == pytest.approx((0.5,))


@pytest.mark.parametrize("fields", [{}, {"before": 0, "after": 0}, {"before": "x"}])
def test_nothing_is_held_against_a_compaction_without_figures(fields: Event) -> None:
    events = [event("compaction", **fields), round_event(1)]
    assert history_of(events).rounds == [Round(compactions=(1.0,))]


def test_what_is_no_event_is_passed_over() -> None:
    events: list[Any] = [None, 3, "round", [], {}, {"event": []}, {"event": "nonsense"}]
    assert history_of(events) == History([], [])


def test_an_action_without_fields_is_one_that_went_well() -> None:
    assert history_of([event("action")]).steps == [Step(" {}", "")]


class Live:
    """Books what happens in a history and in a ledger, as the tool loop does."""

    def __init__(self) -> None:
        self.history = History([], [])
        self.events: list[Event] = []

    def write(self, kind: str, **fields: Any) -> None:
        self.events.append(json.loads(json.dumps(event(kind, **fields))))

    def play(self, number: int, draw: Callable[..., Any]) -> None:
        """One round: compactions, the answer, what was cut, what was done."""
        freed = [self.compact(draw) for _ in range(draw(st.integers(0, 2)))]
        self.write("round", number=number)
        truncated = draw(st.booleans())
        if truncated:
            self.write("truncated", round=number, expected=9, prompt_tokens=5)
            if draw(st.booleans()):
                freed.append(self.compact(draw))
        reason = draw(st.sampled_from(["", "", "talk", "silent", "malformed"]))
        for _ in range(draw(st.integers(1, 3)) if reason in ("", "malformed") else 0):
            self.act(draw)
        if reason:
            self.write("unused", round=number, reason=reason, detail="")
        self.history.rounds.append(Round(reason, tuple(freed), truncated))

    def compact(self, draw: Callable[..., Any]) -> float:
        before, after = 100, draw(st.integers(10, 100))
        self.write("compaction", before=before, after=after, how=[])
        return 1 - after / before

    def act(self, draw: Callable[..., Any]) -> None:
        letter = draw(st.sampled_from("ab"))
        hung, digest = draw(st.booleans()), draw(st.sampled_from(["", "d1", "d2"]))
        barred = draw(st.sampled_from([False, False, False, True]))
        tags = ["command_timeout"] * hung + ["not_run"] * barred
        self.write(
            "action",
            tool=letter,
            arguments={"path": letter},
            observation=f"took {draw(st.integers(1, 9))} s",
            ok=not (hung or barred),
            tags=tags,
            workspace=digest,
        )
        if barred:
            return
        seen = {"timed_out": hung, "workspace": digest}
        self.history.steps.append(
            step(letter, {"path": letter}, "took 1 s", not hung, **seen)
        )


@given(st.data())
def test_a_ledger_tells_what_the_loop_saw(data: st.DataObject) -> None:
    live = Live()
    for number in range(1, data.draw(st.integers(1, 8)) + 1):
        live.play(number, data.draw)
        assert history_of(live.events) == live.history
        assert findings(history_of(live.events)) == findings(live.history)


@given(ledgers)
def test_no_ledger_is_too_odd(events: list[Any]) -> None:
    history = history_of(events)
    assert findings(history) == findings(history_of(events))
