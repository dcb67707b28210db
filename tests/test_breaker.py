"""When a run may start, when the session waits, and when it ends."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.breaker import ENDED
from pytest_overnight.breaker import HEALTHY
from pytest_overnight.breaker import WAITING
from pytest_overnight.breaker import Breaker
from pytest_overnight.breaker import awaited_because
from pytest_overnight.breaker import awaited_kind
from pytest_overnight.breaker import ended_because
from pytest_overnight.breaker import ended_kind
from pytest_overnight.breaker import standing_of
from pytest_overnight.machine import GB
from pytest_overnight.records.store import RunStore
from pytest_overnight.settings import Settings
from tests.records.test_standing import run
from tests.records.test_standing import runs

GRACE = 900.0


class World:
    """Server, memory and disk of a worker, and time that only its sleep moves."""

    def __init__(self, store: RunStore, **settings: Any) -> None:
        self.store = store
        self.settings = Settings(
            results=store.results,
            suite=Path(),
            session_id="s",
            **{"infra_grace": GRACE, "min_free_disk": 0.0, **settings},
        )
        self.time = 0.0
        self.sick_for = 0.0
        """Seconds until the server is well."""
        self.short_for = 0.0
        """Seconds until there is enough memory."""
        self.asked = 0
        """Looks at the server."""
        self.told: list[str] = []
        """What the session was waiting for, each time that it was told of a wait."""
        self.while_asleep: Callable[[], object] = lambda: None

    def check(self) -> str | None:
        """What is wrong with the server."""
        self.asked += 1
        return "Nobody answers." if self.time < self.sick_for else None

    def memory(self) -> int:
        """Bytes available."""
        return (GB // 2) if self.time < self.short_for else 8 * GB

    def sleep(self, seconds: float) -> None:
        """Stand in for ``time.sleep``."""
        assert seconds > 0
        self.time += seconds
        self.while_asleep()

    def why_not(
        self, make_room: Callable[[], object] = lambda: None, scripted: bool = False
    ) -> str:
        """Ask before a run."""
        return Breaker(
            self.store,
            self.settings,
            None if scripted else self.check,
            lambda: self.told.append(awaited_because(self.store)),
            make_room,
            memory=self.memory,
            wall=lambda: self.time,
            clock=lambda: self.time,
            sleep=self.sleep,
        ).why_not()

    def play(self, name: str, *outcome: str) -> None:
        """Play a run, which the server fails unless told otherwise."""
        note_all(self.store, run(name, *outcome))


def note_all(store: RunStore, events: list[Any]) -> None:
    """Write events into the journal."""
    for event in events:
        store.journal.note(**event)


def noted(store: RunStore) -> list[str]:
    """Events of the journal, by name."""
    return [event["event"] for event in store.journal.read()]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A session that has just begun."""
    return RunStore(tmp_path)


@pytest.fixture
def failing(store: RunStore) -> RunStore:
    """A session in which the server has failed three runs."""
    note_all(store, runs("a", "b", "c"))
    return store


# -- the model server ----------------------------------------------------------------


def test_each_run_asks_for_the_servers_health_and_a_good_one_leaves_no_trace(
    store: RunStore,
) -> None:
    world = World(store)
    assert [world.why_not() for _ in range(3)] == ["", "", ""]
    assert (world.asked, world.time, world.told) == (3, 0.0, [])
    assert noted(store) == []


def test_a_sick_server_is_waited_for_before_it_has_cost_a_run(store: RunStore) -> None:
    world = World(store)
    world.sick_for = 600.0
    assert world.why_not() == ""
    assert 600 <= world.time <= 610
    assert noted(store) == [WAITING, HEALTHY]
    assert {event["kind"] for event in store.journal.read()} == {"server"}
    assert world.told == ["at most 900 s: Nobody answers.", ""]
    assert (ended_because(store), ended_kind(store)) == ("", "")


