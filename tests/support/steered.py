"""Nights whose runs wait for a sign, so that something can happen meanwhile."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.sandbox.inside import tree
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.suites import write_suite

AGENT = """\
import pathlib
import time

HERE = pathlib.Path(__file__).parent


def agent(task):
    stem = task.workspace.name
    (HERE / "begun" / stem).touch()
    while (HERE / "hold" / stem).exists():
        time.sleep(0.02)
    task.box.call("write", path="answer.py", data=b"def answer():\\n    return 42\\n")
"""

RUNS = [f"L3-1-run-{number:04d}" for number in (1, 2, 3, 4)]
"""What such a night plays, in this order."""


class Stage:
    """A folder with a suite, an agent that can be held, and a place for results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "overnight_results"
        self.suite = write_suite(folder / "suite", ["L3-1"])
        (folder / "own.py").write_text(AGENT)
        for name in ("begun", "hold"):
            (folder / name).mkdir()

    def hold(self, *stems: str) -> None:
        """Let the agent wait in each of these tries."""
        for stem in stems:
            (self.folder / "hold" / stem).touch()

    def let_go(self, *stems: str) -> None:
        """Let it go on; without names everywhere."""
        for path in (self.folder / "hold").iterdir():
            if not stems or path.name in stems:
                path.unlink()

    def begun(self, stem: str) -> bool:
        """Whether the agent is at work in that try, or was."""
        return (self.folder / "begun" / stem).exists()

    def words(self, *more: str) -> list[str]:
        """The command line."""
        fixed = ["-m", "overnight", "--overnight-suite", str(self.suite)]
        fixed += ["--agent", "own:agent", "--count", str(len(RUNS))]
        # Slots are shared by all nights of a machine that name the same server.
        host = f"http://{self.folder.name}.localhost"
        fixed += ["--overnight-slots=2", "--overnight-host", host]
        return command(self.results, *fixed, "--overnight-min-free-disk=0", *more)

    @contextmanager
    def night(self, *more: str, **variables: str) -> Iterator[Going]:
        """Start one; whatever of it is left in the end is killed."""
        night = Going(self, self.words(*more), variables)
        try:
            yield night
        finally:
            self.let_go()
            if night.process.poll() is None:
                tree.signal_all(night.tree(), signal.SIGKILL)
                night.process.communicate()

    def play(self, *more: str, **variables: str) -> EndedNight:
        """A whole night."""
        with self.night(*more, **variables) as night:
            return night.ended()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Whole lines of the journal, of one kind."""
        lines = (self.results / "journal.jsonl").read_text().splitlines()
        found = []
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            found += [event] if event["event"] == name else []
        return found

    def counted(self) -> dict[str, bytes]:
        """Run id → bytes of its record, of those that nobody may touch any more."""
        paths = (self.results / "runs").glob("*.json")
        found = {path.stem: path.read_bytes() for path in paths}
        return {
            name: text for name, text in found.items() if json.loads(text)["counted"]
        }


class Going:
    """A night that goes on."""

    def __init__(self, stage: Stage, words: list[str], variables: Any) -> None:
        self.stage = stage
        self.process = subprocess.Popen(
            words,
            cwd=stage.folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def tree(self) -> list[int]:
        """It and everything below it, parents first."""
        pid = self.process.pid
        return [pid, *tree.descendants(pid)]

    def workers(self) -> list[int]:
        """xdist's, that live."""
        start = b"exec(eval(sys.stdin.readline()))"
        known = {pid: words_of(pid) for pid in tree.children(self.process.pid)}
        return [pid for pid, words in known.items() if start in words]

    def until(self, stem: str) -> None:
        """The agent is at work in that try."""
        self.wait(f"the agent at work in {stem}", lambda: self.stage.begun(stem))

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        """For something that must happen while the night goes on."""
        for _ in range(2400):
            if condition():
                return
            if self.process.poll() is not None:
                out, err = self.process.communicate()
                pytest.fail(f"the night ended before {what}:\n{out}{err}")
            time.sleep(0.05)
        pytest.fail(f"never happened: {what}")

    def ended(self, limit: float = 240.0) -> EndedNight:
        """Wait for its end, and look at what it said."""
        out, err = self.process.communicate(timeout=limit)
        night = EndedNight(self.process.returncode, out, err, self.stage.results)
        must_be_readable(night)
        return night


def words_of(pid: int) -> bytes:
    """A process's command line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def must_be_readable(night: EndedNight) -> None:
    """No traceback whatever happens; our own lines fit eighty columns."""
    for word in ("Traceback", "INTERNALERROR"):
        assert word not in night.out + night.err, night.out + night.err
    for line in own_lines(night.out):
        assert len(line) <= 80, line


def own_lines(out: str) -> list[str]:
    """Of runs, and all of the summary but paths."""
    _, _, summary = out.partition(" overnight ===")
    ours = r"\[|    |overnight:|waiting|L3-1-run-\d+: its worker"
    lines = [line for line in out.splitlines() if re.match(ours, line)]
    lines += summary.splitlines()[1:]
    theirs = r"[!=/]|FAILED|ERROR"
    return [line for line in lines if not re.match(theirs, line)]


def said(night: EndedNight) -> str:
    """Its output, as if all stood on one line."""
    return re.sub(r"\s+", " ", night.out + night.err)
