"""What a person sees while the night goes on: one line a finished run.

The same on a terminal and in a CI log; ``status.json`` says it to programs.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_overnight.breaker import awaited_because
from pytest_overnight.breaker import awaited_kind
from pytest_overnight.breaker import ended_because
from pytest_overnight.catalog.plan import EXPECTED_SHARE
from pytest_overnight.catalog.plan import Run
from pytest_overnight.records.clock import now
from pytest_overnight.records.store import RunStore

COLOURS = {"solved": "green", "missed": "yellow", "void": "red"}


@dataclass(slots=True)
class Running:
    """One run now under way."""

    run_id: str
    started: str


class Progress:
    """Counts, estimates and prints; knows nothing of how runs are played."""

    def __init__(
        self,
        plan: Sequence[Run],
        store: RunStore,
        workers: int,
        time_scale: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        planned: int | None = None,
        before: Mapping[str, str] | None = None,
    ) -> None:
        """``plan``: the runs of this process; ``workers``: how many at a time.

        ``planned``: how many the session has; ``before``: run id → category of those
        that other processes of it have done.
        """
        self._plan = {run.id: run for run in plan}
        self._before = before or {}
        self._planned = len(self._plan) if planned is None else planned
        self._store = store
        self._workers = max(1, workers)
        self._scale = time_scale
        self._clock = clock
        self._began = clock()
        self._durations: dict[str, list[float]] = {}
        self._done: dict[str, str] = {}
        self._running: dict[str, Running] = {}
        self._awaited: str | None = None

    def started(self, run_id: str) -> str:
        """A worker took up a run, or says so again as it waits for the model server.

        Returns a line to print where that wait has begun or is over; else nothing.
        """
        self._running.setdefault(run_id, Running(run_id, now()))
        status = self.status()
        self._store.write_status(status)
        return self._news(status["server_awaited"])

    def _news(self, awaited: str | None) -> str:
        former, self._awaited = self._awaited, awaited
        if awaited and not former:
            return f"waiting for {self._what()}, {awaited}"
        if former and not awaited and not ended_because(self._store):
            return "all is well again: the night goes on"
        return ""

    def _what(self) -> str:
        kind = awaited_kind(self._store)
        return "memory" if kind == "memory" else "the model server"

    def finished(self, run_id: str, summary: dict[str, Any]) -> str:
        """Book a run; return the line to print, at most 80 columns wide."""
        self._running.pop(run_id, None)
        self._done[run_id] = summary["category"]
        challenge = self._plan[run_id].challenge.id
        self._durations.setdefault(challenge, []).append(summary["duration"])
        self._store.write_status(self.status())
        return self._line(run_id, summary)

    def lost(self, run_id: str) -> None:
        """A run has no record: it was not to start, its worker or its record failed."""
        self._running.pop(run_id, None)
        self._store.write_status(self.status())

    def status(self) -> dict[str, Any]:
        """The content of ``status.json``."""
        eta = self.eta_seconds()
        return {
            "updated": now(),
            "planned": self._planned,
            "done": self._done_in_all(),
            **{word: self._count(word) for word in COLOURS},
            "running": [
                {"run_id": r.run_id, "started": r.started}
                for r in self._running.values()
            ],
            "eta_seconds": None if eta is None else round(eta),
            "server_awaited": awaited_because(self._store) or None,
        }

    def eta_seconds(self) -> float | None:
        """Expected seconds until the last run; null before anything is known."""
        left = [run for run in self._plan.values() if run.id not in self._done]
        if not self._done:
            return None
        # A flat mean misleads: L6 runs are longer. Each challenge has its own mean,
        # else its share of the limit, scaled by how the known ones compare with it.
        ratio = self._ratio_to_expected()
        total = sum(
            self._mean(run) or self._expected(run) * ratio
            for run in left
            if run.id not in self._running
        )
        return (total + sum(self._rest_of_running())) / self._workers

    def _rest_of_running(self) -> list[float]:
        ratio = self._ratio_to_expected()
        runs = [self._plan[run_id] for run_id in self._running if run_id in self._plan]
        return [(self._mean(run) or self._expected(run) * ratio) / 2 for run in runs]

    def _mean(self, run: Run) -> float | None:
        known = self._durations.get(run.challenge.id)
        return sum(known) / len(known) if known else None

    def _expected(self, run: Run) -> float:
        return run.challenge.timeout_seconds * EXPECTED_SHARE / self._scale

    def _ratio_to_expected(self) -> float:
        done = [self._plan[run_id] for run_id in self._done]
        expected = sum(self._expected(run) for run in done)
        actual = sum(sum(times) for times in self._durations.values())
        return actual / expected if expected else 1.0

    def _count(self, word: str) -> int:
        known = (*self._before.values(), *self._done.values())
        return sum(category == word for category in known)

    def _done_in_all(self) -> int:
        return len(self._before) + len(self._done)

    def _line(self, run_id: str, summary: dict[str, Any]) -> str:
        done, planned = self._done_in_all(), self._planned
        solved = self._count("solved")
        word = summary["category"]
        if word != "solved":
            word += f" {summary['outcome']}"
        seconds = summary["duration"]
        took = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
        return (
            f"[{done:>{len(str(planned))}}/{planned}] {run_id:<14} "
            f"{word:<19} {took:>6}  {solved}/{done} solved"
            f"  eta {_hours(self.eta_seconds())}"
        )


def _hours(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


class ProgressReporter:
    """The pytest side: hears of runs on the controller and prints their lines."""

    def __init__(self, progress: Progress, config: pytest.Config) -> None:
        """Print through pytest's own terminal reporter."""
        self._progress = progress
        self._terminal = config.pluginmanager.get_plugin("terminalreporter")
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        if self._terminal is not None:
            # Our lines say more than file names and percentages between them.
            self._terminal.showfspath = False
            self._terminal._show_progress_info = False

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A run begins, or waits for the model server before it does."""
        if (run_id := run_id_of(nodeid)) is None:
            return
        if line := self._progress.started(run_id):
            self._say(line)

    def _say(self, line: str) -> None:
        if self._terminal is None:
            return
        # Without xdist it waits in a fixture, whose output is captured.
        with self._capture.global_and_fixture_disabled():
            self._terminal.ensure_newline()
            for part in textwrap.wrap(line, 80, break_on_hyphens=False):
                self._terminal.write_line(part, yellow=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A run ended: one line."""
        summary = getattr(report, "overnight", None)
        if str(report.outcome) == "rerun":
            self._say(f"{run_id_of(report.nodeid)}: its worker was lost; played again")
        if summary is None:
            if not report.passed and (run_id := run_id_of(report.nodeid)) is not None:
                self._progress.lost(run_id)
            return
        if report.when != "call":
            return
        line = self._progress.finished(summary["run_id"], summary)
        if self._terminal is None:
            return
        colour = COLOURS[summary["category"]]
        self._terminal.ensure_newline()
        self._terminal.write_line(line, **{colour: True})
        if summary["category"] == "void":
            for part in textwrap.wrap(summary["detail"], 76):
                self._terminal.write_line(f"    {part}")


def run_id_of(nodeid: str) -> str | None:
    """``L3-1-run-0001`` of ``…::test_challenge[L3-1-run-0001]``."""
    _, found, rest = nodeid.partition("::test_challenge[")
    return rest.removesuffix("]") if found else None
