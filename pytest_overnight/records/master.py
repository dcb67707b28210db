"""The master log, derived from run records and nothing else but the session's facts."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime

from pytest_overnight.records.record import Criterion
from pytest_overnight.records.record import LevelResult
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord

MINIMUM_RUNS = 100
STRETCH_RUNS = 150
HRM_TASKS = 6
"""Figures of the plan's success criteria."""


def update_master(
    master: MasterLog,
    records: Sequence[RunRecord],
    planned_by_level: Mapping[str, int],
    *,
    end_time: str | None,
    report_written: bool,
) -> MasterLog:
    """The same session with its counts made anew from ``records``."""
    levels = {
        level: _level(planned, [r for r in records if r.level == level])
        for level, planned in sorted(planned_by_level.items())
    }
    run = sum(level.tests_run for level in levels.values())
    passed = sum(level.tests_passed for level in levels.values())
    last = end_time or max((r.timestamp_end for r in records), default=None)
    return master.model_copy(
        update={
            "end_time": end_time,
            "total_duration": _seconds(master.start_time, last),
            "tests_run": run,
            "tests_passed": passed,
            "tests_failed": run - passed,
            "overall_pass_rate": passed / run if run else None,
            "results_by_level": levels,
            "planned": sum(planned_by_level.values()),
            "void": sum(level.void for level in levels.values()),
            "not_reached": sum(level.not_reached for level in levels.values()),
            "sandbox": records[0].sandbox if records else master.sandbox,
            "criteria": _criteria(master, records, run, report_written),
        }
    )


def _level(planned: int, records: Sequence[RunRecord]) -> LevelResult:
    counted = [record for record in records if record.counted]
    passed = sum(bool(record.success) for record in counted)
    return LevelResult(
        planned=planned,
        tests_run=len(counted),
        tests_passed=passed,
        tests_failed=len(counted) - passed,
        void=len(records) - len(counted),
        not_reached=max(0, planned - len(records)),
        pass_rate=passed / len(counted) if counted else None,
    )


def _criteria(
    master: MasterLog, records: Sequence[RunRecord], run: int, report_written: bool
) -> list[Criterion]:
    logged = sum(bool(r.output_log and r.agent_ledger) for r in records)
    hrm = master.hrm_tasks_completed
    done = "written" if report_written else "not written"
    return [
        _criterion("Test runs completed", MINIMUM_RUNS, run),
        _criterion("HRM-JEPA tasks attempted", HRM_TASKS, hrm),
        Criterion(
            name="Comprehensive logs for all runs",
            target=f"{len(records)} of {len(records)}",
            actual=f"{logged} of {len(records)}",
            met=bool(records) and logged == len(records),
        ),
        Criterion(
            name="Statistical analysis and report",
            target="written",
            actual=done,
            met=report_written,
        ),
        _criterion("Stretch: test runs completed", STRETCH_RUNS, run),
    ]


def _criterion(name: str, target: int, actual: int) -> Criterion:
    met = actual >= target
    return Criterion(name=name, target=f"{target}+", actual=str(actual), met=met)


def _seconds(start: str, end: str | None) -> float:
    if end is None:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
