"""Pauses between repetitions."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.models.base import FaultKind
from pytest_overnight.models.base import ModelFault
from pytest_overnight.models.retry import Backoff

REASONS = "refused busy rate gateway runner stream cut no_done garbled stall http"
faults = st.builds(
    ModelFault,
    st.just("infra"),
    st.just("broken"),
    reason=st.sampled_from(REASONS.split()),
    retry_after=st.none() | st.floats(0, 1e6),
)
draws = st.floats(0, 1, exclude_max=True)


def infra(reason: str, retry_after: float | None = None) -> ModelFault:
    return ModelFault("infra", "broken", reason=reason, retry_after=retry_after)


def ends(reason: str, retries: range) -> list[float | None]:
    """The upper ends of the pauses."""
    return [Backoff().pause(infra(reason), retry, lambda: 1.0) for retry in retries]


def test_the_upper_end_doubles_until_there_is_no_further_try() -> None:
    assert ends("busy", range(1, 8)) == [1, 2, 4, 8, 16, 32, None]


def test_a_limited_rate_is_given_more_time() -> None:
    assert ends("rate", range(1, 8)) == [5, 10, 20, 40, 60, 60, None]


def test_a_server_that_refuses_is_looked_for_without_end() -> None:
    assert ends("refused", range(1, 7)) == [1, 2, 4, 8, 10, 10]
    assert ends("refused", range(10**6, 10**6 + 1)) == [10]


def test_a_dead_runner_gets_time_to_start_anew_but_not_for_ever() -> None:
    pauses = [Backoff().pause(infra("runner"), n, lambda: 0.0) for n in range(1, 5)]
    assert pauses == [5, 5, 5, None]


@pytest.mark.parametrize("kind", sorted({*get_args(FaultKind)} - {"infra"}))
def test_only_what_may_pass_by_itself_is_repeated(kind: FaultKind) -> None:
    assert Backoff().pause(ModelFault(kind, "no"), 1, lambda: 0.5) is None


@given(fault=faults, retry=st.integers(1, 50), drawn=draws)
def test_a_pause_is_never_shorter_than_asked_nor_longer_than_needed(
    fault: ModelFault, retry: int, drawn: float
) -> None:
    pause = Backoff().pause(fault, retry, lambda: drawn)
    asked = fault.retry_after or 0.0
    assert pause is None or asked <= pause <= max(asked, 60)


@given(fault=faults, retry=st.integers(1, 50), low=draws, high=draws)
def test_a_luckier_draw_never_waits_longer(
    fault: ModelFault, retry: int, low: float, high: float
) -> None:
    low, high = sorted([low, high])
    less = Backoff().pause(fault, retry, lambda: low)
    more = Backoff().pause(fault, retry, lambda: high)
    assert less == more is None or (less or 0) <= (more or 0)


@given(fault=faults, retry=st.integers(1, 50), drawn=draws, scale=st.floats(1, 1000))
def test_where_time_is_shortened_pauses_are(
    fault: ModelFault, retry: int, drawn: float, scale: float
) -> None:
    whole = Backoff().pause(fault, retry, lambda: drawn)
    short = Backoff(scale).pause(fault, retry, lambda: drawn)
    assert short == (None if whole is None else whole / scale)
