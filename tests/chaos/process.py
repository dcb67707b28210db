"""One process that owns a session: started with kills that wait, watched to its end.

Who watches it adopts whatever a killed process leaves behind (it is a subreaper), so
that an orphan is simply a child that does not go.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.records.journal import Journal
from pytest_overnight.sandbox.inside import kernel
from pytest_overnight.sandbox.inside import tree
from tests.chaos.instants import ALONE
from tests.chaos.instants import VARIABLE
from tests.chaos.instants import Trigger
from tests.chaos.kills import ALL
from tests.chaos.kills import BOX
from tests.chaos.kills import CONTROLLER
from tests.chaos.kills import JUDGE_SERVER
from tests.chaos.kills import RANDOM
from tests.chaos.kills import TRY
from tests.chaos.kills import TRY_SERVER
from tests.chaos.kills import VERIFICATION
from tests.chaos.kills import WORKER
from tests.chaos.kills import Kill
from tests.support.nights import command
from tests.support.nights import environment

COUNT = 4
"""Repetitions of each challenge."""
ORPHAN_SECONDS = 10.0
"""What a killed process leaves gets so long to go."""
HANGS = 240.0
"""Seconds after which a process that is still there hangs."""


@contextmanager
def adopting() -> Iterator[None]:
    """For as long, orphans below this process become its children."""
    _others.update(tree.children(os.getpid()))
    kernel.prctl(kernel.SUBREAPER, 1)
    try:
        yield
    finally:
        kernel.prctl(kernel.SUBREAPER, 0)
        _others.clear()


_others: set[int] = set()
"""Children that this process had before: of other tests, and no concern of ours."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where nights are played, and how."""

    folder: Path
    seed: int
    """Of the sessions."""
    workers: int
    """0: one process is both, controller and worker."""

    @property
    def results(self) -> Path:
        """The results folder."""
        return self.folder / "overnight_results"

    @property
    def suite(self) -> Path:
        """The challenges."""
        return self.folder / "suite"

    @property
    def tmp(self) -> Path:
        """For temporary files of the nights, and nobody else's."""
        return self.folder / "tmp"

    @property
    def deadly(self) -> set[str]:
        """Victims that the process which owns the session does not survive."""
        return {CONTROLLER, ALL} | ({WORKER} if self.workers == 0 else set())


