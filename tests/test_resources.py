"""Slots at the model server, shared by processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_overnight import resources

HOLD = """\
import pathlib, sys, time
from pytest_overnight.resources import model_slot
with model_slot(pathlib.Path(sys.argv[1]), 1) as slot:
    print("held", flush=True)
    sys.stdin.readline()
    slot.release()
    print("released", flush=True)
    time.sleep(600)
"""


class Waited(Exception):
    """The slot was taken: somebody would have slept."""


def refuse_to_wait(seconds: float) -> None:
    """Stand in for ``sleep``."""
    raise Waited


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that has just taken the only slot."""
    argv = [sys.executable, "-c", HOLD, str(folder)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_slot_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    other = holder(tmp_path)
    with (
        pytest.raises(Waited),
        resources.model_slot(tmp_path, 1, sleep=refuse_to_wait),
    ):
        pass
    with resources.model_slot(tmp_path, 2, sleep=refuse_to_wait):
        pass  # a second slot is free
    other.kill()
    other.communicate()
    with resources.model_slot(tmp_path, 1, sleep=refuse_to_wait):
        pass


def test_a_slot_is_free_again_when_it_is_released_in_time(tmp_path: Path) -> None:
    other = holder(tmp_path)
    assert other.stdin is not None
    assert other.stdout is not None
    other.stdin.write("\n")
    other.stdin.flush()
    assert other.stdout.readline() == "released\n"
    with resources.model_slot(tmp_path, 1, sleep=refuse_to_wait) as slot:
        slot.release()
        slot.release()  # twice is no harm
        with resources.model_slot(tmp_path, 1, sleep=refuse_to_wait):
            pass
    other.kill()
    other.communicate()


def test_the_wait_for_a_slot_is_told(tmp_path: Path) -> None:
    other = holder(tmp_path)

    def end_the_wait(seconds: float) -> None:
        other.kill()
        other.communicate()

    with resources.model_slot(tmp_path, 1, sleep=end_the_wait) as slot:
        assert slot.waited > 0
    assert resources.Slot().waited == 0
