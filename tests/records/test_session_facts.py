"""What a journal tells of a session, over all processes that worked on it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import challenge_of
from pytest_overnight.records.session import read_session

EVENING = "overnight-2026-01-02"


def begun(
    clock: float = 0.0, *runs: str, event: str = "session", **more: Any
) -> dict[str, Any]:
    """A process takes the session up."""
    ids = sorted(set(map(challenge_of, runs)))
    plain = {
        "event": event,
        "time": f"at {clock:g}",
        "clock": clock,
        "session_id": EVENING,
        "settings": {"seed": 7},
        "agent": {"spec": "noop"},
        "plan": list(runs),
        "challenges": {name: a_challenge(name) for name in ids},
    }
    return {**plain, **more}


def a_challenge(name: str, digest: str = "d") -> dict[str, Any]:
    """As it stands in a journal."""
    facts = {"title": f"Answer {name}", "level": name[:2], "digest": digest}
    return {**facts, "parts": {"tests": "t"}, "timeout_seconds": 60.0}


def at(clock: float, event: str = "finished", **more: Any) -> dict[str, Any]:
    """Something happens."""
    return {"event": event, "time": f"at {clock:g}", "clock": clock, **more}


def facts_of(*events: dict[str, Any]) -> SessionFacts:
    """What they tell of."""
    facts = read_session(events)
    assert facts is not None
    return facts


def test_without_a_beginning_there_is_no_session() -> None:
    assert read_session([]) is None
    assert read_session([at(1), at(2, "closed")]) is None


def test_a_session_is_what_its_first_line_says() -> None:
    facts = facts_of(begun(5, "L3-1-run-0001", "L6-2-run-0001"), at(9))
    assert (facts.id, facts.started, facts.closed) == (EVENING, "at 5", None)
    assert facts.plan == ("L3-1-run-0001", "L6-2-run-0001")
    assert (facts.settings, facts.agent) == ({"seed": 7}, {"spec": "noop"})
    assert facts.level_of("L6-2-run-0001") == "L6"
    assert facts.planned_by_level() == {"L3": 1, "L6": 1}
    assert facts.challenges["L3-1"].parts == {"tests": "t"}
    assert (facts.ended, facts.ended_kind) == ("", "")


def test_the_plan_is_what_all_processes_were_to_play_in_order() -> None:
    first = begun(1, "L3-1-run-0001", "L3-2-run-0001")
    joined = begun(2, "L3-2-run-0001", "L6-1-run-0001", event="joined")
    resumed = begun(3, "L3-1-run-0002", "L3-1-run-0001")
    assert facts_of(first, joined, resumed).plan == (
        *("L3-1-run-0001", "L3-2-run-0001", "L6-1-run-0001", "L3-1-run-0002"),
    )


def test_whoever_took_it_up_last_says_what_it_is_now() -> None:
    resumed = begun(9, settings={"seed": 7, "slots": 2}, machine={"cpus": 2})
    facts = facts_of(begun(1), at(2), resumed)
    assert facts.settings["slots"] == 2
    assert facts.machine == {"cpus": 2}
    assert facts.started == "at 1"


def test_a_process_that_joins_is_not_its_owner() -> None:
    joined = begun(3, "L6-1-run-0001", event="joined", settings={"seed": 9})
    facts = facts_of(begun(1, "L3-1-run-0001"), joined, at(4), at(5, "closed"))
    assert facts.settings == {"seed": 7}
    assert (facts.closed, facts.seconds) == ("at 5", 4)


def test_it_is_closed_until_the_next_process_takes_it_up() -> None:
    once = [begun(1), at(2), at(3, "closed")]
    assert facts_of(*once).closed == "at 3"
    assert facts_of(*once, begun(9)).closed is None
    assert facts_of(*once, begun(9), at(11, "closed")).closed == "at 11"


def test_why_it_ended_holds_until_the_next_process_takes_it_up() -> None:
    end = at(2, "session_ended", reason="The disk is full.", kind="disk")
    facts = facts_of(begun(1), end, at(3, "closed"))
    assert (facts.ended, facts.ended_kind) == ("The disk is full.", "disk")
    facts = facts_of(begun(1), end, at(3, "closed"), begun(4))
    assert (facts.ended, facts.ended_kind) == ("", "")


def test_the_time_between_two_processes_is_not_time_at_work() -> None:
    facts = facts_of(begun(100), at(160), begun(1000), at(1030, "closed"))
    assert facts.seconds == 90


def test_a_machine_that_was_started_anew_counts_from_nought() -> None:
    """Its clock, too: the second process sees a smaller one than the first."""
    facts = facts_of(begun(5000), at(5060), begun(10), at(40, "closed"))
    assert facts.seconds == 90


def test_lines_that_are_not_as_they_must_be_are_passed_over() -> None:
    odd: list[dict[str, Any]] = [
        begun(0, session_id=""),
        begun(0, session_id=7),
        begun(0, settings=None),
        {**begun(0), "challenges": []},
        {"event": "session"},
        {"event": "closed"},
        {**at(1), "clock": "noon"},
    ]
    assert read_session(odd) is None
    facts = facts_of(*odd, begun(2, "L3-1-run-0001"), *odd, at(4))
    assert (facts.plan, facts.seconds) == (("L3-1-run-0001",), 2)
    assert facts.started == "at 2"


@pytest.mark.parametrize("odd", ["", None, [], {"parts": 7}, {"parts": None}])
def test_a_challenge_that_is_not_as_it_must_be_costs_no_other(odd: Any) -> None:
    event = begun(1, "L3-1-run-0001")
    event["challenges"]["L6-1"] = odd
    assert facts_of(event).plan == ("L3-1-run-0001",)


def test_a_planned_run_whose_challenge_nobody_knows_is_left_out() -> None:
    event = begun(1, "L3-1-run-0001", plan=["L9-9-run-0001", 7, "L3-1-run-0001"])
    assert facts_of(event).plan == ("L3-1-run-0001",)


CLOCKS = st.floats(0, 1e6, allow_nan=False)
EVENTS = st.lists(
    st.one_of(
        st.builds(begun, CLOCKS, st.sampled_from(["L3-1-run-0001", "L6-1-run-0001"])),
        st.builds(lambda clock: begun(clock, event="joined"), CLOCKS),
        st.builds(at, CLOCKS, st.sampled_from(["started", "finished", "closed"])),
        st.just({"event": "finished"}),
    ),
    max_size=12,
)


@given(EVENTS)
def test_time_at_work_is_never_negative_and_never_shrinks(events: list[Any]) -> None:
    before = 0.0
    for count in range(len(events) + 1):
        facts = read_session(events[:count])
        if facts is not None:
            assert facts.seconds >= before - 1e-6
            before = facts.seconds


@given(EVENTS)
def test_a_plan_only_ever_grows(events: list[Any]) -> None:
    before: tuple[str, ...] = ()
    for count in range(len(events) + 1):
        facts = read_session(events[:count])
        plan = facts.plan if facts else ()
        assert plan[: len(before)] == before
        assert len(set(plan)) == len(plan)
        before = plan
