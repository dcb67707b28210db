"""Plays cases in one night, and keeps what was seen of each."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.misbehaviours.case import Case
from tests.acceptance.misbehaviours.turns import Conversation
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.ollama_server import OllamaServer

TAIL = 4000
"""Characters of a ledger that are kept."""


@dataclass(frozen=True)
class Seen:
    """What a night made of one case."""

    outcome: str
    stop: str
    asked: int
    """Turns of the script that the harness asked for."""
    story: str
    """For people: what was recorded, and the end of the ledger."""


@contextmanager
def a_folder() -> Iterator[Path]:
    """A folder that other users, as whom boxes run, may pass."""
    folder = Path(tempfile.mkdtemp(prefix="overnight-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Stage:
    """A suite of cases, and the scripts of the server that plays them."""

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        self.folder = folder
        self.results = folder / "overnight_results"
        self.run_ids: dict[str, str] = {}
        self.talks = {case.name: Conversation(case.script) for case in cases}
        for number, case in enumerate(_shuffled(cases)):
            # No id may begin another: all have two digits.
            challenge_id = f"L{3 + number // 90}-{10 + number % 90}"
            case.write_challenge(folder / "suite", challenge_id)
            self.run_ids[case.name] = f"{challenge_id}-run-0001"
        rows = [{"when": case.key, "turns": self.talks[case.name]} for case in cases]
        self.server = OllamaServer({"conversations": rows}, num_parallel=4)

    def command(self, *arguments: str) -> list[str]:
        """The command line of the night."""
        suite = ["--overnight-suite", str(self.folder / "suite")]
        agent = ["--agent", "ollama", "--overnight-host", self.server.url]
        given = ["--count", "1", "--overnight-seed", "1", "--overnight-slots", "2"]
        usual = ["-m", "overnight", *suite, *agent, *given]
        return command(self.results, *usual, *arguments)

    def seen(self, night: EndedNight) -> dict[str, Seen]:
        """Case → what became of it."""
        return {name: self._seen(name, night) for name in self.run_ids}

    def _seen(self, name: str, night: EndedNight) -> Seen:
        run_id, asked = self.run_ids[name], self.talks[name].asked
        record = night.records.get(run_id)
        if record is None:
            return Seen("no record", "", asked, (night.out + night.err)[-TAIL:])
        ledger = self.results / "logs" / f"{run_id}-ledger.log"
        told = ledger.read_text(encoding="utf-8") if ledger.is_file() else "no ledger"
        what = f"{record['outcome']}, stop {record['stop']}, {record['verdict']}"
        figures = json.dumps(record["performance"])
        story = f"{what}: {record['detail']}\n{figures}\n{told[-TAIL:]}"
        return Seen(record["outcome"], record["stop"], asked, story)


def _shuffled(cases: Sequence[Case]) -> list[Case]:
    """Neighbours far apart: many faults in a row say something about a machine."""
    stride = next(n for n in (37, 41, 43, 3, 1) if len(cases) % n)
    return [cases[stride * n % len(cases)] for n in range(len(cases))]


def play_cases(
    cases: Sequence[Case], *arguments: str, prefix: Sequence[str] = ()
) -> dict[str, Seen]:
    """A whole night over these cases: case → what became of it."""
    with a_folder() as folder:
        stage = Stage(folder, cases)
        with stage.server:
            done = subprocess.run(
                [*prefix, *stage.command("-n", "2", *arguments)],
                cwd=folder,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=1500,
                check=False,
            )
        night = EndedNight(done.returncode, done.stdout, done.stderr, stage.results)
        return stage.seen(night)


def play_cut_short(
    cases: Sequence[Case], *ends: Callable[[int], None]
) -> dict[str, Seen]:
    """A night that is struck, given its process id, in all cases' last turns.

    Each of ``ends`` strikes once, after whole scripts: what is replayed begins anew.
    """
    with a_folder() as folder:
        stage = Stage(folder, cases)
        with stage.server:
            night = subprocess.Popen(
                stage.command("-n", str(len(cases))),
                cwd=folder,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            for end in ends:
                for talk in stage.talks.values():
                    talk.asked = 0
                for _ in range(1200):
                    if all(talk.is_at_its_end for talk in stage.talks.values()):
                        break
                    time.sleep(0.05)
                end(night.pid)
            out, _ = night.communicate(timeout=120)
        return stage.seen(EndedNight(night.returncode, out, "", stage.results))


def once(
    factory: pytest.TempPathFactory,
    name: str,
    night: Callable[[], dict[str, Seen]],
) -> dict[str, Seen]:
    """Play a night in one of xdist's workers, and let the others read of it."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    file = root / f"{name}.json"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.is_file():
            seen = {key: asdict(value) for key, value in night().items()}
            file.write_text(json.dumps(seen), encoding="utf-8")
    told = json.loads(file.read_text(encoding="utf-8"))
    return {key: Seen(**value) for key, value in told.items()}
