"""What is played again, and where one more run tells most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.orchestration.passes import SoFar
from pytest_overnight.orchestration.passes import left_over
from pytest_overnight.orchestration.passes import next_repetition
from pytest_overnight.orchestration.passes import one_more_pass
from pytest_overnight.orchestration.passes import so_far
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.reporting.statistics import wilson
from tests.reporting.nights import a_run


def test_void_runs_and_those_not_reached_are_left_over() -> None:
    records = [
        a_run(),
        a_run(attempt=2, outcome="infra"),
        a_run("L4-1", outcome="loop"),
    ]
    plan = ["L3-1-run-0001", "L4-1-run-0001", "L3-1-run-0002", "L4-1-run-0002"]
    assert left_over(plan, records) == ["L3-1-run-0002", "L4-1-run-0002"]


def test_a_void_outcome_that_a_script_intended_is_not_left_over() -> None:
    agent = AgentInfo(spec="rehearsal", scripted=True, intended_outcome="infra")
    records = [
        a_run(outcome="infra", agent=agent),
        a_run(attempt=2, outcome="harness", agent=agent),
    ]
    plan = ["L3-1-run-0001", "L3-1-run-0002"]
    assert left_over(plan, records) == ["L3-1-run-0002"]


@pytest.mark.parametrize(
    ("passes", "left", "former", "healthy", "seconds", "again"),
    [
        (0, 3, 3, True, 60, True),
        (0, 0, 0, True, 60, False),  # nothing is left over
        (0, 3, 3, False, 60, False),  # would all fail
        (0, 3, 3, True, 0, False),  # no time
        (1, 2, 3, False, 60, True),  # the last pass mended something
        (1, 3, 3, False, 60, False),
        (1, 3, 3, True, 60, True),
        (2, 1, 3, True, 60, False),  # enough
        (0, 3, 3, True, float("inf"), True),
    ],
)
def test_when_runs_are_played_again(
    passes: int, left: int, former: int, healthy: bool, seconds: float, again: bool
) -> None:
    found = one_more_pass(passes, left, former, healthy=healthy, seconds=seconds)
    assert found == again


def test_what_is_known_of_each_challenge() -> None:
    records = [
        a_run(duration=10.0),
        a_run(attempt=2, outcome="wrong_answer", duration=30.0),
        a_run(attempt=3, outcome="infra", duration=900.0),
        a_run("L4-1", outcome="infra"),
    ]
    plan = [f"L3-1-run-000{n}" for n in (1, 2, 3)] + ["L4-1-run-0001", "L6-1-run-0001"]
    assert so_far(plan, records) == [SoFar("L3-1", 1, 2, 20.0, 3)]
    assert so_far(plan, records)[0].next_run == "L3-1-run-0004"


def test_one_more_run_goes_where_least_is_known() -> None:
    sure = SoFar("L3-1", 10, 10, 60, 10)
    unsure = SoFar("L4-1", 5, 10, 60, 10)
    few = SoFar("L6-1", 1, 2, 600, 2)
    assert next_repetition([sure, unsure, few], 3600) == few
    assert next_repetition([sure, unsure, few], 599) == unsure
    assert next_repetition([sure, unsure, few], 60) == unsure
    assert next_repetition([sure, unsure, few], 59) is None


def test_of_equals_the_first_by_name() -> None:
    assert next_repetition(
        [SoFar("L4-1", 0, 5, 9, 5), SoFar("L3-2", 5, 5, 9, 5)], 10
    ) == SoFar("L3-2", 5, 5, 9, 5)


KNOWN = st.builds(
    lambda name, n, solved, seconds: SoFar(name, min(solved, n), n, seconds, n),
    st.text("LA123456-", min_size=1, max_size=4),
    st.integers(1, 30),
    st.integers(0, 30),
    st.floats(1, 1000),
)


@given(st.lists(KNOWN, max_size=8), st.floats(0, 1000))
def test_the_next_run_fits_and_no_other_that_fits_has_a_wider_interval(
    known: list[SoFar], seconds: float
) -> None:
    def width(one: SoFar) -> float:
        interval = wilson(one.successes, one.counted)
        return interval.high - interval.low

    best = next_repetition(known, seconds)
    fitting = [one for one in known if one.mean_seconds <= seconds]
    assert (best is None) == (not fitting)
    if best is not None:
        assert best in fitting
        assert all(width(one) <= width(best) + 1e-6 for one in fitting)
