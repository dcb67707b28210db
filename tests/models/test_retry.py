"""Pauses between repetitions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.models.retry import Backoff


def test_the_upper_end_doubles_up_to_the_cap() -> None:
    backoff = Backoff(base=1.0, cap=60.0)
    ends = [backoff.pause(retry, lambda: 1.0) for retry in range(1, 9)]
    assert ends == [1, 2, 4, 8, 16, 32, 60, 60]


@given(retry=st.integers(1, 50), drawn=st.floats(0, 1, exclude_max=True))
def test_a_pause_lies_anywhere_below_its_upper_end(retry: int, drawn: float) -> None:
    backoff = Backoff()
    pause = backoff.pause(retry, lambda: drawn)
    assert 0 <= pause <= backoff.cap
    assert pause == drawn * backoff.pause(retry, lambda: 1.0)
