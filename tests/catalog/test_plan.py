"""The plan: order, seeds, hours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.plan import draw_seed
from pytest_overnight.catalog.plan import estimate
from pytest_overnight.catalog.plan import make_plan
from pytest_overnight.catalog.plan import wall_cap
from pytest_overnight.settings import Settings


def challenge(challenge_id: str, repetitions: int, timeout: float = 180.0) -> Challenge:
    """A challenge of which only the plan's own fields matter."""
    return Challenge(
        id=challenge_id,
        level=challenge_id[:2],
        title="",
        folder=Path(challenge_id),
        instruction="",
        timeout_seconds=timeout,
        verify_seconds=60,
        repetitions=repetitions,
        expected_files=(),
        digest="",
    )


@given(
    repetitions=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    count=st.none() | st.integers(1, 15),
)
def test_every_prefix_of_a_plan_is_balanced(
    repetitions: list[int], count: int | None
) -> None:
    challenges = [challenge(f"L3-{i}", n) for i, n in enumerate(repetitions)]
    plan = make_plan(challenges, count, session_seed=1)
    assert len({run.id for run in plan}) == len(plan)
    assert len(plan) == sum(count or n for n in repetitions)
    order = [run.repetition for run in plan]
    assert order == sorted(order)


def test_ten_repetitions_have_ten_seeds_that_stay_the_same() -> None:
    seeds = [draw_seed(7, "L3-1", repetition) for repetition in range(1, 11)]
    assert len(set(seeds)) == 10
    assert seeds == [draw_seed(7, "L3-1", repetition) for repetition in range(1, 11)]
    assert seeds[0] != draw_seed(8, "L3-1", 1)
    assert all(0 <= seed < 2**63 for seed in seeds)


def asked(**wishes: Any) -> Settings:
    """Settings of which only the plan's own matter."""
    return Settings(results=Path(), suite=Path(), session_id="s", **wishes)


def test_hours_at_worst_are_the_limits_and_the_checks() -> None:
    plan = make_plan([challenge("L3-1", 10)], None, 0)
    hours = estimate(plan, asked())
    assert hours.worst == 10 * (180 + 5) / 3600
    assert estimate(plan, asked(slots=2)).worst == 10 * (180 + 5) / 3600 / 2
    assert estimate(plan, asked(slots=2, time_scale=30.0)).worst == (60 + 50) / 2 / 3600
    assert hours.expected < hours.worst


def test_hours_are_those_of_the_pace_where_that_binds() -> None:
    plan = make_plan([challenge("L3-1", 10)], None, 0)
    # 40 rounds at 4 a minute are 600 s, beyond the limit of 180.
    slow = {"max_rounds": 40, "calls_per_minute": 4.0}
    assert estimate(plan, asked(**slow)).worst == 10 * (600 + 5) / 3600
    # The rate is the server's: a second slot does not make it faster.
    assert estimate(plan, asked(**slow, slots=2)).worst == 10 * (600 + 2.5) / 3600
    assert estimate(plan, asked(calls_per_minute=600.0)) == estimate(plan, asked())
    # A pause comes on top of the work.
    gap = asked(max_rounds=40, min_gap=2.0)
    assert estimate(plan, gap).worst == 10 * (180 + 80 + 5) / 3600
    assert estimate(plan, asked(**slow, agent="oracle")) == estimate(plan, asked())


def test_no_try_is_killed_while_it_waits_its_turn() -> None:
    plain, one = asked(max_rounds=40), challenge("L3-1", 10)
    paced = asked(max_rounds=40, calls_per_minute=4.0, slots=2)
    assert wall_cap(one, plain) == 180 + 900 + 60
    assert wall_cap(one, paced) == wall_cap(one, plain) + 40 * 2 * 15


def test_a_run_knows_its_place_in_the_plan() -> None:
    plan = make_plan([challenge("L3-1", 3), challenge("L4-1", 2)], None, 0)
    assert [run.ordinal for run in plan] == list(range(5))
