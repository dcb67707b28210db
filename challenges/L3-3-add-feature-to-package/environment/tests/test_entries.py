from datetime import date

import pytest

from worklog import Entry
from worklog import LogError
from worklog import parse_log

DAY = date(2024, 3, 4)


def test_entries_keep_the_order_of_the_log():
    log = "2024-03-04 13:00-14:00 b\n2024-03-04 09:00-10:00 a  two  words \n"
    assert parse_log(log) == [
        Entry(DAY, 780, 840, "b"),
        Entry(DAY, 540, 600, "a", "two  words"),
    ]


def test_comments_and_blank_lines_are_passed_over():
    assert parse_log("\n  # nothing\n\n") == []


def test_the_day_may_end_at_24():
    assert parse_log("2024-03-04 23:00-24:00 a")[0].end == 1440


@pytest.mark.parametrize(
    "line",
    ["words", "2024-03-04 10:00-10:00 a", "2024-02-30 09:00-10:00 a"],
)
def test_a_line_that_cannot_be_read_is_named(line):
    with pytest.raises(LogError, match="^line 2: ") as caught:
        parse_log("\n" + line)
    assert caught.value.line == 2
