"""How the work on a row is booked: stop, outcome, counts and tags, off the ledger."""

from __future__ import annotations

from pytest_overnight.records.tally import tally
from pytest_overnight.rules.outcome import Verdict
from pytest_overnight.rules.outcome import outcome_of
from pytest_overnight.rules.tags import tags_of
from tests.faults.row import Row
from tests.faults.row import Work

OF_SHORT_WORK = {"never_ran_tests", "unverified"}
"""Tags of every script here: two rounds are few."""


def check(row: Row, work: Work) -> None:
    """The whole row: what the agent did, and how it was booked."""
    result, counts = work.result, tally(work.events)
    assert result.stop == row.stop, result.detail
    assert counts.rounds == result.rounds
    assert row.rounds in (None, result.rounds), result.detail
    if row.retries is not None:
        assert counts.retries == row.retries, work.of("fault")
    assert counts.actions == len(work.of("action")) == result.actions
    assert bool(counts.infra_wait_seconds) == row.infra
    tags = set(tags_of(work.events)) - OF_SHORT_WORK
    faults = [event for event in work.of("fault") if event["kind"] == "infra"]
    asked_again = any(event["retried"] for event in faults)
    assert tags == row.tags | ({"infra_retries"} if asked_again else set())
    outcome = outcome_of(
        work.events,
        result.stop,
        Verdict.FAIL,
        changed=work.changed,
        duration=work.seconds,
    )
    assert outcome == row.outcome
    _every_request_is_of_the_same_kind(work)
    for make in row.does:
        make(work)


def _every_request_is_of_the_same_kind(work: Work) -> None:
    """Another window would load the model anew; the task is what must not be lost."""
    for request in work.requests:
        assert request["options"]["num_ctx"] == work.asked_window
        assert request["options"]["num_predict"] > 0
        assert request["messages"][0]["role"] == "system"
        assert work.task in request["messages"][0]["content"]
