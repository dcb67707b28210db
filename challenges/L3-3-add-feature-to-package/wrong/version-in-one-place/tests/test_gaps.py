from datetime import date

import pytest

from worklog import Entry
from worklog import Gap
from worklog import find_gaps
from worklog import format_minutes
from worklog import main

MONDAY = date(2024, 3, 4)
TUESDAY = date(2024, 3, 5)


def entry(start, end, day=MONDAY):
    return Entry(day, start, end, "atlas")


def test_a_gap_lies_between_two_entries():
    gaps = find_gaps([entry(540, 600), entry(630, 700)])
    assert gaps == [Gap(MONDAY, 600, 630)]
    assert gaps[0].minutes == 30


def test_the_night_is_no_gap():
    assert find_gaps([entry(540, 600), entry(660, 720, TUESDAY)]) == []


def test_a_long_entry_covers_what_comes_after_a_shorter_one():
    assert find_gaps([entry(540, 800), entry(560, 600), entry(700, 810)]) == []


def test_entries_that_touch_leave_no_gap():
    assert find_gaps([entry(540, 600), entry(600, 660)], minimum=1) == []


def test_a_gap_of_the_minimum_is_kept_and_a_shorter_one_left_out():
    entries = [entry(0, 10), entry(30, 40), entry(59, 70)]
    assert find_gaps(entries, minimum=20) == [Gap(MONDAY, 10, 30)]


def test_the_default_minimum_is_a_quarter_of_an_hour():
    entries = [entry(0, 10), entry(25, 40), entry(54, 70)]
    assert find_gaps(entries) == [Gap(MONDAY, 10, 25)]


def test_entries_come_in_any_order_and_only_once():
    entries = [
        entry(60, 90, TUESDAY),
        entry(0, 30, TUESDAY),
        entry(60, 90),
        entry(0, 9),
    ]
    expected = [Gap(MONDAY, 9, 60), Gap(TUESDAY, 30, 60)]
    assert find_gaps(iter(entries)) == expected
    assert find_gaps(entries) == expected
    assert entries[0].day == TUESDAY


def test_no_entries_no_gaps():
    assert find_gaps([]) == []


@pytest.mark.parametrize("minimum", [0, -1])
def test_a_minimum_below_one_is_refused(minimum):
    with pytest.raises(ValueError):
        find_gaps([], minimum=minimum)


def test_short_durations():
    texts = [format_minutes(minutes, "short") for minutes in (0, 45, 60, 65)]
    assert texts == ["0m", "45m", "1h00m", "1h05m"]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "work.log"
    path.write_text(
        "2024-03-04 09:00-10:00 atlas\n"
        "2024-03-04 10:20-11:00 mail\n"
        "2024-03-04 12:05-13:00 atlas\n"
    )
    return str(path)


def test_the_command_prints_gaps_and_their_sum(log, capsys):
    assert main(["gaps", log]) == 0
    assert capsys.readouterr().out == (
        "2024-03-04 10:00-10:20 20m\n2024-03-04 11:00-12:05 1h05m\ntotal 1h25m\n"
    )


def test_the_command_takes_a_minimum_and_a_project(log, capsys):
    assert main(["gaps", log, "--minimum", "30"]) == 0
    assert main(["gaps", log, "--project", "atlas"]) == 0
    assert capsys.readouterr().out == (
        "2024-03-04 11:00-12:05 1h05m\ntotal 1h05m\n"
        "2024-03-04 10:00-12:05 2h05m\ntotal 2h05m\n"
    )


def test_the_command_says_that_there_are_no_gaps(log, capsys):
    assert main(["gaps", log, "--day", "2024-03-05"]) == 0
    assert capsys.readouterr().out == "no gaps\n"


def test_the_command_refuses_a_minimum_below_one(log, capsys):
    assert main(["gaps", log, "--minimum", "0"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("worklog: ")
