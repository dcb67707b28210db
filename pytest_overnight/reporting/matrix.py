"""Hidden test × run: which test failed where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.summary import in_order


@dataclass(frozen=True, slots=True)
class TestMatrix:
    """The counted runs of one challenge against its hidden tests."""

    __test__ = False  # pytest would take the name for a test class

    tests: tuple[str, ...]
    """Names of hidden tests, as the first run that was asked has them in order."""
    run_ids: tuple[str, ...]
    """Columns, by repetition."""
    cells: tuple[tuple[bool | None, ...], ...]
    """A row a test, a column a run: passed, failed, or ``None`` for not asked."""

    @property
    def failing(self) -> tuple[str, ...]:
        """Tests that failed in every run in which they were asked."""
        return self._all(False)

    @property
    def passing(self) -> tuple[str, ...]:
        """Tests that passed in every run in which they were asked."""
        return self._all(True)

    def _all(self, wanted: bool) -> tuple[str, ...]:
        # A test is in the matrix only where a run was asked: no row is empty.
        return tuple(
            test
            for test, row in zip(self.tests, self.cells, strict=True)
            if set(row) - {None} == {wanted}
        )


def matrix_of(runs: Sequence[RunRecord], test_id: str) -> TestMatrix:
    """Of the counted runs of one challenge; empty where there are none.

    A test that a record lists twice has passed where both did.
    """
    members = in_order(run for run in runs if run.counted and run.test_id == test_id)
    answers = [_answers(run) for run in members]
    tests = tuple(dict.fromkeys(name for found in answers for name in found))
    return TestMatrix(
        tests=tests,
        run_ids=tuple(run.run_id for run in members),
        cells=tuple(tuple(found.get(name) for found in answers) for name in tests),
    )


def _answers(run: RunRecord) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for check in run.checks:
        found[check.name] = check.passed and found.get(check.name, True)
    return found
