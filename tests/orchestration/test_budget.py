"""Until when, for how long, how much is left."""

from __future__ import annotations

from datetime import datetime
from datetime import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pytest_overnight.orchestration.budget import ENDLESS
from pytest_overnight.orchestration.budget import Deadline
from pytest_overnight.orchestration.budget import clock_time
from pytest_overnight.orchestration.budget import seconds_until
from pytest_overnight.orchestration.budget import shown


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("07:30", time(7, 30)),
        ("7:30", time(7, 30)),
        (" 00:00 ", time(0)),
        ("23:59", time(23, 59)),
    ],
)
def test_a_time_of_day(text: str, moment: time) -> None:
    assert clock_time(text) == moment


@pytest.mark.parametrize(
    "text", ["", "7", "24:00", "07:60", "7.30", "07:30:00", "\u0660\u0667:\u0663\u0660"]
)
def test_no_time_of_day(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of day such as 07:30"):
        clock_time(text)


def from_to(start: str, until: str) -> float:
    """Hours from a local moment to the next such time of day."""
    return (
        seconds_until(clock_time(until), datetime.fromisoformat(start).timestamp())
        / 3600
    )


@pytest.mark.parametrize(
    ("start", "until", "hours"),
    [
        ("2026-11-22T22:00", "07:30", 9.5),
        ("2026-11-22T01:00", "07:30", 6.5),
        ("2026-11-22T07:30", "07:30", 24),
        ("2026-12-31T23:00", "00:00", 1),
    ],
)
def test_until_is_the_next_such_time(start: str, until: str, hours: float) -> None:
    assert from_to(start, until) == hours


@pytest.mark.usefixtures("central_europe")
@pytest.mark.parametrize(
    ("start", "until", "hours"),
    [
        ("2026-03-28T22:00", "07:30", 8.5),  # an hour is left out
        ("2026-10-24T22:00", "07:30", 10.5),  # an hour comes twice
        ("2026-03-29T01:30", "02:30", 1.0),  # does not exist: as if nothing changed
        ("2026-10-25T01:45", "02:30", 0.75),
        ("2026-10-25T02:45", "02:30", 0.75),  # comes again
    ],
)
def test_nights_in_which_the_clocks_change(
    start: str, until: str, hours: float
) -> None:
    assert from_to(start, until) == hours


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    moment=st.times().map(lambda found: found.replace(second=0, microsecond=0)),
)
def test_then_it_is_that_time(
    central_europe: None, now: datetime, moment: time
) -> None:
    seconds = seconds_until(moment, now.timestamp())
    assert 0 < seconds <= 25 * 3600
    then = datetime.fromtimestamp(round(now.timestamp() + seconds))
    hour = timedelta(hours=1)
    gap = then.replace(tzinfo=None).date() == datetime(2026, 3, 29).date()
    shown_times = {then.time(), *({(then - hour).time()} if gap else set())}
    assert moment in shown_times


class Clock:
    """Goes on as told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_left_of_a_night() -> None:
    clock = Clock()
    deadline = Deadline(60, clock)
    assert deadline.set
    assert deadline.left() == 60
    clock.now += 45
    assert deadline.left() == 15
    clock.now += 45
    assert deadline.left() == 0


def test_a_night_without_end() -> None:
    deadline = Deadline()
    assert not deadline.set
    assert deadline.left() == ENDLESS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "1 h"),
        (27000, "7 h 30 min"),
        (7200, "2 h"),
    ],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert shown(seconds) == text
