"""What the matrix of hidden tests shows: challenges, failing tests, runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.matrix import matrix_of
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import ChallengeSummary
from pytest_overnight.reporting.summary import NightSummary

MOST_PANELS = 6

Row = tuple[bool | None, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One challenge: its failing tests against its counted runs."""

    test_id: str
    rate: Rate
    """Solved of counted."""
    tests: tuple[str, ...]
    """Those that failed somewhere, most often first."""
    attempts: tuple[int, ...]
    """Repetition of each column; solved runs come first."""
    cells: tuple[Row, ...]
    """A row a test, a column a run: passed, failed, or ``None`` for not asked."""
    passing: int
    """Tests that failed nowhere, and have no row."""

    @property
    def solved(self) -> int:
        """The first so many columns were solved."""
        return self.rate.successes

    @property
    def asked(self) -> int:
        """Missed runs in which any of the tests was asked."""
        return sum(any(cell is not None for cell in run) for run in self._missed)

    @property
    def shared(self) -> tuple[str, ...]:
        """Tests that failed in every missed run in which any was asked."""
        asked = [run for run in self._missed if any(cell is not None for cell in run)]
        return tuple(
            test
            for at, test in enumerate(self.tests)
            if asked and all(run[at] is False for run in asked)
        )

    @property
    def _missed(self) -> list[Row]:
        """Columns of missed runs."""
        return list(zip(*self.cells, strict=True))[self.solved :]


def panels_of(night: Night, summary: NightSummary) -> list[Panel]:
    """Up to ``MOST_PANELS`` challenges in which a hidden test failed.

    Those with the most missed runs are taken, and stand in the summary's order.
    """
    failed = [one for one in summary.challenges if one.checks]
    worst = sorted(failed, key=lambda one: one.rate.successes - one.rate.n)
    chosen = {one.test_id for one in worst[:MOST_PANELS]}
    runs: dict[str, list[RunRecord]] = {test_id: [] for test_id in chosen}
    for run in night.runs:
        if run.test_id in chosen:
            runs[run.test_id].append(run)
    return [_panel(one, runs[one.test_id]) for one in failed if one.test_id in chosen]


def _panel(one: ChallengeSummary, runs: Sequence[RunRecord]) -> Panel:
    matrix = matrix_of(runs, one.test_id)
    by_id = {run.run_id: run for run in runs}
    columns = sorted(  # stable: by repetition within solved and within missed
        range(len(matrix.run_ids)),
        key=lambda at: by_id[matrix.run_ids[at]].success is not True,
    )
    rows = [
        (test, tuple(cells[at] for at in columns))
        for test, cells in zip(matrix.tests, matrix.cells, strict=True)
    ]
    failing = sorted(
        (row for row in rows if False in row[1]), key=lambda row: -row[1].count(False)
    )
    return Panel(
        test_id=one.test_id,
        rate=one.rate,
        tests=tuple(test for test, _ in failing),
        attempts=tuple(by_id[matrix.run_ids[at]].attempt for at in columns),
        cells=tuple(cells for _, cells in failing),
        passing=len(rows) - len(failing),
    )
