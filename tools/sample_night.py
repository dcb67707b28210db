"""``reports/sample/``: two rehearsal nights, and the report of the second.

Both are really played, on this machine: some twenty minutes on two cores. Only what
people read is kept; the records behind it stay in a temporary folder, which goes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pytest_overnight.records.store import ARTIFACTS

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLE = CHECKOUT / "reports" / "sample"
SEEDS = (1, 2)
"""Of the night before, and of the night that is shown."""

ABOUT = """\
# A sample night

What a morning looks like: [the report]({report}), its pictures in `plots/`, and the
four lists beside it. Made by `make sample` from two nights really played, the first of
which is "last night".

**They are rehearsals: scripts acted, and no model was measured.** The scripts give
right answers, wrong ones and misbehave on purpose, so that every part of a report has
something to show. In a results folder each run id leads to the run's record; here they
lead nowhere.
"""

LINK = re.compile(r"^\[[^\]]+\]: (?:runs|logs|snapshots)/.*\n", re.M)
"""Where a run's files would be."""


def main() -> int:
    """Play, then keep the pages."""
    with tempfile.TemporaryDirectory(prefix="overnight-sample-") as name:
        results = Path(name) / "overnight_results"
        for seed in SEEDS:
            status = play(results, seed)
            if status:
                print(f"The night with seed {seed} ended with status {status}.")
                return status
        [report] = results.glob("overnight_report_*.md")
        keep(results, report)
    print(f"written: {SAMPLE}")
    return 0


def play(results: Path, seed: int) -> int:
    """One whole rehearsal night, its output as it comes; pytest's exit status."""
    words = ["-m", "overnight", "--agent", "rehearsal", "-n", "2"]
    words += ["--overnight-results", str(results), "--overnight-seed", str(seed)]
    words += ["-p", "no:cacheprovider"]
    argv = [sys.executable, "-m", "pytest", *words, "challenges"]
    return subprocess.run(argv, cwd=CHECKOUT, check=False).returncode


def keep(results: Path, report: Path) -> None:
    """Replace the sample by what lies in ``results``."""
    shutil.rmtree(SAMPLE, ignore_errors=True)
    shutil.copytree(results / "plots", SAMPLE / "plots")
    for path in [report, *(results / artifact for artifact in ARTIFACTS)]:
        page = LINK.sub("", path.read_text(encoding="utf-8")).rstrip() + "\n"
        (SAMPLE / path.name).write_text(page, encoding="utf-8")
    about = ABOUT.format(report=report.name)
    (SAMPLE / "README.md").write_text(about, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
