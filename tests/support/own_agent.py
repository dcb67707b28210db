"""A night of tiny challenges in which one run is cut short and played again.

``--agent own:agent``, from a folder where this module lies under that name.
"""

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
"""Solves L3-1, misses L4-1, and hangs in one run until it is played again."""
import pathlib
import time

def agent(task):
    run = task.workspace.name
    if run == "L3-1-run-0002":
        pathlib.Path(__file__).with_name("hangs").touch()
        time.sleep(600)
    answer = 42 if run.startswith("L3-1") else 43
    text = f"def answer():\\n    return {answer}\\n"
    task.box.call("write", path="answer.py", data=text.encode())
    task.ledger.write("note", text="answered")
    return "answered"
'''


def play_twice(folder: Path) -> EndedNight:
    """Ctrl-C during the third of four runs, then ``--overnight-resume``."""
    suite = str(write_suite(folder / "suite", ["L3-1", "L4-1"]))
    (folder / "own.py").write_text(AGENT, encoding="utf-8")
    words = ["-m", "overnight", "--agent", "own:agent", "--overnight-suite", suite]
    words += ["--overnight-min-free-disk", "0", "--overnight-min-free-memory", "0"]
    night = subprocess.Popen(
        command(folder / "overnight_results", *words),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not (folder / "hangs").exists() and night.poll() is None:
        time.sleep(0.02)
    if night.poll() is None:
        os.killpg(night.pid, signal.SIGINT)  # as a terminal does
    said, _ = night.communicate(timeout=60)
    assert night.returncode == 2, said
    return run_night(folder, *words, "--overnight-resume")
