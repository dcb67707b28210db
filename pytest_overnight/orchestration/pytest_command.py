"""Command lines and environment of the pytest processes that play the night."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.orchestration.phases import HRM_MARKER
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.phases import narrowed
from pytest_overnight.orchestration.phases import selecting
from pytest_overnight.orchestration.request import Request
from pytest_overnight.records.store import LOCK_VARIABLE
from pytest_overnight.records.store import OWNER_VARIABLE
from pytest_overnight.settings import PACKAGE

RUNS = Path("challenges", "test_challenges.py")
"""The test function's file in a checkout."""


@dataclass(frozen=True, slots=True)
class PytestCommand:
    """What every child is started with; the user's own options come first."""

    request: Request
    decided: tuple[str, ...] = ()
    """Options that were decided for all of them: the last one of a kind wins."""

    def plan(self, phases: Sequence[Phase], file: Path) -> list[str]:
        """Write the plan of these phases as JSON, and play nothing."""
        asked = self.request
        again = ["--overnight-resume"] if asked.resume else []
        again += ["--overnight-fresh"] if asked.fresh else []
        return [
            *self._runs(selecting(phases, asked.markers), asked.keyword, "0"),
            *again,
            *("--overnight-plan", str(file)),
        ]

    # All that play join a session, and take from it what is not said anew: a night
    # that is resumed has its model, its seed and the like from its first evening.

    def play(self, phases: Sequence[Phase], seconds: float) -> list[str]:
        """Play what is not done of these phases; no run begins after ``seconds``."""
        asked = self.request
        line = self._runs(
            selecting(phases, asked.markers), asked.keyword, asked.workers
        )
        return [*line, "--overnight-resume", *_limit(seconds)]

    def one_run(
        self, phases: Sequence[Phase], run_id: str, seconds: float
    ) -> list[str]:
        """Play one run, which may be one repetition more than the plan has."""
        asked = self.request
        number = int(run_id.rpartition("-")[2])
        line = self._runs(
            selecting(phases, asked.markers),
            narrowed(run_id, asked.keyword),
            asked.workers,
        )
        again = ["--overnight-resume", "--count", str(number)]
        return [*line, *again, *_limit(seconds)]

    def hrm(self, folder: Path) -> list[str]:
        """Play the tasks of the model package: apart from xdist, for they time."""
        expression = narrowed(HRM_MARKER, self.request.markers)
        line = self._line(expression, self.request.keyword, "0")
        return [*line, "--overnight-resume", str(folder)]

    def _runs(self, expression: str, keyword: str, workers: str) -> list[str]:
        line = self._line(expression, keyword, workers)
        # Else all tests of a checkout are collected, for seconds, to be left out.
        return [*line, "-o", f"testpaths={RUNS}"] if RUNS.is_file() else line

    def _line(self, expression: str, keyword: str, workers: str) -> list[str]:
        return [
            *(sys.executable, "-m", "pytest", "-p", "pytest_overnight.plugin"),
            "--no-header",  # all of it stands in the table of the evening
            *self.request.rest,
            *self.decided,
            *("-m", expression),
            *(("-k", keyword) if keyword else ()),
            *("-n", workers),
        ]


def _limit(seconds: float) -> list[str]:
    if seconds == float("inf"):
        return []
    # A budget of 0 is none: a phase without time is not started at all.
    return ["--overnight-budget", f"{max(seconds, 0.001):.3f}"]


def environment(session_id: str = "", lock: int | None = None) -> dict[str, str]:
    """That of this process; with both, the child joins our session."""
    more = {}
    if (checkout := _checkout()) is not None:
        # It need not be installed, and need not be the current folder.
        paths = [str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
        more["PYTHONPATH"] = os.pathsep.join(paths)
    if lock is not None:
        more |= {
            "OVERNIGHT_SESSION": session_id,
            LOCK_VARIABLE: str(lock),
            OWNER_VARIABLE: str(os.getpid()),
        }
    return {**os.environ, **more}


def hrm_folder() -> Path | None:
    """Where the HRM-JEPA tasks lie: the folder here, or the checkout's; if any."""
    for place in filter(None, [Path.cwd(), _checkout()]):
        folder = place / "hrm_tasks"
        if any(folder.glob("test_*.py")):
            return folder
    return None


def _checkout() -> Path | None:
    """The folder of the program's source; ``None`` where the package is installed."""
    place = PACKAGE.parent
    return place if (place / "run_overnight.py").is_file() else None
