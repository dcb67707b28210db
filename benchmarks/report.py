"""What the morning's report costs: CPU seconds and memory, stage by stage.

    python benchmarks/report.py [--runs 1500] [--no-ledgers] [--out FOLDER]

Without options: 1,500 runs with ledgers and a night before to compare with, everything
that the morning brings (target 10 CPU seconds); and 10,000 runs without ledgers, of
which records, statistics, plots and Markdown have a target of 6. The nights are made
up, see ``made_night.py``. The whole is ``write_report`` in a fresh process, its start
and all imports counted; the stages are the same functions one after the other in
another one, where a library that is loaded late counts for the stage that needs it
first.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TARGETS = {True: (1500, 10.0), False: (10_000, 6.0)}
"""With ledgers or without → runs, and CPU seconds for what is meant."""
PLAIN = {"start", "imports", "records", "statistics", "breakdown", "plots", "page"}
"""Stages that are meant without ledgers."""
BEFORE = "2025-01-20"

Result = TypeVar("Result")


def spent() -> float:
    """CPU seconds of this process so far, and of those that it waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, kinds))


def peak() -> float:
    """Largest resident set of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Stages:
    """CPU seconds of each stage, and the memory's peak once it is through."""

    def __init__(self) -> None:
        """Nothing measured yet but the start of the process."""
        self.rows: list[tuple[str, float, float]] = []
        self._seen = 0.0
        self.through("start")

    def through(self, name: str) -> None:
        """All since the stage before was ``name``."""
        now = spent()
        self.rows.append((name, now - self._seen, peak()))
        self._seen = now

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        """Do the work, and book it."""
        done = work()
        self.through(name)
        return done


def measure_whole(results: Path) -> Stages:
    """As a user has it."""
    stages = Stages()
    from pytest_overnight.reporting.pages import write_report

    stages.through("imports")
    stages("report", lambda: write_report(results))
    return stages


def measure_stages(results: Path) -> Stages:
    """The same by its parts, in their order."""
    stages = Stages()
    from pytest_overnight.reporting import pages
    from pytest_overnight.reporting.advice import advise
    from pytest_overnight.reporting.analysis import Analysis
    from pytest_overnight.reporting.artifacts import artifact_pages
    from pytest_overnight.reporting.breakdown import break_down
    from pytest_overnight.reporting.comparison import compare_nights
    from pytest_overnight.reporting.failures import failure_patterns
    from pytest_overnight.reporting.hrm import hrm_progress
    from pytest_overnight.reporting.ledgers import read_ledgers
    from pytest_overnight.reporting.night import load_night
    from pytest_overnight.reporting.past import former_night
    from pytest_overnight.reporting.plots import draw_plots
    from pytest_overnight.reporting.summary import summarise_night

    stages.through("imports")
    gc.disable()  # as write_report has it
    night = stages("records", lambda: load_night(results))
    ledgers = stages("ledgers", lambda: read_ledgers(results, night.runs))
    summary = stages("statistics", lambda: summarise_night(night))
    breakdown = stages("breakdown", lambda: break_down(night.runs, summary, ledgers))
    patterns = stages("patterns", lambda: failure_patterns(night.runs, ledgers))
    former = stages("night before", lambda: former_night(results, night))
    comparison = stages(
        "comparison", lambda: compare_nights(night, former) if former else None
    )
    hrm = hrm_progress(night.hrm)
    advices = stages(
        "advice", lambda: advise(night, summary, patterns, ledgers, comparison, hrm)
    )
    folder = results / pages.PLOTS
    plots = stages("plots", lambda: draw_plots(night, summary, patterns, hrm, folder))
    analysis = Analysis(night, summary, breakdown, patterns, comparison, hrm, advices)
    stages("page", lambda: pages.page_of(analysis, results, plots))
    stages("artifacts", lambda: artifact_pages(night, advices, hrm))
    return stages


MEASURES = {"whole": measure_whole, "stages": measure_stages}


def measured(name: str, results: Path) -> list[tuple[str, float, float]]:
    """Rows of one measurement, in a process of its own."""
    words = [sys.executable, __file__, "--measure", name, "--out", str(results)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return [tuple(row) for row in json.loads(done.stdout.splitlines()[-1])]


def make(folder: Path, runs: int, ledgers: bool) -> Path:
    """The night, with one before it where everything is measured."""
    # In processes of their own: a large parent would count in its children's peaks.
    maker = [sys.executable, str(ROOT / "benchmarks" / "made_night.py")]
    alone, words = "--no-ledgers", [*maker, str(folder), "--runs", str(runs)]
    subprocess.run([*words, *([] if ledgers else [alone])], check=True)
    if ledgers:
        words[2] = str(folder / "history" / f"overnight-{BEFORE}")
        subprocess.run([*words, alone, "--seed", "1", "--date", BEFORE], check=True)
    return folder


def lines(results: Path, runs: int, ledgers: bool) -> Iterator[str]:
    """The table of one night."""
    most, target = TARGETS[ledgers]
    whole = measured("whole", results)
    parts = measured("stages", results)
    seconds, memory = sum(row[1] for row in whole), whole[-1][2]
    kind = "with ledgers and a night before" if ledgers else "without ledgers"
    aim = f" (target {target:g})" if runs == most else ""
    yield (
        f"{runs} runs {kind}: {seconds:.1f} CPU-s{aim if ledgers else ''}, "
        f"{memory:.0f} MiB"
    )
    if not ledgers:
        plain = sum(cpu for name, cpu, _ in parts if name in PLAIN)
        yield f"  of it records, statistics, plots, Markdown: {plain:.1f} CPU-s{aim}"
    yield f"  {'stage':<13} {'CPU-s':>6}  peak, MiB"
    for name, cpu, top in parts:
        yield f"  {name:<13} {cpu:6.2f} {top:10.0f}"
    yield f"  load {', '.join(f'{one:.1f}' for one in os.getloadavg())}"


def main() -> None:
    """Make nights, report on them, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, help="one night of so many runs alone")
    parser.add_argument("--no-ledgers", action="store_true", help="records alone")
    parser.add_argument("--out", type=Path, help="keep nights and reports in there")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(MEASURES[asked.measure](asked.out).rows))
        return
    kinds = [not asked.no_ledgers]
    if asked.runs is None and not asked.no_ledgers:
        kinds = [True, False]
    with tempfile.TemporaryDirectory(prefix="overnight-benchmark-") as name:
        for ledgers in kinds:
            runs = asked.runs or TARGETS[ledgers][0]
            folder = (asked.out or Path(name)) / f"night-{runs}"
            print("\n".join(lines(make(folder, runs, ledgers), runs, ledgers)))


if __name__ == "__main__":
    main()
