"""A night in mid-run, its agent's daemons clinging to life: who dies now, and what is
left?

Real pytest in a process of its own, the built-in agent, the real client; the model is a
loopback server that holds a conversation for each of two runs. The first clings, the
second solves.
"""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

from tests.security import machine
from tests.security.clinging import FINISH
from tests.security.clinging import call
from tests.security.clinging import cling
from tests.security.clinging import clings
from tests.security.clinging import conversations
from tests.security.clinging import ids
from tests.security.clinging import in_answer
from tests.security.clinging import in_shell
from tests.security.clinging import lay_suite
from tests.security.clinging import solve
from tests.security.machine import eventually
from tests.support.nights import CHECKOUT
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.nights import run_night
from tests.support.ollama_server import OllamaServer


@dataclass
class Traces:
    """Everything that must be gone in the end, noted while it is there."""

    top: int
    """The process that all the others are below."""
    word: str
    folder: Path
    temporary: Path
    """Where temporary files are laid."""
    others: set[machine.Born] = field(default_factory=set)
    """Processes that were there before, such as judges of other tests."""
    family: set[machine.Born] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    """Sockets of the family that the machine shows."""

    def note(self) -> None:
        """Remember who lives now, and what they hold."""
        below = machine.family(self.top) - self.others
        self.family |= {one for one in below if one[0] != os.getpid()}
        self.named |= machine.sockets_of(self.family) & machine.sockets()

    @property
    def line(self) -> list[int]:
        """Process ids from the top down to a process of the agent's."""
        pids = machine.marked(self.word)
        lines = (machine.line_of(pid, self.top) for pid in pids)
        return max(lines, key=len, default=[])

    def check_that_nothing_is_left(self) -> None:
        """Of processes, sockets and mounts."""
        # The kernel closes what lay unread in a dead socket some time later.
        eventually(
            lambda: (
                not machine.alive(self.family)
                and not machine.marked(self.word)
                and not machine.sockets() & self.named
            )
        )
        assert machine.alive(self.family) == []
        assert machine.marked(self.word) == []
        assert not machine.sockets() & self.named
        assert machine.mounts_below(self.folder) == []

    def check_that_no_folder_is_left(self) -> None:
        """Where somebody lived on to tidy up."""
        eventually(lambda: not self.folders())
        assert self.folders() == []

    def folders(self) -> list[str]:
        """Names of the night's own in the temporary folder."""
        kept = f"pytest-overnight-{os.geteuid()}"  # locks of model slots
        found = {path.name for path in self.temporary.iterdir()}
        # Any pytest makes the second one, and keeps it for three sessions.
        return sorted(n for n in found - {kept} if not n.startswith("pytest-of-"))


@dataclass
class Scene:
    """A night of two runs, the first of which clings."""

    night: subprocess.Popen[str]
    traces: Traces
    arguments: list[str]
    more: dict[str, str]
    """Its environment, beside the usual."""

    def end(self, seconds: float = 60) -> EndedNight:
        """Wait for the night's own end."""
        out, err = self.night.communicate(timeout=seconds)
        results = self.traces.folder / "overnight_results"
        return EndedNight(self.night.returncode, out, err, results)

    def clings_below_another_than(self, worker: int) -> bool:
        """Whether the run was begun again, in another worker, and clings there."""
        line = self.traces.line
        return (
            line[:1] == [self.traces.top]
            and line[1] != worker
            and clings(self.traces.word)
        )

    def again(self) -> EndedNight:
        """The same night resumed; nothing clings."""
        with OllamaServer(conversations(solve(), solve())) as server:
            host = ["--overnight-host", server.url]
            words = [*self.arguments, *host, "--overnight-resume"]
            return run_night(self.traces.folder, *words, limit=300.0, **self.more)


@contextmanager
def clinging_night(
    folder: Path, level: str, workers: int = 0, phase: str = "try", wait: bool = True
) -> Iterator[Scene]:
    """A night whose first run is in the middle of its try, or of its verification.

    Unless ``wait`` is false: then it has only just been started.
    """
    word = f"clings-{uuid.uuid4().hex}"
    suite = lay_suite(folder / "suite", ids(2))
    temporary = folder / "tmp"
    temporary.mkdir()
    temporary.chmod(0o755)  # boxes of root's run as other users
    arguments = ["-m", "overnight", "--overnight-suite", str(suite), "--count", "1"]
    arguments += ["--overnight-sandbox", level, "-n", str(workers)]
    paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
    more = {
        "TMPDIR": str(temporary),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    if phase == "try":
        turns = [call("run_command", command=in_shell(cling(word))), FINISH]
    else:
        turns = solve(in_answer(cling(word)))
    with OllamaServer(conversations(turns, solve())) as server:
        words = [*arguments, "--overnight-host", server.url]
        night = subprocess.Popen(
            command(folder / "overnight_results", *words),
            cwd=folder,
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        traces = Traces(night.pid, word, folder, temporary)
        try:
            if wait:
                assert eventually(lambda: clings(word), 60), night.poll()
                traces.note()
            yield Scene(night, traces, arguments, more)
        finally:
            _clear(night, traces)


def _clear(night: subprocess.Popen[str], traces: Traces) -> None:
    """Whatever a test that failed has left."""
    traces.note()
    for one in traces.family:
        if machine.born(one[0]) == one:
            with suppress(OSError):
                os.kill(one[0], signal.SIGKILL)
    night.communicate(timeout=30)
