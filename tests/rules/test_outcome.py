"""The precedence table, row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import classify
from pytest_overnight.rules.outcome import outcome_of
from tests.rules.ledgers import ledgers

P, F, E, N = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.NOT_RUN


@pytest.mark.parametrize(
    ("stop", "verdict", "facts", "outcome"),
    [
        ("finished", P, {}, "passed"),
        ("finished", F, {}, "wrong_answer"),
        ("finished", F, {"changed": False}, "no_change"),
        ("gave_up", F, {}, "gave_up"),
        ("gave_up", P, {}, "passed"),
        ("deadline", F, {}, "timeout"),
        ("deadline", P, {}, "passed"),
        ("deadline", F, {"looping": True}, "loop"),
        ("deadline", F, {"infra_share": 0.6}, "infra"),
        ("deadline", P, {"infra_share": 0.6}, "passed"),
        ("round_limit", F, {}, "budget"),
        ("action_limit", F, {"looping": True}, "loop"),
        ("token_limit", F, {}, "budget"),
        ("loop", F, {}, "loop"),
        ("malformed", F, {"changed": False}, "malformed"),
        ("context", F, {}, "context"),
        ("crash", F, {}, "crash"),
        ("llm_unavailable", F, {}, "infra"),
        ("llm_unavailable", P, {}, "passed"),
        ("llm_unavailable", N, {}, "infra"),
        ("llm_config", N, {}, "harness"),
        ("setup", N, {}, "harness"),
        ("finished", E, {}, "harness"),
        ("finished", N, {}, "harness"),
        ("isolation", P, {}, "isolation"),
        ("isolation", E, {}, "harness"),
        ("cancelled", P, {}, "cancelled"),
        ("cancelled", E, {}, "cancelled"),
    ],
)
def test_precedence(
    stop: str, verdict: Verdict, facts: dict[str, object], outcome: str
) -> None:
    assert classify(Stop(stop), verdict, **facts) is Outcome(outcome)  # type: ignore[arg-type]


def test_every_stop_and_verdict_has_an_outcome() -> None:
    for stop in Stop:
        for verdict in Verdict:
            assert classify(stop, verdict) in Outcome


def test_only_faults_that_are_not_the_agents_are_void() -> None:
    void = {outcome.value for outcome in Outcome if outcome.category == "void"}
    assert void == {"infra", "harness", "cancelled"}


# -- from a ledger ---------------------------------------------------------------------


def wait(kind: str, seconds: float) -> dict[str, object]:
    return {"event": "wait", "kind": kind, "seconds": seconds}


def fault(kind: str, seconds: float) -> dict[str, object]:
    return {"event": "fault", "kind": kind, "seconds": seconds}


SAME = {"event": "action", "tool": "list_files", "arguments": {}, "observation": "a"}
NOT_CARRIED_OUT = {**SAME, "ok": False, "tags": ["not_run"]}


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], "timeout"),
        ([SAME] * 2, "timeout"),
        ([SAME] * 3, "timeout"),
        ([SAME] * 4, "loop"),
        ([*[SAME] * 3, NOT_CARRIED_OUT, SAME], "loop"),
        ([SAME] * 3 + [NOT_CARRIED_OUT] * 20, "timeout"),
        ([wait("infra", 5.0)], "timeout"),
        ([wait("infra", 5.1)], "infra"),
        ([wait("infra", 3.0), fault("infra", 3.0)], "infra"),
        ([wait("infra", 3.0), wait("suspend", 3.0)], "infra"),
        ([wait("rate", 9.0), fault("context", 9.0)], "timeout"),
        ([wait("infra", 6.0), *[SAME] * 4], "infra"),
        ([wait("infra", 6.0), wait("infra", -9.0)], "infra"),
    ],
)
def test_the_outcome_follows_from_the_ledger(
    events: list[dict[str, object]], outcome: str
) -> None:
    found = outcome_of(events, Stop.DEADLINE, F, changed=True, duration=10.0)
    assert found is Outcome(outcome)


@pytest.mark.parametrize(
    ("tags", "outcome"), [(["not_run"], Outcome.BUDGET), ([], Outcome.LOOP)]
)
def test_calls_beyond_the_action_limit_make_no_loop_of_a_run(
    tags: list[str], outcome: Outcome
) -> None:
    calls = [
        {**SAME, "arguments": {"path": str(n)}, "ok": False, "tags": tags}
        for n in range(20)
    ]
    facts = {"changed": True, "duration": 10.0}
    events = [SAME, *calls]
    assert outcome_of(events, Stop.ACTION_LIMIT, F, **facts) is outcome  # type: ignore[arg-type]


def test_whether_anything_changed_is_passed_on() -> None:
    facts = {"duration": 1.0, "changed": False}
    assert outcome_of([], Stop.FINISHED, F, **facts) is Outcome.NO_CHANGE  # type: ignore[arg-type]


stops, verdicts = st.sampled_from(Stop), st.sampled_from(Verdict)
durations = st.floats(0, 100)
likely = st.sampled_from([Stop.DEADLINE, Stop.ROUND_LIMIT]) | stops
some_events = st.lists(
    st.sampled_from([SAME, SAME, NOT_CARRIED_OUT])
    | st.builds(wait, st.sampled_from(["infra", "rate", "suspend"]), st.floats())
    | st.builds(fault, st.sampled_from(["infra", "context"]), st.floats(-1, 30)),
    max_size=10,
)


@given(ledgers, stops, verdicts, st.booleans(), st.floats())
def test_every_ledger_has_one_outcome(
    events: list[dict[str, object]],
    stop: Stop,
    verdict: Verdict,
    changed: bool,
    duration: float,
) -> None:
    facts = {"changed": changed, "duration": duration}
    outcome = outcome_of(events, stop, verdict, **facts)  # type: ignore[arg-type]
    again = outcome_of(iter(events), stop, verdict, **facts)  # type: ignore[arg-type]
    assert outcome is again


RANK = {"missed": 0, "void": 1, "solved": 2}


@given(some_events | ledgers, likely, verdicts, st.booleans(), durations)
def test_a_torn_ledger_makes_no_outcome_better(
    events: list[dict[str, object]],
    stop: Stop,
    verdict: Verdict,
    changed: bool,
    duration: float,
) -> None:
    ranks = [
        RANK[
            outcome_of(
                events[:end], stop, verdict, changed=changed, duration=duration
            ).category
        ]
        for end in range(len(events) + 1)
    ]
    assert ranks == sorted(ranks)
