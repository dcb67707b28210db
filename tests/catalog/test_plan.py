"""The plan: order, seeds, hours."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.plan import draw_seed
from pytest_overnight.catalog.plan import estimate
from pytest_overnight.catalog.plan import make_plan


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


def test_hours_at_worst_are_the_limits_and_the_checks() -> None:
    plan = make_plan([challenge("L3-1", 10)], None, 0)
    assert estimate(plan, slots=1).worst == 10 * (180 + 5) / 3600
    assert estimate(plan, slots=2).worst == 10 * (180 + 5) / 3600 / 2
    assert estimate(plan, slots=1).expected < estimate(plan, slots=1).worst
