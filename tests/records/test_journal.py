"""The journal: each line whole or left out, whoever is killed over it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """One that nobody has written into."""
    return Journal(tmp_path / "journal.jsonl")


def names(journal: Journal) -> list[str]:
    """Its events, by name."""
    return [event["event"] for event in journal.read()]


def test_a_line_says_when_by_both_clocks(journal: Journal) -> None:
    journal.note("worker", worker="gw0", pid=7)
    (event,) = journal.read()
    assert list(event) == ["event", "time", "clock", "worker", "pid"]
    assert event["time"].endswith("Z")
    assert event["clock"] > 0


def test_without_a_file_there_are_no_events(journal: Journal) -> None:
    assert journal.read() == []
    assert not journal.path.exists()


def test_a_second_look_finds_what_others_have_added(journal: Journal) -> None:
    other = Journal(journal.path)
    journal.note("first")
    assert names(journal) == ["first"]
    other.note("second")
    journal.note("third")
    assert names(journal) == names(other) == ["first", "second", "third"]


def test_a_second_look_reads_no_line_twice(journal: Journal) -> None:
    journal.note("first")
    kept = journal.read()
    assert journal.read() is kept
    journal.note("second")
    first = kept[0]
    assert journal.read() is kept
    assert kept[0] is first


@given(parts=st.lists(st.binary(max_size=4) | st.just(b"\n"), max_size=6))
def test_whatever_stands_there_no_line_is_lost(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    journal = Journal(tmp_path_factory.mktemp("journal") / "journal.jsonl")
    noted = []
    for number, part in enumerate(parts):
        with journal.path.open("ab") as file:
            file.write(part)
        Journal(journal.path).note("whole", number=number)
        noted.append(number)
        assert [event["number"] for event in journal.read()] == noted


def test_a_line_that_a_kill_has_torn_costs_no_other(journal: Journal) -> None:
    journal.note("first")
    with journal.path.open("ab") as file:
        file.write(b'{"event": "torn", "ti')
    assert names(journal) == ["first"]
    journal.note("second")
    assert names(journal) == ["first", "second"]
    assert names(Journal(journal.path)) == ["first", "second"]


def test_a_line_that_another_writer_has_torn_costs_no_other(journal: Journal) -> None:
    """Also to a process that has found the file whole before."""
    journal.note("first")
    with journal.path.open("ab") as file:  # a worker, killed as it wrote
        file.write(b'{"event": "torn", "ti')
    journal.note("second")
    journal.note("third")
    assert names(Journal(journal.path)) == ["first", "second", "third"]


FILLS_THE_DISK = """\
import pathlib, resource, sys
from pytest_overnight.records.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
journal.note("first")
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
room = journal.path.stat().st_size + 20
resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
for name in ("second", "third"):
    try:
        journal.note(name)
    except OSError as problem:
        print(type(problem).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
journal.note("fourth")
"""


def test_a_full_disk_is_said_and_costs_no_line_that_follows(journal: Journal) -> None:
    """Of the second line a part finds room: nobody must take it for written."""
    argv = [sys.executable, "-c", FILLS_THE_DISK, str(journal.path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["OSError", "OSError"]
    assert names(journal) == ["first", "fourth"]


def test_another_nights_file_in_the_same_place_begins_anew(journal: Journal) -> None:
    journal.note("first")
    assert names(journal) == ["first"]
    journal.path.rename(journal.path.with_name("former.jsonl"))
    assert names(journal) == []
    journal.note("of the next")
    journal.note("and more", text="x" * 200)
    assert names(journal) == ["of the next", "and more"]


def test_a_file_that_was_cut_is_read_anew(journal: Journal) -> None:
    for name in ("first", "second", "third"):
        journal.note(name)
    assert len(names(journal)) == 3
    whole = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(whole[0])
    assert names(journal) == ["first"]


def test_lines_that_are_no_events_are_left_out(journal: Journal) -> None:
    odd = ["", "[]", "7", '{"time": "now"}', "{", '"event"', "\xff", "[" * 100_000]
    journal.path.write_bytes("\n".join([*odd, ""]).encode("latin-1"))
    journal.note("first")
    assert names(journal) == ["first"]


def test_it_keeps_every_line_of_many_writers(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from pytest_overnight.records.journal import Journal\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "for number in range(200): journal.note('started', run_id=str(number) * 40)\n"
    )
    path = tmp_path / "journal.jsonl"
    argv = [sys.executable, "-c", code, str(path)]
    writers = [subprocess.Popen(argv) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = path.read_text().split("\n")
    assert len([json.loads(line) for line in lines if line]) == 600
