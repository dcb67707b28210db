"""What is cleaned away, in which order, and what never is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pytest_overnight import housekeeping
from pytest_overnight.housekeeping import DAY
from pytest_overnight.housekeeping import EVERY
from pytest_overnight.housekeeping import NOTE
from pytest_overnight.housekeeping import TRASH
from pytest_overnight.housekeeping import Cleaned
from pytest_overnight.housekeeping import due
from pytest_overnight.housekeeping import measure
from pytest_overnight.machine import GB
from pytest_overnight.records.clock import stamp
from pytest_overnight.records.former import Former
from pytest_overnight.records.former import former_sessions
from pytest_overnight.records.store import RunStore
from pytest_overnight.settings import PACKAGE
from pytest_overnight.settings import Settings

NOW = datetime(2026, 11, 22, 23, tzinfo=UTC).timestamp()
RUN = "L3-1-run-0001"
KEPT_FOR_EVER = {
    "master_log.json",
    "journal.jsonl",
    f"runs/{RUN}.json",
    f"tries/{RUN}-try-1.json",
    f"logs/{RUN}-ledger.log",
    "plots/levels.png",
    "overnight_report_2026-11-22.md",
}
KB = 1 << 10


class Place:
    """A results folder with a history, and a temporary folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "overnight_results"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.store = RunStore(self.results)
        self.store.create()
        self.store.journal.note("session", session_id="overnight-2026-11-22")

    def former(self, name: str, days: float | None, size: int = 8 * KB) -> Path:
        """A session that ended so many days ago; archive and view are of ``size``."""
        return lay(self.results / "history" / name, days, size)

    def clean(self, **settings: Any) -> Cleaned:
        """By these settings."""
        return housekeeping.clean(*self._asked(settings))

    def make_room(self, **settings: Any) -> Cleaned:
        """By these settings."""
        return housekeeping.make_room(*self._asked(settings))

    def _asked(self, settings: dict[str, Any]) -> tuple[RunStore, Settings, Any, Path]:
        plain = {"results": self.results, "suite": Path(), "session_id": "s"}
        return self.store, Settings(**{**plain, **settings}), NOW, self.temporary

    def noted(self) -> list[str]:
        """What the journal says was cleaned."""
        events = self.store.journal.read()
        return [event["what"] for event in events if event["event"] == "cleaned"]


def lay(folder: Path, days: float | None, size: int = 8 * KB) -> Path:
    """A whole session's folder; ``None``: it says of itself neither start nor end."""
    archive = bytes([len(folder.name)]) * size
    record = {
        "path": f"snapshots/{RUN}.tar.gz",
        "sha256": hashlib.sha256(archive).hexdigest(),
    }
    for name in sorted(KEPT_FOR_EVER):
        put(folder / name, b"{}\n")
    put(folder / "runs" / f"{RUN}.json", json.dumps({"snapshot": record}).encode())
    put(folder / record["path"], archive)
    put(folder / "workspaces" / "failed" / RUN / "deep" / "answer.py", archive)
    if days is not None:
        master = {"end_time": stamp(NOW - days * DAY)}
        put(folder / "master_log.json", json.dumps(master).encode())
    return folder


def put(path: Path, content: bytes) -> None:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def files(folder: Path) -> set[str]:
    """All files below, relative."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A session that has just begun, without a history."""
    return Place(tmp_path)


# -- by age --------------------------------------------------------------------------


def test_what_is_too_old_goes_and_records_logs_and_reports_stay(place: Place) -> None:
    old, young = place.former("old", days=31), place.former("young", days=29)
    before = files(young)
    done = place.clean(keep_days=30.0)
    assert files(old) == KEPT_FOR_EVER | {NOTE}
    assert files(young) == before
    whats = ["history/old/workspaces", "history/old/snapshots"]
    assert [one.what for one in done.gone] == place.noted() == whats
    assert done.problems == []
    assert done.bytes >= 16 * KB


