"""What a long night costs as it goes on: memory of its processes, CPU of each run.

    python benchmarks/long_night.py [--runs 2000]

A rehearsal over three tiny challenges under real pytest with two workers. Every second
the resident memory of controller and workers is read, and the CPU that they, their warm
servers and whatever these have waited for have used so far. Growth is the slope of
memory over finished runs once the first tenth is through; CPU a run is compared between
the first tenth and the last. A night in which either rises is one that cannot be long.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pytest_overnight.records.journal import Journal  # noqa: E402
from pytest_overnight.sandbox.inside.tree import children  # noqa: E402
from tests.support.nights import command  # noqa: E402
from tests.support.nights import environment  # noqa: E402
from tests.support.suites import write_suite  # noqa: E402

CHALLENGES = ["L3-1", "L4-1", "L6-3"]
WORKERS = 2
MOST_KIB_A_RUN, MOST_RISE = 15.0, 0.15
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Sample:
    """The night at one moment."""

    runs: int
    """Finished."""
    memory: dict[str, float]
    """Process → resident KiB."""
    cpu: float
    """Seconds, of all processes so far."""


def stat_of(pid: int) -> tuple[float, float]:
    """CPU seconds of a process with all it has waited for, and its resident KiB."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0, 0.0
    used = sum(int(ticks) for ticks in fields[11:15]) / TICK
    return used, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1024


def sample(controller: int, journal: Journal) -> Sample:
    """Look at all processes that live as long as the night."""
    events = journal.read()
    workers = {e["pid"]: e["worker"] for e in events if e["event"] == "worker"}
    memory = {"controller": stat_of(controller)[1]}
    cpu = stat_of(controller)[0]
    for pid, name in workers.items():
        used, memory[name] = stat_of(pid)
        cpu += used + sum(stat_of(server)[0] for server in children(pid))
    runs = sum(event["event"] == "finished" for event in events)
    return Sample(runs, memory, cpu)


def play(folder: Path, runs: int) -> tuple[list[Sample], float]:
    """The night, watched: samples, and its wall seconds."""
    suite = write_suite(folder / "suite", CHALLENGES)
    results = folder / "results"
    count = -(-runs // len(CHALLENGES))
    words = ["-m", "overnight", "--agent", "rehearsal", "--overnight-seed", "1", "-q"]
    words += ["-n", str(WORKERS), "--count", str(count)]
    words += ["--overnight-suite", str(suite), "--overnight-min-free-disk", "0"]
    began = time.monotonic()
    with (folder / "output.txt").open("wb") as output:
        night = subprocess.Popen(
            command(results, *words),
            cwd=folder,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        journal = Journal(results / "journal.jsonl")
        samples = []
        while night.poll() is None:
            time.sleep(1.0)
            samples.append(sample(night.pid, journal))
    if night.returncode:
        print((folder / "output.txt").read_text()[-2000:])
        raise SystemExit(f"the night ended with status {night.returncode}")
    played = [one for one in samples if one.runs and len(one.memory) > WORKERS]
    return [one for one in played if min(one.memory.values())], time.monotonic() - began


def slope(points: list[tuple[float, float]]) -> float:
    """Least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread


def cpu_a_run(samples: list[Sample], first: float, last: float) -> float:
    """Milliseconds, between two shares of the runs."""
    most = samples[-1].runs
    low = min(samples, key=lambda one: abs(one.runs - first * most))
    high = min(samples, key=lambda one: abs(one.runs - last * most))
    return 1000 * (high.cpu - low.cpu) / (high.runs - low.runs)


def main() -> None:
    """Play, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=2000, help="default: %(default)s")
    options = parser.parse_args()
    if options.runs < 500:
        parser.error("below 500 runs a tenth of them is too quick to be measured")
    with tempfile.TemporaryDirectory(prefix="overnight-benchmark-") as name:
        samples, seconds = play(Path(name), options.runs)
    later = [one for one in samples if one.runs > samples[-1].runs / 10]
    growth = {
        who: slope([(one.runs, one.memory[who]) for one in later])
        for who in samples[-1].memory
    }
    tenths = [cpu_a_run(samples, n / 10, (n + 1) / 10) for n in range(10)]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"{samples[-1].runs} runs, {WORKERS} workers, {seconds:.0f} s wall, load {load}"
    )
    for who, rise in growth.items():
        print(
            f"{who:<11} {rise:6.2f} KiB a run (target {MOST_KIB_A_RUN:g}), "
            f"{samples[-1].memory[who] / 1024:.0f} MiB at the end"
        )
    print("CPU a run by tenth, ms:", " ".join(f"{one:.0f}" for one in tenths))
    rise = tenths[-1] / tenths[0] - 1
    print(f"last tenth against first: {rise:+.1%} (target within {MOST_RISE:.0%})")
    print(json.dumps({"growth_kib": growth, "cpu_ms_by_tenth": tenths}))


if __name__ == "__main__":
    main()