def test_a_hiccup_costs_seconds(store: RunStore) -> None:
    world = World(store)
    world.sick_for = 0.5
    assert world.why_not() == ""
    assert world.time == 1.0


def test_the_night_ends_when_the_server_stays_away_and_all_hear_of_it(
    store: RunStore,
) -> None:
    world = World(store)
    world.sick_for = 1e9
    reason = world.why_not()
    assert world.time == GRACE
    assert (len(world.told), awaited_because(store)) == (1, "")
    assert "the model server was not healthy within 900 s: Nobody answers." in reason
    assert World(RunStore(store.results)).why_not() == reason
    assert (ended_because(store), ended_kind(store)) == (reason, "server")


def test_a_server_that_failed_runs_and_stays_away_is_said_to_have_done_both(
    failing: RunStore,
) -> None:
    world = World(failing)
    world.sick_for = 1e9
    reason = world.why_not()
    assert "failed 3 or more runs in a row and was not healthy again within" in reason


def test_a_server_that_only_looks_well_ends_the_night(failing: RunStore) -> None:
    world = World(failing)
    for name in ("d", "e"):
        assert world.why_not() == ""
        world.play(name)
    assert "failed 5 runs in a row, yet it looks healthy" in world.why_not()
    assert noted(failing).count(HEALTHY) == 1
    assert ended_kind(failing) == "server"


def test_a_run_that_goes_well_clears_the_server_of_all_doubt(failing: RunStore) -> None:
    world = World(failing)
    for name in ("d", "e", "f"):
        assert world.why_not() == ""
        world.play(name, "passed", "finished")
    assert world.why_not() == ""


def test_the_servers_faults_of_a_scripted_night_are_the_script(
    failing: RunStore,
) -> None:
    world = World(failing)
    world.sick_for = 1e9
    assert world.why_not(scripted=True) == ""
    assert world.asked == 0


def test_a_wait_whose_worker_was_killed_is_over_with_the_next_look(
    store: RunStore,
) -> None:
    store.journal.note(WAITING, kind="server", reason="Nobody answers.", seconds=GRACE)
    assert awaited_because(store) == "at most 900 s: Nobody answers."
    assert awaited_kind(store) == "server"
    world = World(store)
    assert world.why_not() == ""
    assert (world.told, awaited_kind(store)) == ([""], "")


def test_who_waits_hears_that_another_worker_has_ended_the_night(
    store: RunStore,
) -> None:
    world = World(store)
    world.sick_for = 1e9
    world.while_asleep = lambda: store.journal.note(ENDED, kind="disk", reason="Full.")
    assert world.why_not() == "Full."
    assert noted(store).count(ENDED) == 1


def test_two_that_wait_for_different_things_say_so_once_each(store: RunStore) -> None:
    world = World(store, min_free_memory=1.0)
    world.sick_for = 300.0
    other = {"kind": "memory", "reason": "Little.", "seconds": GRACE}
    store.journal.note(WAITING, **other)
    assert world.why_not() == ""
    assert noted(store) == [WAITING, WAITING, HEALTHY]


def test_a_torn_line_of_the_journal_is_left_out(failing: RunStore) -> None:
    with failing.journal.path.open("ab") as file:
        file.write(b'{"event": "session_ended\n')
    world = World(failing)
    world.sick_for = 1e9
    assert "failed 3 or more runs" in world.why_not()


# -- memory --------------------------------------------------------------------------


def test_memory_is_waited_for(store: RunStore) -> None:
    world = World(store, min_free_memory=1.0)
    world.short_for = 60.0
    assert world.why_not(scripted=True) == ""
    assert 60 <= world.time <= 70
    assert [event["kind"] for event in store.journal.read()] == ["memory", "memory"]
    assert "0.5 GB of memory are available, and 1 GB must be" in world.told[0]


