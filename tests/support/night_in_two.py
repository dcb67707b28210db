"""A small night that is stopped in the midst of a run, and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.nights import run_night
from tests.support.suites import write_suite

AGENT = '''\
"""Solves L3-1 and misses L4-1; one run hangs until it is played again."""

import pathlib
import time


def agent(task):
    run = task.workspace.name
    task.ledger.write("note", text="began")
    if run == "L3-1-run-0002":
        pathlib.Path(__file__).with_name("hangs").touch()
        time.sleep(600)
    answer = 42 if run.startswith("L3-1") else 43
    text = f"def answer():\\n    return {answer}\\n"
    task.box.call("write", path="answer.py", data=text.encode())
    return "answered"
'''


def words(folder: Path) -> list[str]:
    """The night's options: four runs, the third of which hangs."""
    return [
        *("-m", "overnight", "--agent", "own:agent"),
        *("--overnight-suite", str(folder / "suite")),
        *("--overnight-min-free-disk", "0", "--overnight-min-free-memory", "0"),
    ]


def begin(folder: Path) -> subprocess.Popen[str]:
    """Start it in a session of its own; it hangs when this returns."""
    write_suite(folder / "suite", ["L3-1", "L4-1"])
    (folder / "own.py").write_text(AGENT, encoding="utf-8")
    night = subprocess.Popen(
        command(folder / "overnight_results", *words(folder)),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not (folder / "hangs").exists():
        assert night.poll() is None, night.communicate()[0]
        time.sleep(0.02)
    return night


def end(night: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> str:
    """Ctrl-C or a kill, as a terminal sends it; what it printed."""
    os.killpg(night.pid, number)
    return night.communicate(timeout=60)[0]


def go_on(folder: Path) -> EndedNight:
    """``--overnight-resume``."""
    return run_night(folder, *words(folder), "--overnight-resume")
