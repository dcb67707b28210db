from datetime import date

import pytest

from worklog import Entry
from worklog import format_minutes
from worklog import format_time
from worklog import select
from worklog import totals

DAY = date(2024, 3, 4)
ENTRIES = [Entry(DAY, 600, 630, "b"), Entry(DAY, 540, 570, "a")]


def test_totals_are_sorted_by_time_then_name():
    longest = Entry(DAY, 0, 60, "z")
    assert list(totals([*ENTRIES, longest]).items()) == [
        ("z", 60),
        ("a", 30),
        ("b", 30),
    ]


def test_select_keeps_the_order():
    assert select(ENTRIES) == ENTRIES
    assert select(ENTRIES, project="a") == ENTRIES[1:]
    assert select(ENTRIES, day=date(2024, 3, 5)) == []


def test_durations_as_text():
    assert format_minutes(65) == "1:05"
    assert format_minutes(65, "decimal") == "1.08"
    with pytest.raises(ValueError):
        format_minutes(65, "roman")


def test_times_as_text():
    assert format_time(545) == "09:05"
