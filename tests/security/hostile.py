"""Hostile agents, and a theatre that plays many of them in a row.

    python -m tests.security.hostile FOLDER LEVEL RUNS

plays that many runs through one arena and prints what the machine looked like after the
first twenty and after the last, as JSON. A process of its own, for its memory is
measured: no pytest, no model server, nothing but the harness is in it.

The scripts are bounded: whatever wall fails, they write below their own folders, signal
only what belongs to their own run, and end by themselves.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_overnight.agents.task import Task
from pytest_overnight.arena import Arena
from pytest_overnight.catalog.harbor import load_suite
from pytest_overnight.catalog.plan import Run
from pytest_overnight.records.store import RunStore
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.user import make_reachable
from pytest_overnight.settings import Settings
from tests.security import machine
from tests.security.clinging import SOLUTION
from tests.support.suites import write_suite

WARM_UP = 20
"""Runs after which the first look is taken: caches are full then."""

DAEMONS = """
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for generation in range(4):
    if generation:
        os.setsid()
        if os.fork():
            os._exit(0)
    if generation < 3 and os.fork():
        break
if generation:
    time.sleep(30)
"""
DEEP = """
for top, depth in ((".", 300), (os.environ.get("TMPDIR", "/tmp"), 1200)):
    os.chdir(top)
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    open("bottom", "w").close()
"""
CLOSED = """
os.makedirs("closed/inner")
for name in ("closed/file", "closed/inner/file", "tool"):
    with open(name, "w") as file:
        file.write("x")
os.chmod("tool", 0o6777)
for name in ("closed/inner/file", "closed/inner", "closed/file", "closed", "answer.py"):
    os.chmod(name, 0)
"""
FORKS = """
import mmap
count = mmap.mmap(-1, 8)  # shared by all of the flood
end = time.monotonic() + 2
while time.monotonic() < end and (so_far := int.from_bytes(count[:], "little")) < 3000:
    count[:] = (so_far + 1).to_bytes(8, "little")
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
time.sleep(10)
"""
MEMORY = """
for _ in range(6):  # 2.4 GiB in all
    if os.fork() == 0:
        block = b"x" * (400 << 20)
        time.sleep(10)
        os._exit(0)
time.sleep(10)
"""
DISK = """
for number in range(8):  # 480 MiB in all
    with open(f"large-{number}", "wb") as file:
        for _ in range(60):
            file.write(b"x" * (1 << 20))
"""
PIPES = """
import socket
os.mkfifo("fifo")
os.mkfifo("fifo.py")
held = []
for name in ("socket", "other.sock"):
    held.append(socket.socket(socket.AF_UNIX))
    try:
        held[-1].bind(name)
        held[-1].listen()
    except OSError:
        pass
"""
FILES = """
for number in range(10):  # 10,000 in all
    os.mkdir(f"many-{number}")
    for inner in range(1000):
        open(f"many-{number}/{inner}", "w").close()
"""
FLOOD = """
block = b"x" * (1 << 20)
for _ in range(80):
    os.write(1, block)
"""
STOP = """
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCONT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(10)
"""
KILL = """
# Its own runner and helper; everybody, where everybody is its own.
line = [os.getpid()]
while len(line) < 4 and line[-1] > 1:
    with open(f"/proc/{line[-1]}/stat") as file:
        line.append(int(file.read().rpartition(")")[2].split()[1]))
if line[-1] == 1 or 60800 <= os.getuid() < 60900:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(-1, signal.SIGTERM)
    os.kill(-1, signal.SIGKILL)
for pid in line[1:3]:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""
LINKS = """
for number, target in enumerate(("/", "/etc/passwd", "/proc/self/root", "..", "loop")):
    os.symlink(target, f"link-{number}")
os.symlink("loop", "loop")
os.symlink("/etc", "etc.py")
for number in range(200):
    os.link("answer.py", f"same-{number}.py")
"""
ANSWER = """\
import os, sys, time

def answer():
    for _ in range(20):
        if os.fork() == 0:
            os.setsid()
            time.sleep(10)
            os._exit(0)
    os.write(1, b"x" * 100_000)
    os.symlink("/", "top")
    os.chdir("/tmp" if os.path.isdir("/tmp") else "/")
    return 42
"""
SCRIPTS = {
    "daemons": DAEMONS,
    "deep": DEEP,
    "closed": CLOSED,
    "forks": FORKS,
    "memory": MEMORY,
    "disk": DISK,
    "pipes": PIPES,
    "files": FILES,
    "flood": FLOOD,
    "stop": STOP,
    "kill": KILL,
    "links": LINKS,
    "answer": "",
}
HEAVY = ("memory", "files")
"""Played in every fifth round only: they cost seconds."""
SECONDS, HEAVY_SECONDS = 1.0, 15.0
"""What a hostile command may take."""
OUTCOMES = {
    "closed": {"wrong_answer"},  # also its own answer
    "kill": {"passed", "crash"},  # of an ordinary user's helper without walls
}