def test_the_session_says_what_went_from_it_and_why(place: Place) -> None:
    old = place.former("old", days=31, size=5 * 10**5)
    place.clean()
    first, second = (old / NOTE).read_text().splitlines()
    assert "removed workspaces/ (0.5 MB): the session ended 31 days ago" in first
    assert "removed snapshots/ (0.5 MB)" in second
    assert "kept for 30 (--overnight-keep-days)" in second


def test_nothing_is_left_to_do_after_a_cleaning(place: Place) -> None:
    place.former("old", days=31)
    place.clean()
    assert place.clean() == Cleaned()


def test_a_night_without_a_history_has_nothing_to_clean(place: Place) -> None:
    assert place.clean() == Cleaned()


def test_the_end_that_counts_is_the_sessions_own_not_the_copys(place: Place) -> None:
    copied = place.former("copied", days=31)
    os.utime(copied, (NOW, NOW))
    assert len(place.clean().gone) == 2


def test_a_session_that_never_ended_is_as_old_as_its_last_event(place: Place) -> None:
    cut_off = place.former("cut-off", days=None)
    events = [{"event": "a", "time": stamp(NOW - days * DAY)} for days in (40, 29)]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    put(cut_off / "journal.jsonl", f'{lines}{{"event": "torn'.encode())
    assert place.clean().gone == []
    put(cut_off / "journal.jsonl", lines.splitlines()[0].encode())
    assert len(place.clean().gone) == 2


@pytest.mark.parametrize("said", ["1970-01-01T00:00:09.000Z", "soon", None, 7])
def test_a_time_that_cannot_be_meant_ages_no_session(place: Place, said: Any) -> None:
    former = place.former("former", days=None)
    put(former / "master_log.json", json.dumps({"end_time": said}).encode())
    os.utime(former, (NOW - DAY, NOW - DAY))
    assert place.clean().gone == []


def test_endless_brackets_age_no_session(place: Place) -> None:
    former = place.former("former", days=None)
    put(former / "master_log.json", b"[" * 100_000)
    put(former / "journal.jsonl", b"[" * 100_000 + b"\n")
    os.utime(former, (NOW - DAY, NOW - DAY))
    assert place.clean().gone == []


# -- by size -------------------------------------------------------------------------


def test_of_too_much_the_oldest_goes_first_and_the_unpacked_before_archives(
    place: Place,
) -> None:
    for name, days in (("c", 1), ("a", 3), ("b", 2)):
        place.former(name, days=days, size=64 * KB)
    whole = measure(place.results / "history" / "a" / "snapshots").bytes
    done = place.clean(keep_gb=3.5 * whole / GB)
    gone = ["history/a/workspaces", "history/a/snapshots", "history/b/workspaces"]
    assert [one.what for one in done.gone] == gone
    assert "the last 0.0002" in done.gone[0].why
    assert "--overnight-keep-gb" in done.gone[0].why


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=5),
    st.integers(0, 60),
    st.integers(0, 40),
)
def test_what_is_left_is_young_and_small_enough_and_nothing_went_in_vain(
    sessions: list[tuple[int, int]], keep: int, keep_days: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name))
        for number, (days, blocks) in enumerate(sessions):
            place.former(f"{number}", days=days, size=blocks * 4096)
        history = place.results / "history"
        ages = {f.folder.name: (NOW - f.ended) / DAY for f in former_sessions(history)}
        done = place.clean(keep_gb=keep * 4096 / GB, keep_days=float(keep_days))
        left = former_sessions(history)
        kept = [(f, part) for f in left for part in f.parts()]
        size = sum(measure(part).bytes for _, part in kept)
        assert size <= keep * 4096
        assert all(ages[former.folder.name] <= keep_days for former, _ in kept)
        assert all(files(former.folder) >= KEPT_FOR_EVER for former in left)
        for_size = [one for one in done.gone if "keep-gb" in one.why]
        if for_size:  # even the last of them had to go
            assert size + for_size[-1].bytes > keep * 4096
            gone = [ages[one.what.split("/")[1]] for one in for_size]
            assert gone == sorted(gone, reverse=True)
            # What takes no room is not worth removing, however old it is.
            worth = [f for f, part in kept if measure(part).bytes]
            assert all(ages[former.folder.name] <= gone[-1] for former in worth)


