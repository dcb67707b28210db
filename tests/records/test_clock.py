"""The clocks that runs are measured on."""

from __future__ import annotations

import time

import pytest

from pytest_overnight.records import clock


def test_the_wall_clock_goes_on() -> None:
    before = clock.wall()
    time.sleep(0.01)
    assert clock.wall() - before >= 0.01


def test_unix_time_is_right_and_set_back_by_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unix = clock.unix_clock()
    before, first, after = time.time(), unix(), time.time()
    assert before - 1 < first < after + 1
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert unix() >= first


def test_without_a_clock_that_counts_sleep_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "_BOOT", None)
    assert clock.suspended() == 0.0
    assert clock.wall() <= time.monotonic()
