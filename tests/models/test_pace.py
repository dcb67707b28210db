"""The rate at which models are asked, over all processes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.models import pace as paces
from pytest_overnight.models.pace import Pace
from pytest_overnight.models.pace import host_folder

MINUTE = 60.0


@dataclass
class FakeTime:
    """A clock that moves only when somebody sleeps, or by hand."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def pace_in(folder: Path, time: FakeTime, rate: float | None, gap: float = 0.0) -> Pace:
    return Pace(folder, rate, gap, time.clock, time.sleep)


# -- the law -------------------------------------------------------------------------


@dataclass(frozen=True)
class Caller:
    """Another process that comes while the one before it sleeps."""

    after: float
    """Seconds between its coming and the time before."""
    oversleeps: float
    takes: float
    """Seconds of its call."""


@dataclass
class World:
    """Callers, each coming while the one before it sleeps; one clock for all.

    Whoever sleeps while others come and go wakes late, as on a busy machine.
    """

    folder: Path
    rate: float | None
    gap: float
    waiting: list[Caller]
    now: float = 0.0
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    """Between each start and the last end before it."""

    def run(self) -> None:
        while self.waiting:
            self.call(self.waiting.pop(0))

    def call(self, caller: Caller) -> None:
        self.now += caller.after
        came = self.now

        def sleep(seconds: float) -> None:
            until = self.now + seconds + caller.oversleeps
            if self.waiting:
                self.call(self.waiting.pop(0))
            self.now = max(self.now, until)

        pace = Pace(self.folder, self.rate, self.gap, lambda: self.now, sleep)
        waited = pace.wait()
        assert waited == self.now - came
        self.starts.append(self.now)
        if self.ends:
            self.rests.append(self.now - max(self.ends))
        self.now += caller.takes
        pace.done()
        self.ends.append(self.now)


callers = st.lists(
    st.builds(
        Caller,
        after=st.sampled_from([0.0, 0.0, 1.0, 30.0, 59.0, 61.0]),
        oversleeps=st.sampled_from([0.0, 0.0, 0.5, 45.0, 100.0]),
        takes=st.sampled_from([0.0, 2.0, 20.0, 90.0]),
    ),
    min_size=1,
    max_size=15,
)


@given(
    callers=callers,
    rate=st.none() | st.integers(1, 6) | st.sampled_from([0.5, 2.5]),
    gap=st.sampled_from([0.0, 5.0, 70.0]),
)
def test_any_minute_holds_so_many_starts_and_calls_are_apart(
    callers: list[Caller], rate: float | None, gap: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), rate, gap, list(callers))
        world.run()
    assert len(world.starts) == len(callers)
    starts = sorted(world.starts)
    if rate is not None:
        at_once = max(1, int(rate))
        span = MINUTE / min(1, rate)
        assert all(
            later - earlier >= span - 1e-6
            for earlier, later in zip(starts, starts[at_once:], strict=False)
        )
    assert all(rest >= gap - 1e-6 for rest in world.rests)