# -- what is not ours to clean -------------------------------------------------------


def test_the_session_that_goes_on_is_left_alone(place: Place) -> None:
    lay(place.results, days=400, size=1 << 20)
    before = files(place.results)
    assert place.clean(keep_gb=0.0, keep_days=0.0) == Cleaned()
    assert place.make_room(min_free_disk=1e9, keep_gb=0.0) == Cleaned()
    assert files(place.results) == before


def test_a_history_of_other_things_is_left_alone(place: Place) -> None:
    place.former("ours", days=400)
    alien = place.results / "history" / "of-rome"
    put(alien / "snapshots" / "forum.jpg", b"x")
    put(place.results / "history" / "notes.txt", b"x")
    place.clean()
    assert files(alien) == {"snapshots/forum.jpg"}


def test_links_are_not_followed(place: Place, tmp_path: Path) -> None:
    elsewhere = lay(tmp_path / "elsewhere", days=400)
    (place.results / "history").mkdir()
    (place.results / "history" / "linked").symlink_to(elsewhere)
    former = place.former("former", days=400)
    for part in ("snapshots", "workspaces"):
        (former / part).rename(tmp_path / part)
        (former / part).symlink_to(tmp_path / part)
    before = files(elsewhere)
    assert place.clean() == Cleaned()
    assert files(elsewhere) == before
    assert files(tmp_path / "snapshots")


def test_a_link_within_takes_nothing_with_it(place: Place, tmp_path: Path) -> None:
    put(tmp_path / "precious" / "file", b"x")
    view = place.former("former", days=400) / "workspaces" / "failed" / RUN
    (view / "link").symlink_to(tmp_path / "precious")
    place.clean()
    assert not view.exists()
    assert (tmp_path / "precious" / "file").exists()


# -- when something goes wrong -------------------------------------------------------


def test_a_cleaning_that_was_killed_is_ended_by_the_next(place: Place) -> None:
    former = place.former("former", days=1)
    (former / "snapshots").rename(former / TRASH)
    assert place.clean().problems == []
    assert not (former / TRASH).exists()
    assert (former / "workspaces").exists()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-R", str(folder)], check=True)


def test_what_cannot_be_removed_is_named_and_the_others_go(
    place: Place, disk: Path
) -> None:
    stuck, old = place.former("stuck", days=90), place.former("old", days=60)
    bind = ["mount", "--bind", str(disk), str(stuck / "snapshots")]
    subprocess.run(bind, check=True)
    try:
        done = place.clean()
    finally:
        subprocess.run(["umount", str(stuck / "snapshots")], check=True)
    [problem] = done.problems
    assert "stuck/snapshots" in problem
    assert files(old) == KEPT_FOR_EVER | {NOTE}
    assert (stuck / "snapshots").is_dir()


CLEAN = """\
import sys
from pathlib import Path
from pytest_overnight import housekeeping
from pytest_overnight.records.store import RunStore
from pytest_overnight.settings import Settings
results, temporary, now = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
settings = Settings(results=results, suite=results, session_id="s")
print("ready", flush=True)
sys.stdin.readline()
print(*housekeeping.clean(RunStore(results), settings, now, temporary).problems)
"""


def test_two_processes_that_clean_at_once_do_it_once(place: Place) -> None:
    names = [f"session-{number}" for number in range(20)]
    for name in names:
        place.former(name, days=31)
    argv = [sys.executable, "-c", CLEAN, place.results, place.temporary, str(NOW)]
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate() for process in both] == [("\n", "")] * 2
    assert sorted(place.noted()) == sorted(
        f"history/{name}/{part}"
        for name in names
        for part in ("snapshots", "workspaces")
    )


# -- when room is needed -------------------------------------------------------------