def agent(task: Task) -> None:
    """Do what the challenge says, then solve it all the same."""
    name = task.instruction.strip()
    if script := SCRIPTS[name]:
        text = f"import os, signal, sys, time\n{script}"
        limit = HEAVY_SECONDS if name in HEAVY else SECONDS
        done = task.box.run(["python", "-c", text, os.environ[WORD]], timeout=limit)
        task.ledger.write("hostility", status=done.status, limit=done.limit)
    answer = SOLUTION if script else ANSWER
    with suppress(OSError):
        task.box.call("write", path="answer.py", data=answer.encode())


WORD = "OVERNIGHT_HOSTILE_WORD"
"""Environment variable: what shows in the arguments of all hostile commands."""


class Theatre:
    """One arena, and what the machine looks like around it."""

    def __init__(self, folder: Path, level: str) -> None:
        """``folder`` is the theatre's own."""
        self.folder = folder
        suite = write_suite(folder / "suite", ids())
        for name, challenge_id in zip(SCRIPTS, ids(), strict=True):
            file = suite / f"{challenge_id}-tiny" / "instruction.md"
            file.write_text(f"{name}\n")
        settings = Settings(
            results=folder / "results",
            suite=suite,
            session_id="overnight-2026-01-01",
            agent=f"{__spec__.name}:agent",
            sandbox=level,
        )
        self.store = RunStore(settings.results)
        self.store.create()
        make_reachable(self.store.workspaces)
        challenges = {one.id: one for one in load_suite(suite)}
        self.challenges = dict(zip(SCRIPTS, map(challenges.get, ids()), strict=True))
        report = SandboxReport(level, True, ())
        self.arena = Arena(settings, list(challenges.values()), report, "main")

    def play(self, number: int) -> tuple[str, str]:
        """Play one run; its script and its outcome."""
        name = programme(number)
        challenge = self.challenges[name]
        assert challenge is not None
        run = Run(challenge, number + 1, number)
        record = self.arena.play(run, nodeid=run.id)
        return name, record.outcome

    def look(self) -> dict[str, Any]:
        """Everything that could grow, by name."""
        pids = self.processes()
        memory = {who: machine.rss_kb(pid) for who, pid in pids.items()}
        ours = machine.family(os.getpid())
        sockets = machine.sockets_of(ours)
        temporary = Path(tempfile.gettempdir())
        in_use = machine.used_mb(temporary) + machine.used_mb(self.store.workspaces)
        return {
            "rss_kb": memory,
            "descriptors": {who: machine.descriptors(pid) for who, pid in pids.items()},
            "processes": pids,
            "below": len(ours) - 1,
            "marked": self.strangers(),
            "sockets": len(sockets),
            "named_sockets": len(sockets & machine.sockets()),
            "mounts": machine.mounts_below(self.folder),
            "temporary": sorted(path.name for path in temporary.iterdir()),
            "workspaces": sorted(p.name for p in self.store.workspaces.iterdir()),
            "in_use_mb": in_use,
            "elsewhere": machine.litter(Path("/run"), Path("/var/tmp")),
        }

    def strangers(self) -> list[int]:
        """Processes with our word that are not the harness's own."""
        found = set(machine.marked(os.environ[WORD]))
        return sorted(found - set(self.processes().values()))

    def processes(self) -> dict[str, int]:
        """The harness's own that live from run to run."""
        servers = sorted(pid for pid, _ in machine.family(os.getpid()))
        servers.remove(os.getpid())
        return {"worker": os.getpid(), "try": servers[0], "judge": servers[1]}


def ids() -> list[str]:
    """A challenge id for each script."""
    return [f"L3-{number}" for number in range(10, 10 + len(SCRIPTS))]


def programme(number: int) -> str:
    """The script of one run, from 0: heavy ones come in every fifth round only."""
    light = [name for name in SCRIPTS if name not in HEAVY]
    names = [*SCRIPTS, *light * 4]
    return names[number % len(names)]


def give_back() -> None:
    """Let the kernel have what large snapshots took and is free again.

    Else the figure of memory in use is that of the largest of the latest runs.
    """
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def main(folder: str, level: str, runs: str) -> None:
    """Play, and print what was seen."""
    theatre = Theatre(Path(folder), level)
    ended: list[tuple[str, str, float]] = []
    before: dict[str, Any] = {}
    began = time.monotonic()
    for number in range(int(runs)):
        if number == WARM_UP:
            theatre.look()  # what the looking itself takes is there from now on
            give_back()
            before = theatre.look()
        started = time.monotonic()
        ended.append((*theatre.play(number), time.monotonic() - started))
        if len(machine.family(os.getpid())) > 3:
            break  # something outlived its run: the last one's
    give_back()
    after = theatre.look()
    seconds = time.monotonic() - began
    theatre.arena.close()
    left = len(machine.family(os.getpid())) - 1
    figures = {"before": before, "after": after, "ended": ended, "seconds": seconds}
    print(json.dumps({**figures, "left": left}))


if __name__ == "__main__":
    main(*sys.argv[1:])
