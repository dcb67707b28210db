"""What having the plugin installed costs every pytest start: `pytest --help`, paired.

    python benchmarks/startup.py [--pairs 20]

Each pair runs once with and once without the plugin, in turns first and second, in an
empty folder. CPU is that of the child process; the difference is the median over pairs.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

WITH = [sys.executable, "-m", "pytest", "--help"]
WITHOUT = [*WITH, "-p", "no:pytest_overnight.plugin"]
TARGET_MS = 50.0


def measure(argv: list[str], folder: str) -> tuple[float, float]:
    """CPU and wall milliseconds of one start."""
    before, clock = cpu_of_children(), time.perf_counter()
    subprocess.run(argv, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    wall, cpu = time.perf_counter() - clock, cpu_of_children() - before
    return cpu * 1000, wall * 1000


def cpu_of_children() -> float:
    """Seconds of CPU of all children that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Print both medians and the paired difference; status 1 above the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    pairs = parser.parse_args().pairs
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for argv in (WITH, WITHOUT):
            measure(argv, folder)  # byte code and page cache are warm from here on
        for number in range(pairs):
            order = (WITH, WITHOUT) if number % 2 else (WITHOUT, WITH)
            taken = {id(argv): measure(argv, folder) for argv in order}
            rows.append((*taken[id(WITH)], *taken[id(WITHOUT)]))
    cpu = statistics.median(row[0] - row[2] for row in rows)
    wall = statistics.median(row[1] - row[3] for row in rows)
    names = ("with, CPU", "with, wall", "without, CPU", "without, wall")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        print(f"{name:<14} {statistics.median(column):7.1f} ms")
    print(f"difference     {cpu:7.1f} ms CPU, {wall:.1f} ms wall ({pairs} pairs)")
    print(f"load average   {os.getloadavg()[0]:7.2f}")
    met = "met" if cpu <= TARGET_MS else "MISSED"
    print(f"target         {TARGET_MS:7.1f} ms CPU: {met}")
    return 0 if cpu <= TARGET_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
