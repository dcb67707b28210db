from dataclasses import FrozenInstanceError
from datetime import date
from itertools import permutations

import pytest

from worklog import Entry
from worklog import Gap
from worklog import find_gaps
from worklog import format_minutes
from worklog import main

MONDAY = date(2024, 3, 4)
TUESDAY = date(2024, 3, 5)

LOG = """\
2024-03-05 09:20-12:40 atlas Second draft
2024-03-05 08:30-09:00 mail
2024-03-04 13:15-15:00 atlas
2024-03-04 14:30-15:00 mail
2024-03-04 09:00-12:30 atlas
2024-03-04 15:10-17:00 boreas
"""


def entry(start, end, day=MONDAY, project="a"):
    return Entry(day, start * 60, end * 60, project)


def gap(start, end, day=MONDAY):
    return Gap(day, start * 60, end * 60)


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command on a log; return the exit status and what was printed."""

    def run(command, log, *options):
        path = tmp_path / "work.log"
        path.write_text(log, encoding="utf-8")
        status = main([command, str(path), *options])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_a_gap_is_a_frozen_record():
    one = Gap(MONDAY, 750, 795)
    assert (one.day, one.start, one.end, one.minutes) == (MONDAY, 750, 795, 45)
    assert one == Gap(day=MONDAY, start=750, end=795)
    with pytest.raises(FrozenInstanceError):
        one.start = 0


def test_no_entries_no_gaps():
    assert find_gaps([]) == []
    assert find_gaps([entry(9, 10)]) == []


def test_the_time_between_two_entries_is_a_gap():
    entries = [entry(9, 10), entry(11, 12), entry(15, 16)]
    assert find_gaps(entries) == [gap(10, 11), gap(12, 15)]


@pytest.mark.parametrize("start", [8, 10, 12])
def test_between_two_days_is_no_gap(start):
    entries = [entry(9, 10), entry(start, start + 1, TUESDAY)]
    assert find_gaps(entries) == []
    assert find_gaps(entries, minimum=1) == []


def test_each_day_has_its_own_gaps():
    entries = [entry(h, h + 1, day) for day in (MONDAY, TUESDAY) for h in (9, 12)]
    assert find_gaps(entries) == [gap(10, 12), gap(10, 12, TUESDAY)]


def test_touching_and_overlapping_entries_leave_no_gap():
    assert find_gaps([entry(9, 10), entry(10, 11)], minimum=1) == []
    assert find_gaps([entry(9, 11), entry(10, 12)], minimum=1) == []
    assert find_gaps([entry(9, 11), entry(9, 11)], minimum=1) == []


def test_a_shorter_entry_inside_a_long_one_leaves_no_gap():
    assert find_gaps([entry(9, 13), entry(10, 11)]) == []
    assert find_gaps([entry(9, 13), entry(9, 10)]) == []


@pytest.mark.parametrize("minimum", [1, 14, 15, 16, 60])
def test_a_gap_of_exactly_the_minimum_is_kept(minimum):
    first = Entry(MONDAY, 540, 600, "a")
    exact = Entry(MONDAY, 600 + minimum, 720, "a")
    assert find_gaps([first, exact], minimum=minimum) == [
        Gap(MONDAY, 600, 600 + minimum)
    ]
    assert find_gaps([first, exact], minimum=minimum + 1) == []


def test_the_minimum_is_15_unless_given():
    def after(minutes):
        return find_gaps(
            [Entry(MONDAY, 540, 600, "a"), Entry(MONDAY, 600 + minutes, 720, "a")]
        )

    assert after(14) == []
    assert after(15) == [Gap(MONDAY, 600, 615)]


def test_the_order_of_the_entries_does_not_matter():
    entries = [entry(9, 10), entry(11, 14), entry(15, 16)]
    for order in permutations(entries):
        assert find_gaps(order) == [gap(10, 11), gap(14, 15)]
    days = [entry(h, h + 1, day) for day in (MONDAY, TUESDAY) for h in (9, 12)]
    for order in permutations(days):
        assert find_gaps(order) == [gap(10, 12), gap(10, 12, TUESDAY)]


def test_entries_may_be_read_only_once():
    assert find_gaps(entry(h, h + 1) for h in (11, 9)) == [gap(10, 11)]


def test_the_argument_is_not_changed():
    entries = [entry(11, 12), entry(9, 10)]
    find_gaps(entries)
    assert entries == [entry(11, 12), entry(9, 10)]


@pytest.mark.parametrize("minimum", [0, -1, -15])
@pytest.mark.parametrize("entries", [[], [entry(9, 10)], [entry(9, 10), entry(11, 12)]])
def test_a_minimum_below_1_is_refused(entries, minimum):
    with pytest.raises(ValueError):
        find_gaps(entries, minimum=minimum)


def test_short_durations():
    texts = [format_minutes(n, "short") for n in (0, 45, 60, 65, 120, 1505)]
    assert texts == ["0m", "45m", "1h00m", "1h05m", "2h00m", "25h05m"]
    assert format_minutes(65) == "1:05"


def test_totals_in_short_style(run):
    log = "2024-03-04 09:00-10:05 atlas\n2024-03-04 11:00-11:30 mail\n"
    expected = "atlas  1h05m\nmail   30m\ntotal  1h35m\n"
    assert run("totals", log, "--style", "short") == (0, expected, "")


def test_the_command_prints_gaps_and_sum(run):
    expected = (
        "2024-03-04 12:30-13:15 45m\n2024-03-05 09:00-09:20 20m\ntotal 1h05m\n"
    )
    assert run("gaps", LOG) == (0, expected, "")


def test_the_command_heeds_the_minimum(run):
    expected = "2024-03-04 12:30-13:15 45m\ntotal 45m\n"
    assert run("gaps", LOG, "--minimum", "21") == (0, expected, "")
    expected = (
        "2024-03-04 12:30-13:15 45m\n"
        "2024-03-04 15:00-15:10 10m\n"
        "2024-03-05 09:00-09:20 20m\n"
        "total 1h15m\n"
    )
    assert run("gaps", LOG, "--minimum", "10") == (0, expected, "")


def test_only_chosen_entries_count(run):
    expected = "2024-03-05 09:00-09:20 20m\ntotal 20m\n"
    assert run("gaps", LOG, "--day", "2024-03-05") == (0, expected, "")
    log = LOG + "2024-03-04 18:00-18:30 mail\n"
    expected = "2024-03-04 15:00-18:00 3h00m\ntotal 3h00m\n"
    assert run("gaps", log, "--project", "mail") == (0, expected, "")


@pytest.mark.parametrize(
    ("log", "options"),
    [
        ("", []),
        ("2024-03-04 09:00-10:00 a\n", []),
        (LOG, ["--minimum", "46"]),
        (LOG, ["--project", "nobody"]),
    ],
)
def test_the_command_says_when_there_are_no_gaps(run, log, options):
    assert run("gaps", log, *options) == (0, "no gaps\n", "")


@pytest.mark.parametrize("minimum", ["0", "-3"])
@pytest.mark.parametrize("log", ["", LOG])
def test_the_command_refuses_a_minimum_below_1(run, log, minimum):
    status, out, err = run("gaps", log, f"--minimum={minimum}")
    assert (status, out) == (2, "")
    assert err.startswith("worklog: ")
    assert len(err.splitlines()) == 1