def test_for_room_goes_what_an_archive_holds_as_well(tmp_path: Path) -> None:
    place = Place(tmp_path)
    whole, torn = place.former("whole", days=2), place.former("torn", days=1)
    put(torn / "snapshots" / f"{RUN}.tar.gz", b"another")
    lost = place.former("lost", days=1)
    (lost / "snapshots" / f"{RUN}.tar.gz").unlink()
    before = files(torn), files(lost)
    done = place.make_room(min_free_disk=1e9)
    view = f"history/whole/workspaces/failed/{RUN}"
    assert [one.what for one in done.gone] == place.noted() == [view]
    assert f"snapshots/{RUN}.tar.gz holds the same" in done.gone[0].why
    assert files(whole) >= KEPT_FOR_EVER | {NOTE, f"snapshots/{RUN}.tar.gz"}
    assert (files(torn), files(lost)) == before


def test_no_more_goes_than_is_needed(disk: Path) -> None:
    place = Place(disk)
    for name, days in (("a", 3), ("b", 2), ("c", 1)):
        place.former(name, days=days, size=512 * KB)
    free = housekeeping.free_disk(disk)
    assert place.make_room(min_free_disk=(free - 4096) / GB).gone == []
    done = place.make_room(min_free_disk=(free + 600 * KB) / GB)
    assert [one.what.split("/")[1] for one in done.gone] == ["a", "b"]
    assert housekeeping.free_disk(disk) >= free + 600 * KB


def test_a_history_on_another_disk_makes_no_room(place: Place, disk: Path) -> None:
    lay(disk / "former", days=1)
    (place.results / "history").symlink_to(disk)
    assert place.make_room(min_free_disk=1e9).gone == []


# -- the temporary folder ------------------------------------------------------------


def at(place: Place, days: float) -> Cleaned:
    """Clean so many days from now: the times that count cannot be set by anybody."""
    plain = Settings(results=place.results, suite=Path(), session_id="s")
    later = time.time() + days * DAY
    return housekeeping.clean(place.store, plain, later, place.temporary)


def test_what_killed_processes_left_goes_after_three_days(place: Place) -> None:
    left = [place.temporary / f"overnight-{w}-a1b2_c3d" for w in ("box", "task")]
    for folder in left:
        put(folder / "submission" / "file", b"x")
        os.utime(folder, (0, 0))
    assert at(place, 2.9).gone == []
    assert {one.what for one in at(place, 3.1).gone} == set(map(str, left))
    assert list(place.temporary.iterdir()) == []
    assert set(place.noted()) == set(map(str, left))


def test_what_only_looks_like_a_left_over_stays(place: Place, tmp_path: Path) -> None:
    put(tmp_path / "precious" / "file", b"x")
    link = place.temporary / "overnight-box-a1b2c3d4"
    link.symlink_to(tmp_path / "precious")
    put(place.temporary / "overnight-task-a1b2c3d4", b"a file")
    for name in ("overnight-box-of-mine", "overnight-pictures-a1b2c3d4", "a1b2c3d4"):
        (place.temporary / name).mkdir()
    before = sorted(place.temporary.iterdir())
    assert at(place, 30).gone == []
    assert sorted(place.temporary.iterdir()) == before


@pytest.mark.needs("root")
def test_another_users_left_over_stays(place: Place) -> None:
    folder = place.temporary / "overnight-box-a1b2c3d4"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    assert at(place, 30).gone == []


def test_every_temporary_folder_of_ours_is_known() -> None:
    named = set()
    for path in PACKAGE.rglob("*.py"):
        named |= set(re.findall(r'"overnight-([a-z]+)-"', path.read_text()))
    assert named - {"test"} <= set(housekeeping.TEMPORARY)
    made = Path(tempfile.mkdtemp(prefix="overnight-box-"))
    made.rmdir()
    assert housekeeping._TEMPORARY.fullmatch(made.name)


# -- when ----------------------------------------------------------------------------


def test_it_is_time_at_once_and_then_hourly() -> None:
    assert due(None, 0.0)
    assert not due(100.0, 99.0 + EVERY)
    assert due(100.0, 100.0 + EVERY)


def test_a_former_session_is_known_by_its_files(place: Place) -> None:
    folder = place.former("former", days=7)
    assert former_sessions(place.results / "history") == [
        Former(folder, pytest.approx(NOW - 7 * DAY))
    ]
