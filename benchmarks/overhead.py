"""What the harness itself costs a run, in CPU, by part, over many runs.

    python benchmarks/overhead.py [--runs 210]

One run is six tool rounds (three writes, one command, one read, finish) of the built-in
agent over the real client against a loopback server that is not counted, and eight
trivial hidden tests, each in a fresh boxed child. A bare loop starts just the agent's
command. *Own* is all CPU of the run's processes less that of the bare loop.

Whole run: the slope between a short and a long night under real pytest, so that what is
paid once a session does not count. Parts: an arena in this process, wrapped.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TARGET_MS, MOONSHOT_MS = 120.0, 60.0
SHORT = 10

TASK = """\
schema_version = "1.3"
[metadata.overnight]
id = "L3-9"
level = "L3"
title = "Overhead"
repetitions = 1
expected_files = ["check.py"]
[agent]
timeout_sec = 180.0
[verifier]
timeout_sec = 60.0
"""
TESTS = "".join(
    f"def test_{n}(code):\n    assert code.call('part_{n}:value') == {n}\n\n\n"
    for n in range(8)
)
WORDS = "token " * 200
ROUNDS: list[dict[str, Any]] = [
    *(
        {"name": "write_file", "arguments": {"path": f"new_{n}.py", "content": "x = 1"}}
        for n in range(3)
    ),
    {"name": "run_command", "arguments": {"command": "python check.py"}},
    {"name": "read_file", "arguments": {"path": "part_1.py"}},
    {"name": "finish", "arguments": {"summary": "done", "status": "done"}},
]


def write_suite(folder: Path) -> Path:
    """A challenge with 20 files, 200 kB in all, that is solved from the start."""
    challenge = folder / "suite" / "L3-9-overhead"
    for part in ("environment", "solution", "tests"):
        (challenge / part).mkdir(parents=True)
    filler = "# " + "x" * 10_000 + "\n"
    for n in range(19):
        text = f"{filler}def value():\n    return {n}\n"
        (challenge / "environment" / f"part_{n}.py").write_text(text)
    (challenge / "environment" / "check.py").write_text("print('fine')\n")
    (challenge / "solution" / "check.py").write_text("print('fine')\n")
    (challenge / "tests" / "test_parts.py").write_text(TESTS)
    (challenge / "task.toml").write_text(TASK)
    (challenge / "instruction.md").write_text("Look at the parts.\n")
    return challenge.parent


@contextmanager
def model_server(folder: Path, runs: int) -> Iterator[str]:
    """A loopback server that speaks Ollama's protocol, with turns for ``runs``."""
    turns = [{"content": WORDS, "tool_calls": [call]} for call in ROUNDS] * runs
    script = folder / "script.json"
    script.write_text(json.dumps(turns))
    argv = [sys.executable, "-m", "tests.support.ollama_server", "--port", "0"]
    argv += ["--script", str(script)]
    server = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().split()[-1]
    finally:
        server.kill()
        server.wait()


def night_cpu(folder: Path, suite: Path, runs: int) -> float:
    """CPU seconds of a whole pytest night and all that it started."""
    with model_server(folder, runs) as url:
        argv = [sys.executable, "-m", "pytest", "-p", "pytest_overnight.plugin"]
        argv += ["-m", "overnight", "--agent", "ollama", "--count", str(runs)]
        argv += ["--overnight-suite", str(suite), "--overnight-host", url]
        argv += ["-q", "-p", "no:cacheprovider"]
        results = folder / f"results-{runs}"
        argv += ["--overnight-results", str(results)]
        before = cpu(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            argv, cwd=folder, capture_output=True, text=True, check=False
        )
        spent = cpu(resource.RUSAGE_CHILDREN) - before
    solved = json.loads((results / "master_log.json").read_text())["tests_passed"]
    if solved != runs:
        raise SystemExit(f"only {solved} of {runs} runs were solved:\n{done.stdout}")
    return spent


def cpu(who: int) -> float:
    """User and system seconds."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def bare_loop(folder: Path, runs: int) -> float:
    """CPU milliseconds of just the agent's command, median.

    Started with the interpreter that the box starts.
    """
    from pytest_overnight.sandbox.runtime import prepare_runtime

    python = str(prepare_runtime().python)
    taken = []
    for _ in range(runs):
        before = cpu(resource.RUSAGE_CHILDREN)
        argv = [python, "check.py"]
        where = folder / "suite" / "L3-9-overhead" / "environment"
        subprocess.run(argv, cwd=where, stdout=subprocess.DEVNULL, check=True)
        taken.append((cpu(resource.RUSAGE_CHILDREN) - before) * 1000)
    return statistics.median(taken)


class Parts:
    """CPU and wall milliseconds of each part, one entry a run."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self.cpu: dict[str, list[float]] = defaultdict(list)
        self.wall: dict[str, list[float]] = defaultdict(list)

    def wrap(self, owner: Any, name: str, part: str) -> None:
        """Book what calls of ``owner.name`` cost this process and, where the reply
        says so, the process that served it."""
        inner: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            before, clock = time.process_time(), time.perf_counter()
            value = inner(*args, **kwargs)
            spent = time.process_time() - before
            spent += getattr(value, "cpu_seconds", 0.0)
            self.cpu[part].append(spent * 1000)
            self.wall[part].append((time.perf_counter() - clock) * 1000)
            return value

        setattr(owner, name, timed)