@given(
    rate=st.integers(1, 8),
    arrivals=st.lists(st.floats(0, 30), min_size=1, max_size=15),
)
def test_nobody_waits_while_there_is_room(rate: int, arrivals: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        time = FakeTime()
        pace = pace_in(Path(folder), time, rate)
        starts: list[float] = []
        for after in arrivals:
            time.now += after
            came = time.now
            pace.wait()
            earliest = starts[-rate] + MINUTE if len(starts) >= rate else came
            assert time.now == max(came, earliest)
            starts.append(time.now)


@pytest.mark.parametrize(
    ("rate", "waits"), [(2.5, [0, 0, 60]), (1, [0, 60, 60]), (0.5, [0, 120, 120])]
)
def test_a_fraction_is_rounded_down_or_spread(
    tmp_path: Path, rate: float, waits: list[float]
) -> None:
    pace = pace_in(tmp_path, FakeTime(), rate)
    assert [pace.wait() for _ in waits] == waits


def test_who_comes_first_goes_first(tmp_path: Path) -> None:
    time = FakeTime()
    pace_in(tmp_path, time, 1).wait()
    order = []

    def second_comes(seconds: float) -> None:
        # Meanwhile another one: its place is behind ours, though we still sleep.
        other = Pace(tmp_path, 1, 0.0, time.clock, leave)
        with pytest.raises(Left):
            other.wait()
        time.sleep(seconds)

    class Left(Exception):
        pass

    def leave(seconds: float) -> None:
        order.append(seconds)
        raise Left

    time.now += 10
    assert Pace(tmp_path, 1, 0.0, time.clock, second_comes).wait() == 50
    assert order == [110]


def test_a_call_that_is_still_going_on_when_another_waits_is_waited_for(
    tmp_path: Path,
) -> None:
    time = FakeTime()
    first = pace_in(tmp_path, time, None, gap=10)
    first.wait()
    first.done()

    def first_calls_again_meanwhile(seconds: float) -> None:
        time.sleep(seconds)
        if len(time.slept) == 1:
            first.done()

    second = Pace(tmp_path, None, 10, time.clock, first_calls_again_meanwhile)
    assert second.wait() == 20
    assert time.slept == [10, 10]


# -- what costs nothing, and what is no state ------------------------------------------


def test_without_limits_nothing_is_written(tmp_path: Path) -> None:
    pace = Pace(tmp_path / "not there", None, 0.0)
    assert [pace.wait(), pace.wait()] == [0.0, 0.0]
    pace.done()
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_may_start_at_once_has_waited_exactly_nothing(
    tmp_path: Path,
) -> None:
    assert Pace(tmp_path, 1, 5).wait() == 0.0


@pytest.mark.parametrize(
    "state",
    [
        "",
        "half a {",
        "[]",
        "3",
        '{"ended": null}',
        '{"ended": "late", "places": []}',
        '{"ended": null, "places": [[1]]}',
        '{"ended": null, "places": [[1, "a", NaN, true]]}',
        '{"ended": null, "places": [[1, "a", null, true]]}',
        "\x00\xff",
    ],
)
def test_damaged_state_is_no_state(tmp_path: Path, state: str) -> None:
    (tmp_path / "pace").write_text(state, encoding="latin-1")
    time = FakeTime()
    pace = pace_in(tmp_path, time, 1)
    assert pace.wait() == 0.0
    assert pace.wait() == 60.0


@pytest.mark.parametrize(
    "state",
    [
        {"ended": 5000.0, "places": []},
        {"ended": None, "places": [[5000.0, "a", 5000.0, True]]},
    ],
)
def test_state_from_before_a_reboot_is_no_state(
    tmp_path: Path, state: dict[str, object]
) -> None:
    (tmp_path / "pace").write_text(json.dumps(state))
    assert pace_in(tmp_path, FakeTime(now=20.0), 1, gap=900).wait() == 0.0


def test_the_file_does_not_grow(tmp_path: Path) -> None:
    time = FakeTime()
    pace = pace_in(tmp_path, time, 2)
    for _ in range(6):
        pace.wait()
        pace.done()
    size = (tmp_path / "pace").stat().st_size
    for _ in range(60):
        pace.wait()
        pace.done()
    assert (tmp_path / "pace").stat().st_size <= size + 10


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    (tmp_path / "pace").symlink_to(theirs)
    with pytest.raises(OSError, match="pace"):
        Pace(tmp_path, 1, 0.0).wait()
    assert theirs.read_text() == "precious"


# -- real processes --------------------------------------------------------------------

CALL_UNTIL_TOLD_TO_WAIT = """\
import pathlib, sys
from pytest_overnight.models.pace import Pace

class Told(Exception):
    pass

def told(seconds):
    raise Told

pace = Pace(pathlib.Path(sys.argv[1]), 200, 0.0, sleep=told)
print("ready", flush=True)
sys.stdin.readline()
calls = 0
try:
    while True:
        pace.wait()
        calls += 1
        pace.done()
except Told:
    print(calls)
"""
SLEEP = """\
import pathlib, sys, time
from pytest_overnight.models.pace import Pace

def sleep(seconds):
    print("sleeps", flush=True)
    time.sleep(600)

pace = Pace(pathlib.Path(sys.argv[1]), 1, 0.0, sleep=sleep)
pace.wait()
pace.wait()
"""


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_share_one_rate(tmp_path: Path) -> None:
    both = [start(CALL_UNTIL_TOLD_TO_WAIT, tmp_path) for _ in range(2)]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    calls = [int(process.communicate()[0]) for process in both]
    assert sum(calls) == 200


def test_who_sleeps_or_dies_meanwhile_holds_up_nobody(tmp_path: Path) -> None:
    sleeper = start(SLEEP, tmp_path)
    assert sleeper.stdout is not None
    assert sleeper.stdout.readline() == "sleeps\n"
    # A larger rate has room: the sleeper does not hold the file.
    assert Pace(tmp_path, 5, 0.0).wait() == 0.0
    sleeper.kill()
    sleeper.communicate()
    assert Pace(tmp_path, 5, 0.0).wait() == 0.0


# -- the folder ----------------------------------------------------------------------


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paces, "BASE", str(tmp_path))
    return tmp_path


def test_each_server_has_a_folder_of_its_own(runtime: Path) -> None:
    here = host_folder("http://127.0.0.1:11434")
    assert here.is_dir()
    assert here.is_relative_to(runtime)
    assert here != host_folder("http://gpu-box:11434")


def test_one_server_has_one_folder_however_it_is_written(runtime: Path) -> None:
    folders = {host_folder(host) for host in ("gpu", "gpu:11434", "http://gpu:11434/")}
    assert len(folders) == 1


def test_only_its_owner_may_look_into_it(runtime: Path) -> None:
    folder = host_folder("gpu")
    assert [path.stat().st_mode & 0o077 for path in (folder, folder.parent)] == [0, 0]


def test_a_strangers_folder_is_not_used(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host_folder("gpu")
    owner = runtime.stat().st_uid
    folder = f"pytest-overnight-{owner + 1}"
    (runtime / f"pytest-overnight-{owner}").rename(runtime / folder)
    # Seen by the next user, the folder in the right place is somebody else's.
    monkeypatch.setattr("os.getuid", lambda: owner + 1)
    with pytest.raises(PermissionError, match="another user"):
        host_folder("gpu")
