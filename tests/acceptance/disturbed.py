"""Small nights that something happens to, and the same ones undisturbed."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.records.journal import Journal
from pytest_overnight.sandbox.inside import tree
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.suites import write_suite

CHALLENGES = ["L3-1", "L4-1", "L6-3"]
COUNT = 6
PLANNED = len(CHALLENGES) * COUNT
WORDS = ["-m", "overnight", "--agent", "rehearsal", "--overnight-seed", "1"]
WORDS += ["--count", str(COUNT), "-n", "2"]
SECONDS = 240.0


@dataclass
class Disturbed:
    """A night in a folder of its own, started as often as a test wants."""

    folder: Path
    results: Path
    variables: dict[str, str]

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin, in a process group of its own, as a terminal does it."""
        room = [] if any("free-disk" in one for one in words) else NO_LEAST_DISK
        suite = write_suite(self.folder / "suite", CHALLENGES)
        plan = [*WORDS, "--overnight-suite", str(suite), *room, *words]
        return subprocess.Popen(
            command(self.results, *plan),
            cwd=self.folder,
            env=environment(**self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def play(
        self,
        *words: str,
        after: int = 0,
        strike: Callable[[subprocess.Popen[str]], object] = lambda night: None,
    ) -> EndedNight:
        """Play on until it ends; ``strike`` once ``after`` more runs are finished."""
        before = self.finished()
        night = self.start(*words)
        while night.poll() is None and self.finished() < before + after:
            time.sleep(0.01)
        if night.poll() is None:
            strike(night)
        out, _ = night.communicate(timeout=SECONDS)
        return EndedNight(night.returncode, out, "", self.results)

    def resume(self) -> EndedNight:
        """Play the rest."""
        return self.play("--overnight-resume")

    def finished(self) -> int:
        """Runs that the journal says are over."""
        events = Journal(self.results / "journal.jsonl").read()
        return sum(event["event"] == "finished" for event in events)

    def workers(self) -> list[int]:
        """Process ids of those who play runs now."""
        events = Journal(self.results / "journal.jsonl").read()
        pids = [event["pid"] for event in events if event["event"] == "worker"]
        return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


NO_LEAST_DISK = ["--overnight-min-free-disk", "0"]


def a_night(folder: Path, results: Path | None = None, **variables: str) -> Disturbed:
    """``results``: on another disk, say; ``variables``: of its environment."""
    place = results or folder / "overnight_results"
    return Disturbed(folder, place, variables)


@functools.cache
def undisturbed() -> dict[str, tuple[str, int, int]]:
    """What each run comes to when nothing happens."""
    with tempfile.TemporaryDirectory(prefix="overnight-test-") as name:
        Path(name).chmod(0o755)
        night = a_night(Path(name)).play()
        assert night.status == 0, night.out
        return essence(night)


def essence(night: EndedNight) -> dict[str, tuple[str, int, int]]:
    """Run id → outcome, hidden tests passed, rounds."""
    return {
        run_id: (
            record["outcome"],
            sum(check["passed"] for check in record["checks"]),
            record["rounds"],
        )
        for run_id, record in night.records.items()
    }


def must_be_as_undisturbed(night: EndedNight) -> None:
    """Every planned run once, with what it would have come to; and all files agree."""
    assert night.status == 0, night.out
    assert essence(night) == undisturbed()
    doctor = [sys.executable, "-m", "pytest_overnight", "doctor", str(night.results)]
    looked = subprocess.run(
        doctor, env=environment(), capture_output=True, text=True, check=False
    )
    assert looked.returncode == 0, looked.stdout + looked.stderr


def must_be_readable(night: EndedNight) -> None:
    """No traceback; what we print is at most 80 columns wide."""
    assert "Traceback" not in night.out
    assert "INTERNALERROR" not in night.out
    ours = night.out.partition(" overnight =")[2].splitlines()[1:]
    theirs = ("!", "FAILED", "=")  # pytest's own lines
    assert [x for x in ours if len(x) > 80 and not x.startswith(theirs)] == []


def everything_below(pid: int) -> list[int]:
    """A process and all its descendants."""
    return [pid, *tree.descendants(pid)]


def freeze(seconds: float) -> Callable[[subprocess.Popen[str]], None]:
    """Stop every process for a time, as a closed lid does."""

    def strike(night: subprocess.Popen[str]) -> None:
        stopped = everything_below(night.pid)
        for pid in stopped:
            send(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in reversed(stopped):
            send(pid, signal.SIGCONT)

    return strike


def send(pid: int, number: int) -> None:
    """A signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