def measure_parts(folder: Path, suite: Path, runs: int) -> Parts:
    """Play runs in this process with every part wrapped."""
    from pytest_overnight import arena as arena_module
    from pytest_overnight import workspace
    from pytest_overnight.arena import Arena
    from pytest_overnight.catalog import plan as planning
    from pytest_overnight.catalog.harbor import load_suite
    from pytest_overnight.records.store import RunStore
    from pytest_overnight.sandbox.probe import prove
    from pytest_overnight.sandbox.runtime import prepare_runtime
    from pytest_overnight.settings import Settings

    parts = Parts()
    with model_server(folder, runs) as url:
        settings = Settings(
            folder / "results-parts", suite, "overnight-2000-01-01", host=url
        )
        store = RunStore(settings.results)
        store.create()
        store.workspaces.mkdir()
        parts.wrap(planning, "make_plan", "plan, once")
        challenges = load_suite(suite)
        plan = planning.make_plan(challenges, runs, 0)
        sandbox = prove("auto", prepare_runtime())
        arena = Arena(settings, challenges, sandbox, "bench")
        parts.wrap(workspace, "lay", "workspace")
        parts.wrap(workspace, "take_snapshot", "snapshot")
        parts.wrap(arena_module, "remove_tree", "tidy (two calls a run)")
        parts.wrap(arena._tries, "request", "try: agent, tools, box")
        parts.wrap(arena._verifier, "verify", "verify: judge, tests, box")
        parts.wrap(arena._store, "write_run", "record")
        parts.wrap(arena, "play", "whole, less the servers' own")
        assert arena_module.Arena is Arena
        for run in plan:
            record = arena.play(run, nodeid=run.id)
            if record.outcome != "passed":
                raise SystemExit(f"{run.id}: {record.outcome}: {record.detail}")
        arena.close()
        print(f"sandbox: {sandbox.level}")
    return parts


def tools_and_box(folder: Path, runs: int) -> tuple[float, float]:
    """CPU milliseconds of opening and closing a box; of the five tool calls in it."""
    from pytest_overnight.sandbox.box import BoxPlan
    from pytest_overnight.sandbox.open import open_box
    from pytest_overnight.sandbox.probe import prove
    from pytest_overnight.sandbox.runtime import prepare_runtime

    runtime = prepare_runtime()
    level = prove("auto", runtime).level
    work = folder / "work"
    work.mkdir()
    (work / "check.py").write_text("print('fine')\n")

    def box(calls: bool) -> float:
        before = cpu(resource.RUSAGE_CHILDREN) + cpu(resource.RUSAGE_SELF)
        opened = open_box(BoxPlan(level=level, workspace=work), runtime)
        if calls:
            for n in range(3):
                opened.call("write", path=f"new_{n}.py", data=b"x = 1\n")
            opened.run("python check.py", timeout=60, merge=True)
            opened.call("read", path="check.py")
        opened.close()
        after = cpu(resource.RUSAGE_CHILDREN) + cpu(resource.RUSAGE_SELF)
        return (after - before) * 1000

    empty = [box(False) for _ in range(runs)]
    full = [box(True) for _ in range(runs)]
    base = statistics.median(empty)
    return base, statistics.median(full) - base


def main() -> int:
    """Print the table; status 1 above the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=210)
    runs = max(parser.parse_args().runs, SHORT * 3)
    print(f"load average at start: {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        folder.chmod(0o711)  # root's boxes run as other users
        suite = write_suite(folder)
        bare = bare_loop(folder, 40)
        short = night_cpu(folder, suite, SHORT)
        long = night_cpu(folder, suite, runs)
        whole = (long - short) / (runs - SHORT) * 1000
        parts = measure_parts(folder, suite, 60)
        opened, tools = tools_and_box(folder, 30)
        first, last = tenths(folder / f"results-{runs}")
    print(f"\n{'part':<34} {'CPU ms':>8} {'wall ms':>8}   medians of 60 runs")
    for part, taken in parts.cpu.items():
        wall = statistics.median(parts.wall[part])
        print(f"{part:<34} {statistics.median(taken):8.1f} {wall:8.1f}")
    print(f"{'  of a try: opening a box':<34} {opened:8.1f}")
    print(f"{'  of a try: five tool calls':<34} {tools:8.1f}")
    own = whole - bare
    print(f"\nwhole run under pytest, slope {SHORT} to {runs} runs: {whole:.1f} ms CPU")
    print(f"bare loop, the agent's command alone: {bare:.1f} ms CPU")
    print(
        f"own: {own:.1f} ms CPU a run (target {TARGET_MS:g}, moonshot {MOONSHOT_MS:g})"
    )
    print(
        f"try and verification, first tenth {first:.1f}, last tenth {last:.1f} ms CPU"
    )
    print(f"load average at end: {os.getloadavg()[0]:.2f}")
    return 0 if own <= TARGET_MS else 1


def tenths(results: Path) -> tuple[float, float]:
    """Median CPU milliseconds of the first and of the last tenth of a night's runs."""
    taken = []
    for path in sorted((results / "runs").glob("*.json")):
        performance = json.loads(path.read_text())["performance"]
        taken.append(performance["cpu_seconds"] * 1000)
    tenth = max(1, len(taken) // 10)
    return statistics.median(taken[:tenth]), statistics.median(taken[-tenth:])


if __name__ == "__main__":
    raise SystemExit(main())