class Process:
    """One process that owns a session, from its start until all of it is gone."""

    def __init__(
        self,
        scene: Scene,
        kills: Sequence[Kill],
        number: int,
        session: str,
        goes_on: bool,
    ) -> None:
        """Start it. ``number``: no other process of ``scene`` has it."""
        self.fired: list[Kill] = []
        """Kills that took place."""
        self.orphans: list[str] = []
        """Processes below it that outlived it, in words."""
        self.hung = False
        self.others_may_live = False
        """It was killed, and nobody waited until all below it was gone."""
        self.seconds_to_die = 0.0
        """From its end until the last process below it was gone."""
        self._scene, self._goes_on = scene, goes_on
        self._session = session
        self._log = scene.folder / f"start-{number:03d}.log"
        self._journal = Journal(scene.results / "journal.jsonl")
        self._finished = self._count_finished()
        self._claims = {
            scene.folder / f"claim-{number:03d}-{place}": kill
            for place, kill in enumerate(kills)
            if kill.instant != RANDOM
        }
        self._random = [kill for kill in kills if kill.instant == RANDOM]
        self._due = 0.0
        self._process = self._start()

    def said(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-1500:]

    def watch(self, *, hasty: bool = False) -> int:
        """Kill and wait; its exit status.

        ``hasty``: where it is killed, not to wait until all below it is gone.
        """
        limit = time.monotonic() + HANGS
        while self._process.poll() is None:
            self._kill_from_outside()
            bury(self._process.pid)
            if time.monotonic() > limit:
                self.hung = True
                self._process.kill()
            time.sleep(0.01)
        self.fired += [kill for file, kill in self._claims.items() if file.exists()]
        self.others_may_live = hasty and self._process.returncode < 0
        if not self.others_may_live:
            ended = time.monotonic()
            self.orphans = await_the_end(ORPHAN_SECONDS)
            self.seconds_to_die = time.monotonic() - ended
        return self._process.returncode

    # -- its start -----------------------------------------------------------------

    def _start(self) -> subprocess.Popen[bytes]:
        scene = self._scene
        arguments = ["-p", "tests.chaos.plugin", "-m", "overnight"]
        arguments += ["--overnight-suite", str(scene.suite), "--agent", "rehearsal"]
        arguments += ["--overnight-seed", str(scene.seed), "--count", str(COUNT)]
        arguments += ["-n", str(scene.workers), "--overnight-min-free-disk", "0"]
        arguments += ["--overnight-resume"] if self._goes_on else []
        more = {
            VARIABLE: json.dumps([dataclasses.asdict(one) for one in self._triggers()]),
            "TMPDIR": str(scene.tmp),
            "OVERNIGHT_SESSION": self._session,
        }
        if scene.workers == 0:
            more[ALONE] = "1"
        with self._log.open("wb") as out:
            return subprocess.Popen(
                command(scene.results, *arguments),
                cwd=scene.folder,
                env=environment(**more),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _triggers(self) -> list[Trigger]:
        return [
            Trigger(
                instant=kill.instant,
                results=str(self._scene.results),
                claim=str(claim),
                runs=self._finished + kill.after if kill.after else 0,
                call=kill.call,
                delay=kill.delay,
            )
            for claim, kill in self._claims.items()
        ]

    def _count_finished(self) -> int:
        """Lines ``finished`` of this night; the journal may still be another's."""
        events = self._journal.read()
        if not any(event.get("session_id") == self._session for event in events):
            return 0
        return sum(event["event"] == "finished" for event in events)

    # -- kills from outside --------------------------------------------------------

    def _kill_from_outside(self) -> None:
        if not self._random:
            return
        kill, now = self._random[0], time.monotonic()
        if self._count_finished() < self._finished + kill.after:
            return
        self._due = self._due or now + kill.delay
        if now < self._due:
            return
        victims = list(self._victims(kill.victim))
        if not victims:
            return
        if kill.victim != ALL:
            victims = [victims[int(kill.pick * len(victims))]]
        # The list may be old by now: what has ended meanwhile is no victim.
        if _kill_all(victims):
            self.fired.append(self._random.pop(0))
            self._due = 0.0

    def _victims(self, kind: str) -> Iterator[int]:
        controller = self._process.pid
        if kind in (CONTROLLER, ALL):
            yield controller
            yield from tree.descendants(controller) if kind == ALL else ()
            return
        for worker in self._workers():
            if kind == WORKER:
                yield worker
                continue
            for server in tree.children(worker):
                which = _server_kind(server)
                if kind == which:
                    yield server
                forks = tree.children(server) if which else []
                if kind == {TRY_SERVER: TRY, JUDGE_SERVER: VERIFICATION}.get(which):
                    yield from forks
                if kind == BOX:
                    for fork in forks:
                        yield from tree.descendants(fork)

    def _workers(self) -> list[int]:
        if self._scene.workers == 0:
            return [self._process.pid]
        events = self._journal.read()
        told = {event["pid"] for event in events if event["event"] == "worker"}
        return [pid for pid in tree.children(self._process.pid) if pid in told]


def bury(but: int = 0) -> list[int]:
    """Reap what was left to this process; who of it still lives, without ``but``."""
    living = []
    for pid in tree.children(os.getpid()):
        if pid == but or pid in _others:
            continue
        with suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                living.append(pid)
    return living


def await_the_end(seconds: float) -> list[str]:
    """Wait until no child is left; in words, and killed, those that outlived it."""
    limit = time.monotonic() + seconds
    while living := bury():
        if time.monotonic() > limit:
            orphans = [*living, *(p for one in living for p in tree.descendants(one))]
            said = [f"{pid} {_command_line(pid)}" for pid in orphans]
            tree.signal_all(orphans, signal.SIGKILL)
            return said
        time.sleep(0.01)
    return []


def _kill_all(pids: Sequence[int]) -> bool:
    """SIGKILL to all of them; whether the first was there."""
    alive = [pid for pid in pids[:1] if _is_alive(pid)]
    tree.signal_all(list(pids), signal.SIGKILL)
    return bool(alive)


def _is_alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return status.rpartition(b")")[2].split()[0] != b"Z"


def _server_kind(pid: int) -> str:
    """``try server`` or ``judge server``, by the log that it prints to."""
    try:
        log = str(Path(f"/proc/{pid}/fd/1").readlink())
    except OSError:
        return ""
    return next(
        (kind for kind in (TRY_SERVER, JUDGE_SERVER) if log.endswith(_log_of(kind))), ""
    )


def _log_of(kind: str) -> str:
    return f"-{kind.partition(' ')[0]}.txt"


def _command_line(pid: int) -> str:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/cmdline").read_bytes()
        return text.replace(b"\0", b" ").decode(errors="replace")[:200]
    return "?"
