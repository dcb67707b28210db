"""``pytest-overnight watch``: what is seen of a night that goes on, and how it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pytest_overnight.cli import main
from pytest_overnight.commands.screen import duration
from pytest_overnight.commands.screen import shares
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from tests.reporting.nights import a_run
from tests.reporting.test_watching import FIRST
from tests.reporting.test_watching import PLAN
from tests.reporting.test_watching import SECOND
from tests.reporting.test_watching import THIRD
from tests.reporting.test_watching import session_fields
from tests.support.nights import environment

NASTY = "gone\x1b[2J\r\nwrong [bold]markup[/bold] [/] \u202etxet\x9b31m"
"""What an agent may say: escapes, line breaks, markup, a change of direction."""


class Night:
    """A results folder whose night this test plays, through the real files."""

    def __init__(self, results: Path, **changes: Any) -> None:
        self.results = results
        self.store = RunStore(results)
        self.store.create()
        self.lock: SessionLock | None = SessionLock(results)
        fields = session_fields(**{"pid": os.getpid(), **changes})
        self.store.journal.note("session", **fields)

    def start(self, run_id: str) -> Night:
        self.store.begin_try(run_id)
        return self

    def finish(self, run_id: str, outcome: str = "passed", **changes: Any) -> RunRecord:
        test_id, _, number = run_id.partition("-run-")
        record = a_run(test_id, int(number), outcome, **changes)
        self.store.write_run(record)
        return record

    def play(self, run_id: str, outcome: str = "passed", **changes: Any) -> Night:
        self.start(run_id).finish(run_id, outcome, **changes)
        return self

    def close(self, *, orderly: bool = True) -> Night:
        if orderly:
            self.store.journal.note("closed")
        if self.lock is not None:
            self.lock.release()
            self.lock = None
        return self


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Callable[..., Night]]:
    """Begins nights; their locks do not outlive the test."""
    begun: list[Night] = []

    def begin(name: str = "overnight_results", **changes: Any) -> Night:
        begun.append(Night(tmp_path / name, **changes))
        return begun[-1]

    yield begin
    for one in begun:
        one.close(orderly=False)


@pytest.fixture
def seen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, list[str]]]:
    """Looks once: exit status, and the lines without the blanks at their ends."""

    def look(results: Path, columns: int = 80) -> tuple[int, list[str]]:
        monkeypatch.setenv("COLUMNS", str(columns))
        status = main(["watch", str(results)])
        return status, [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return look


Look = Callable[..., tuple[int, list[str]]]
Begin = Callable[..., Night]


def test_a_running_night_is_shown_whole(night: Begin, seen: Look) -> None:
    one = night().play(FIRST).play(SECOND, "wrong_answer", detail="1 of 4 failed.")
    one.play(THIRD, "infra", detail="Nobody answers.").start(PLAN[3])
    status, lines = seen(one.results)
    assert status == 0
    assert lines[0] == "overnight-2026-11-22 · agent ollama, model gpt-oss:20b"
    assert lines[1].startswith("at work for ")
    table = {line.split()[0]: line.split() for line in lines[4:8]}
    assert table["all"][2:] == ["3/12", "1/2", "50", "%", "9–91", "1"]
    assert table["L3"][2:] == ["2/6", "1/2", "50", "%", "9–91", "0"]
    assert table["A"][2:] == ["0/3", "0/0", "–", "–", "0"]
    now = lines[lines.index("now") + 1].split()
    assert (now[0], now[2:]) == (PLAN[3], ["of", "3m00s", "Names"])
    failures = lines[lines.index("last missed and void runs") + 1 :]
    assert [line.split(maxsplit=1) for line in failures] == [
        [THIRD, "void infra    Nobody answers."],
        [SECOND, "wrong_answer  1 of 4 failed."],
    ]


@pytest.mark.parametrize("columns", [120, 80, 60, 40, 24])
def test_every_line_fits(night: Begin, seen: Look, columns: int) -> None:
    one = night(spec="rehearsal")
    for run_id in PLAN[:9]:
        one.play(run_id, "wrong_answer", detail="日本語 " * 40 + NASTY)
    one.start(PLAN[10])
    one.store.journal.note(
        "server_awaited", kind="server", reason="Nobody answers. " * 9, seconds=900.0
    )
    _, lines = seen(one.results, columns)
    assert max(map(cell_len, lines)) <= columns
    assert any("wait" in line.lower() for line in lines)


def test_what_an_agent_said_does_nothing_to_the_terminal(
    night: Begin, seen: Look
) -> None:
    one = night().play(FIRST, "wrong_answer", detail=NASTY)
    one.store.journal.note("session_ended", kind="server", reason=NASTY)
    _, lines = seen(one.results, 200)
    assert all(line.isprintable() for line in lines)
    assert sum("[bold]markup[/bold] [/] \\x202etxet" in line for line in lines) == 2


def test_a_scripted_agent_is_shouted(night: Begin, seen: Look) -> None:
    one = night(spec="rehearsal").play(FIRST, "loop")
    _, lines = seen(one.results)
    assert lines[0] == "*** REHEARSAL: scripts act here, no model is measured ***"


def test_a_wait_for_the_server_is_told(night: Begin, seen: Look) -> None:
    one = night()
    one.store.journal.note(
        "server_awaited", kind="server", reason="Nobody answers.", seconds=900.0
    )
    _, lines = seen(one.results)
    assert lines[2].startswith("Waiting for the model server, ")
    assert lines[2].endswith(" of at most 15m00s: Nobody answers.")


def test_a_night_that_ends_early_says_why_and_promises_no_end(
    night: Begin, seen: Look
) -> None:
    one = night().play(FIRST).start(SECOND)
    one.store.journal.note("session_ended", kind="disk", reason="The disk is full.")
    _, lines = seen(one.results)
    assert "to go" not in lines[1]
    assert lines[2] == "The night ends early: The disk is full."


def test_a_whole_night_names_its_report(night: Begin, seen: Look) -> None:
    one = night(plan=(FIRST, SECOND)).play(FIRST).play(SECOND).close()
    _, without = seen(one.results)
    assert without[-2] == "It has no report. That is written by"
    assert without[-1] == f"  pytest-overnight report {one.results}"
    report = one.results / "overnight_report_2026-11-22.md"
    report.touch()
    status, lines = seen(one.results)
    assert status == 0
    assert lines[1].startswith("ended after ")
    assert lines[-3:] == [
        "The night has ended: all 2 runs are done.",
        "The report:",
        f"  {report}",
    ]


def test_a_night_that_was_stopped_says_how_to_go_on(night: Begin, seen: Look) -> None:
    one = night().play(FIRST).play(SECOND, "cancelled").close()
    status, lines = seen(one.results)
    assert status == 0
    assert "The night has ended; 11 of 12 runs have no result that counts" in " ".join(
        lines
    )
    command = "  pytest -m overnight --overnight-resume --overnight-results="
    assert f"{command}{one.results}" in lines


def test_a_night_that_was_cut_off_says_so_and_how_to_go_on(
    night: Begin, seen: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = night().play(FIRST).start(SECOND).close(orderly=False)
    monkeypatch.chdir(one.results.parent)
    status, lines = seen(Path("overnight_results"))
    assert status == 1
    assert lines[lines.index("was at work on") + 1].split() == [SECOND, "Slugs"]
    assert "The night was cut off" in " ".join(lines)
    assert lines[-1] == "  pytest -m overnight --overnight-resume"


def test_a_night_that_is_just_beginning_is_said(night: Begin, seen: Look) -> None:
    former = night().play(FIRST).close()
    lock = SessionLock(former.results)
    try:
        # This process wrote the former night, too: another one would be told by its id.
        lock.path.write_text('{"pid": 1, "started": "2999-01-01T00:00:00.000Z"}')
        status, lines = seen(former.results, 200)
    finally:
        lock.release()
    assert status == 0
    assert lines == [
        f"A night is just about to begin, or to go on, in {former.results}."
    ]


def test_no_night_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no night has begun there. `pytest -m overnight` begins one" in said.err


def test_a_night_one_folder_below_is_pointed_at(
    tmp_path: Path, night: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = night().results
    assert main(["watch", str(tmp_path)]) == 2
    assert f"but one lies in {inside}." in capsys.readouterr().err


def test_a_journal_that_may_not_be_read_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    assert main(["watch", str(tmp_path)]) == 2
    assert "journal.jsonl: " in capsys.readouterr().err


def test_the_command_line_costs_no_drawing_library() -> None:
    script = "import sys, pytest_overnight.cli; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@given(st.lists(st.integers(0, 50), min_size=3, max_size=3), st.integers(0, 50))
def test_a_bar_is_full_only_when_nothing_is_left(parts: list[int], left: int) -> None:
    for width in (4, 17, 60):
        cells = shares(parts, sum(parts) + left, width)
        assert sum(cells) == width
        assert min(cells) >= 0
        assert (cells[-1] == 0) == (left == 0 and sum(parts) > 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.9, "0s"), (59, "59s"), (252, "4m12s"), (25500, "7h05m"), (360000, "100h00m")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


class Terminal:
    """``watch`` on a terminal of its own, 80 columns wide."""

    def __init__(self, results: Path) -> None:
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        command = [sys.executable, "-m", "pytest_overnight", "watch", str(results)]
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment(), "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self.text = ""

    def read_until(self, words: str) -> None:
        """Read until ``words`` were written, or the process has ended."""
        while words not in self.text:
            try:
                new = os.read(self._master, 1 << 16)
            except OSError:  # nobody has the other end any more
                new = b""
            if not new:
                break
            self.text += new.decode(errors="replace")

    def end(self) -> int:
        """The exit status, once all is read."""
        self.read_until("\0never\0")
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal() -> Iterator[Callable[[Path], Terminal]]:
    """Opens terminals, and ends what runs there."""
    opened: list[Terminal] = []

    def open_one(results: Path) -> Terminal:
        opened.append(Terminal(results))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


Open = Callable[[Path], Terminal]
LEAVES = "\x1b[?1049l"
SHOWS_CURSOR = "\x1b[?25h"


def test_it_follows_the_night_to_its_end(night: Begin, terminal: Open) -> None:
    one = night(plan=(FIRST, SECOND)).play(FIRST)
    screen = terminal(one.results)
    screen.read_until("1/2")
    one.start(SECOND)
    screen.read_until("Slugs")
    one.finish(SECOND)
    screen.read_until("2/2")
    one.close()
    assert screen.end() == 0
    last = screen.text.partition(LEAVES)[2]
    assert "all 2 runs are done" in last
    assert SHOWS_CURSOR in screen.text


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [(signal.SIGINT, 130, "the night goes on"), (signal.SIGTERM, 143, "")],
)
def test_it_is_left_at_any_time(
    night: Begin, terminal: Open, number: int, status: int, words: str
) -> None:
    screen = terminal(night().play(FIRST).results)
    screen.read_until("1/12")
    screen.process.send_signal(number)
    assert screen.end() == status
    last = screen.text.partition(LEAVES)[2]
    assert words in last
    assert SHOWS_CURSOR in screen.text
    assert "Traceback" not in screen.text