def test_memory_that_stays_short_ends_the_night_after_a_scaled_grace(
    store: RunStore,
) -> None:
    world = World(store, min_free_memory=1.0, time_scale=30.0)
    world.short_for = 1e9
    reason = world.why_not(scripted=True)
    assert world.time == GRACE / 30
    assert "30 s were waited in vain for memory: 0.5 GB" in reason
    assert "--overnight-min-free-memory" in reason
    assert ended_kind(store) == "memory"


def test_the_memory_of_this_machine_is_looked_at(store: RunStore) -> None:
    world = World(store)
    breaker = Breaker(store, world.settings, None, lambda: None, sleep=world.sleep)
    assert breaker.why_not() == ""


# -- the budget ----------------------------------------------------------------------


def test_after_the_budget_no_run_starts(store: RunStore) -> None:
    world = World(store, budget=5400.0, ends_at=5400.0)
    assert world.why_not() == ""
    world.time = 5400.0
    assert world.why_not() == "its budget of 90 min is used up."
    assert ended_kind(store) == "budget"


def test_a_wait_does_not_outlast_the_budget(store: RunStore) -> None:
    world = World(store, ends_at=100.0)
    world.sick_for = 1e9
    assert world.why_not() == "the time set for it is used up."
    assert world.time == 100.0
    assert ended_kind(store) == "budget"


def test_the_next_part_of_a_night_has_a_budget_of_its_own(store: RunStore) -> None:
    world = World(store, ends_at=0.0)
    assert world.why_not() != ""
    store.journal.note("joined", session_id="s")
    assert (ended_kind(store), World(store).why_not()) == ("", "")


# -- the disk ------------------------------------------------------------------------

SMALL = 1 << 20
NEEDED = 0.0005
"""GB: half of the small disk."""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[RunStore]:
    """A results folder on a disk of a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    try:
        yield RunStore(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(store: RunStore, size: int = SMALL * 3 // 4) -> Path:
    """Put a large file onto the disk."""
    file = store.results / "large"
    file.write_bytes(bytes(size))
    return file


def test_a_disk_with_enough_room_is_left_alone(small: RunStore) -> None:
    world = World(small, min_free_disk=NEEDED)
    assert world.why_not(make_room=lambda: pytest.fail("it has room")) == ""


def test_a_full_disk_is_tidied_once_and_the_night_goes_on(small: RunStore) -> None:
    file, world = fill(small), World(small, min_free_disk=NEEDED)
    assert world.why_not(make_room=file.unlink) == ""
    assert noted(small) == []


def test_a_disk_that_stays_full_ends_the_night_with_figures_and_place(
    small: RunStore,
) -> None:
    fill(small)
    tidied: list[int] = []
    world = World(small, min_free_disk=NEEDED)
    reason = world.why_not(make_room=lambda: tidied.append(1), scripted=True)
    assert tidied == [1]
    assert f"0.0 GB are free on the disk of {small.results}" in reason
    assert "0.0005 GB must be before a run starts (--overnight-min-free-disk)" in reason
    assert (ended_kind(small), world.time) == ("disk", 0.0)


def test_a_disk_without_a_byte_left_still_ends_the_night(small: RunStore) -> None:
    with fill(small, 0).open("ab", buffering=0) as end, suppress(OSError):
        while end.write(bytes(4096)):
            pass
    assert "must be before a run starts" in World(small, min_free_disk=1).why_not()


# -- what it costs -------------------------------------------------------------------


def test_the_cost_of_asking_does_not_grow_with_the_night(store: RunStore) -> None:
    """Each event is looked at once, however often is asked."""
    world, taken = World(store), 0
    standing = standing_of(store)
    former = standing.take

    def counting(events: list[Any]) -> Any:
        nonlocal taken
        taken += len(events)
        return former(events)

    standing.take = counting  # type: ignore[assignment, method-assign]
    for number in range(50):
        assert world.why_not() == ""
        assert awaited_because(store) == ended_because(store) == ""
        world.play(f"run-{number}", "passed", "finished")
    assert awaited_kind(store) == ""
    assert taken == len(store.journal.read()) == 100
