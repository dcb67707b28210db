"""The precedence table, row by row."""

from __future__ import annotations

import pytest

from pytest_overnight.rules.outcome import Outcome
from pytest_overnight.rules.outcome import Stop
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import classify

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
