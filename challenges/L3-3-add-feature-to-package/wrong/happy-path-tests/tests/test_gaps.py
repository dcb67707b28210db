from datetime import date

import pytest

from worklog import Entry
from worklog import Gap
from worklog import find_gaps
from worklog import format_minutes
from worklog import main

MONDAY = date(2024, 3, 4)


def test_find_gaps():
    entries = [Entry(MONDAY, 540, 600, "atlas"), Entry(MONDAY, 660, 720, "mail")]
    assert find_gaps(entries) == [Gap(MONDAY, 600, 660)]


def test_find_gaps_with_a_large_minimum():
    entries = [Entry(MONDAY, 540, 600, "atlas"), Entry(MONDAY, 660, 720, "mail")]
    assert find_gaps(entries, minimum=90) == []


def test_find_gaps_without_entries():
    assert find_gaps([]) == []


def test_minimum_is_checked():
    with pytest.raises(ValueError):
        find_gaps([], minimum=0)


def test_short_style():
    assert format_minutes(65, "short") == "1h05m"


def test_gaps_command(capsys):
    assert main(["gaps", "examples/week.log"]) == 0
    out = capsys.readouterr().out
    assert "2024-03-04 12:30-13:15 45m" in out
    assert out.endswith("total 2h25m\n")
