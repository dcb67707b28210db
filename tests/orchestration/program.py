"""The program, run as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.nights import CHECKOUT
from tests.support.nights import EndedNight
from tests.support.nights import environment
from tests.support.suites import write_suite


def command(*arguments: str) -> list[str]:
    """Its command line."""
    return [sys.executable, str(CHECKOUT / "run_overnight.py"), *arguments]


def small_suite(folder: Path, *ids: str) -> list[str]:
    """Options for a suite of tiny challenges, two repetitions each."""
    suite = write_suite(folder / "suite", ids or ["L3-1", "L6-1", "A-1a"])
    return ["--overnight-suite", str(suite)]


def run_program(folder: Path, *arguments: str, **more: str) -> EndedNight:
    """Run it in ``folder``; results in ``folder/overnight_results``."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    results = folder / "overnight_results"
    return EndedNight(done.returncode, done.stdout, done.stderr, results)
