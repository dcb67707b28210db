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
with model_slot(pathlib.Path(sys.argv[1]), 1):
    print("held", flush=True)
    time.sleep(600)
"""


class Waited(Exception):
    """The slot was taken: somebody would have slept."""


def refuse_to_wait(seconds: float) -> None:
    """Stand in for ``sleep``."""
    raise Waited


def test_a_slot_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(Waited),
        resources.model_slot(tmp_path, 1, sleep=refuse_to_wait),
    ):
        pass
    with resources.model_slot(tmp_path, 2, sleep=refuse_to_wait):
        pass  # a second slot is free
    holder.kill()
    holder.communicate()
    with resources.model_slot(tmp_path, 1, sleep=refuse_to_wait):
        pass


def test_each_server_has_slots_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    here = resources.slots_folder("http://127.0.0.1:11434")
    assert here == resources.slots_folder("http://127.0.0.1:11434")
    assert here != resources.slots_folder("http://gpu-box:11434")
    assert here.is_relative_to(tmp_path)
