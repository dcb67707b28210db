"""Whatever befalls a night: what the user sees, and that nothing is lost.

Each night here plays the same four runs; undisturbed, all are solved in one try. What
is killed at any instant: ``tests/chaos``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disks import Disk
from tests.support.disks import FailingDisk
from tests.support.disks import failing_disk
from tests.support.disks import small_disk
from tests.support.nights import EndedNight
from tests.support.steered import RUNS
from tests.support.steered import Stage
from tests.support.steered import said

RESUME = "--overnight-resume"
ENOUGH = "--overnight-min-free-disk=0.03"
"""30 MB; the small disks have 64."""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A new one."""
    return Stage(tmp_path)


@pytest.fixture
def disk(stage: Stage) -> Iterator[Disk]:
    """Results lie on a small one."""
    with small_disk(stage.results) as disk:
        yield disk


@pytest.fixture
def failing(stage: Stage) -> Iterator[FailingDisk]:
    """Results lie on one that may fail."""
    with failing_disk(stage.results) as disk:
        yield disk


def must_be_whole(stage: Stage, night: EndedNight, status: int = 0) -> None:
    """The night has what an undisturbed one has, and says so."""
    assert night.status == status, night.out + night.err
    assert night.outcomes == dict.fromkeys(RUNS, "passed")
    for record in night.records.values():
        assert [check["passed"] for check in record["checks"]] == [True, True]
        assert record["session_id"] == night.master["session_id"]
        assert [one["number"] for one in record["tries"]] == list(
            range(1, len(record["tries"]) + 1)
        )
    master = night.master
    counts = [master[name] for name in ("planned", "tests_passed", "void")]
    assert (counts, master["not_reached"]) == ([4, 4, 0], 0)
    assert master["end_time"] is not None
    assert master["ended_early"] == ""
    assert "planned 4: solved 4, missed 0, void 0, not reached 0" in night.out
    assert "L3-1" in night.report
    assert not (night.results / "history").exists()
    left = [path.name for path in night.results.rglob(".*") if path.is_file()]
    assert left == [".session.lock"]
    assert not (night.results / ".agent_workspace").exists()


def must_have_lost_nothing(stage: Stage, before: dict[str, bytes]) -> None:
    """Records that counted are as they were, to the byte."""
    after = stage.files()
    assert before
    for run_id, content in before.items():
        assert after[run_id] == content


def tries(night: EndedNight) -> list[int]:
    """How often each run was begun."""
    return [len(record["tries"]) for record in night.records.values()]


# -- a full disk ---------------------------------------------------------------------


def test_a_disk_that_is_too_full_from_the_start_costs_nothing(
    stage: Stage, disk: Disk
) -> None:
    night = stage.play("--overnight-min-free-disk=5")
    assert night.status == 1
    assert night.records == {}
    text = said(night)
    assert "The night ended early: 0.1 GB are free on the disk of" in text
    assert "5 GB must be before a run starts (--overnight-min-free-disk)" in text
    assert "4 of 4 runs were not reached. Make room, then: --overnight-resume" in text
    must_be_whole(stage, stage.play(RESUME, ENOUGH))


def test_a_disk_that_fills_up_ends_the_night_before_the_next_run(
    stage: Stage, disk: Disk
) -> None:
    stage.hold(RUNS[1])
    with stage.night(ENOUGH) as going:
        going.until(RUNS[1])
        disk.fill(leave=20 << 20)
        stage.let_go()
        night = going.ended()
    assert night.status == 1
    assert night.outcomes == dict.fromkeys(RUNS[:2], "passed")
    assert night.master["not_reached"] == 2
    assert night.master["end_time"] is not None
    assert "L3-1" in night.report
    assert "2 of 4 runs were not reached. Make room" in said(night)
    before = stage.files()

    again = stage.play(RESUME, ENOUGH)  # nobody has made room yet
    assert again.status == 1
    assert "--overnight-min-free-disk" in said(again)
    must_have_lost_nothing(stage, before)

    disk.empty()
    whole = stage.play(RESUME, ENOUGH)
    must_be_whole(stage, whole)
    must_have_lost_nothing(stage, before)
    assert tries(whole) == [1, 1, 1, 1]


@pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.slow)])
def test_a_disk_without_a_byte_left_costs_what_cannot_be_written(
    stage: Stage, disk: Disk, workers: str
) -> None:
    stage.hold(*RUNS[1:3])
    with stage.night("-n", workers) as going:
        going.until(RUNS[1])
        before = stage.files()
        disk.fill()
        stage.let_go()
        night = going.ended()
    assert night.status == 1
    text = said(night)
    assert "no record could be written (" in text
    assert "No space left on device" in text
    assert "Make room" in text
    assert RESUME in text
    must_have_lost_nothing(stage, before)

    disk.empty()
    refused = stage.play("-n", workers)
    assert refused.status == 4
    assert RESUME in said(refused)
    must_be_whole(stage, stage.play(RESUME, "-n", workers))
    must_have_lost_nothing(stage, before)


def test_a_disk_that_is_full_from_the_start_says_so(stage: Stage, disk: Disk) -> None:
    disk.fill()
    night = stage.play()
    assert night.status not in (0, None)
    assert "No space left on device" in said(night)
    disk.empty()
    must_be_whole(stage, stage.play("--overnight-fresh"))
