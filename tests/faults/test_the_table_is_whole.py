"""Every fault of the research is played at least once, and none that nobody knows."""

from __future__ import annotations

from tests.faults import test_broken_streams
from tests.faults import test_server_away_and_busy
from tests.faults import test_tools_and_session
from tests.faults import test_what_the_model_says

NAMES = [
    *(row.name for row in test_server_away_and_busy.ROWS),
    *(row.name for row in test_broken_streams.ROWS),
    *(row.name for row in test_what_the_model_says.ROWS),
    *(row.name for row in test_tools_and_session.ROWS),
    *(row.name for row in test_tools_and_session.NIGHTS),
    *test_tools_and_session.CUT_SHORT,
]


def test_every_fault_is_played() -> None:
    assert {name.split()[0] for name in NAMES} == {f"F{n:02}" for n in range(1, 45)}


def test_no_row_stands_there_twice() -> None:
    assert len(NAMES) == len(set(NAMES))
