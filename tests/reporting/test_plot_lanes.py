"""The night in time: lanes, gaps and waits, checked against plain arithmetic."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import Try
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots.lanes import Bar
from pytest_overnight.reporting.plots.lanes import gaps
from pytest_overnight.reporting.plots.lanes import lay_out
from pytest_overnight.reporting.plots.lanes import moment
from pytest_overnight.reporting.plots.lanes import waiting
from pytest_overnight.reporting.plots.timeline import extent
from pytest_overnight.reporting.plots.timeline import finding
from pytest_overnight.reporting.plots.timeline import least_gap
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run

EVENING = datetime(2025, 1, 21, 22, tzinfo=UTC)

Times = tuple[int, int]
TIMES = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), max_size=40)
"""Seconds after the evening's start, and length of each run."""


def stamp(seconds: float) -> str:
    return (EVENING + timedelta(seconds=seconds)).isoformat()


def at(start: float, length: float, attempt: int = 1, **changes: object) -> RunRecord:
    """A run that goes on for ``length`` seconds from ``start`` on."""
    return a_run(
        "L3-1",
        attempt,
        timestamp_start=stamp(start),
        timestamp_end=stamp(start + length),
        **changes,
    )


def bars_of(times: list[Times]) -> list[Bar]:
    return lay_out([at(start, length, n) for n, (start, length) in enumerate(times)])


@given(TIMES)
def test_runs_of_a_lane_never_overlap_and_lanes_are_as_few_as_can_be(
    times: list[Times],
) -> None:
    bars = bars_of(times)
    assert len(bars) == len(times)
    for lane in {bar.lane for bar in bars}:
        members = [bar for bar in bars if bar.lane == lane]
        ends = [bar.end for bar in members]
        starts = [bar.start for bar in members[1:]]
        assert all(start >= end for end, start in zip(ends, starts, strict=False))
    together = [  # runs of no time come before others of their second
        sum(a <= start < a + b for a, b in times)
        if length
        else 1 + sum(a < start < a + b for a, b in times)
        for start, length in times
    ]
    lanes = {bar.lane for bar in bars}
    assert lanes == set(range(max(together, default=0)))


@given(TIMES.filter(bool), st.integers(1, 30))
def test_gaps_are_the_seconds_in_which_nothing_ran(
    times: list[Times], least: int
) -> None:
    zero = EVENING.timestamp()
    busy = {
        second for start, length in times for second in range(start, start + length)
    }
    edges = {start for start, _ in times}
    idle: list[list[int]] = []
    for second in range(600):
        if second in busy:
            continue
        if not idle or idle[-1][-1] != second - 1 or second in edges:
            idle.append([])  # a run of no time ends a gap, too
        idle[-1].append(second)
    expected = [(one[0], one[-1] + 1) for one in idle if len(one) >= least]
    found = gaps(bars_of(times), zero, zero + 600, least)
    assert [(gap.start - zero, gap.end - zero) for gap in found] == expected


@given(TIMES.filter(bool), st.integers(1, 50))
def test_no_second_of_waiting_is_lost_or_made_up(times: list[Times], bins: int) -> None:
    waited = Performance(infra_wait_seconds=2.0, rate_wait_seconds=1.0)
    runs = [at(s, n, i, performance=waited) for i, (s, n) in enumerate(times)]
    zero = EVENING.timestamp()
    found = waiting(lay_out(runs), zero, zero + 600, bins)
    seconds = sum(found) * 600 / bins
    assert seconds == pytest.approx(sum(min(3.0, length) for _, length in times))


def test_former_tries_have_void_bars_of_their_own() -> None:
    tries = [
        Try(number=1, stop="llm_unavailable", started=stamp(0), duration=30.0),
        Try(number=2, stop="finished", started=stamp(100), duration=20.0),
    ]
    first, second = lay_out([at(100, 20, tries=tries)])
    assert (first.success, first.end - first.start) == (None, 30.0)
    assert (second.success, second.end - second.start) == (True, 20.0)


def test_times_that_cannot_be_read_are_left_out() -> None:
    assert lay_out([a_run(timestamp_start="yesterday")]) == []
    assert moment(None) is None
    assert moment("2025-01-21T22:00:00") == moment("2025-01-21T22:00:00Z")
    assert moment("2025-01-21T23:00:00+01:00") == moment("2025-01-21T22:00:00.000Z")


def test_a_clock_set_back_gives_a_run_of_no_time() -> None:
    (bar,) = lay_out([at(100, -50)])
    assert bar.start == bar.end


def said(night: Night) -> str:
    bars = lay_out(night.runs)
    start, end = extent(night, bars)
    return finding(night, bars, gaps(bars, start, end, least_gap(start, end)))


def test_the_longest_time_without_a_run_is_the_finding() -> None:
    runs = (at(0, 100), at(100, 500, 2), at(4200, 600, 3, counted=False))
    night = Night(None, runs, ())
    assert said(night) == (
        "3 runs (1 void) in 1 h 20 min; nothing ran for 1 h 0 min from 22:10 UTC"
    )
    night = Night(None, runs[:2], ())
    assert said(night) == "2 runs in 10 min 0 s; never 6 s without a run"


def test_what_the_night_waited_for_after_its_last_run_is_a_gap_too() -> None:
    master = a_master(end_time=stamp(3600), ended_early="no server")
    night = Night(master, (at(600, 1200),), ())
    assert said(night) == (
        "1 run in 1 h 0 min, ended early; nothing ran for 40 min 0 s in 2 gaps, "
        "the longest 30 min 0 s from 22:30 UTC"
    )
