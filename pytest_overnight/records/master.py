"""The master log, derived from the journal and the run records."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import Criterion
from pytest_overnight.records.record import LevelResult
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.session import SessionFacts

MINIMUM_RUNS = 100
STRETCH_RUNS = 150
HRM_TASKS = 6
"""Figures of the plan's success criteria."""


def derive_master(
    facts: SessionFacts,
    records: Sequence[RunRecord],
    *,
    report_written: bool,
    logged: int,
    hrm: Sequence[HrmRecord] = (),
) -> MasterLog:
    """The master log of a session, from its journal and its records.

    ``report_written`` also stands for the statistics, which are a part of the report;
    ``logged`` is how many of ``records`` have their logs, see :meth:`RunStore.logged`.
    HRM-JEPA tasks of other sessions are left aside.
    """
    tasks = [task for task in hrm if task.session_id == facts.id]
    levels = {
        level: _level(planned, [r for r in records if r.level == level])
        for level, planned in facts.planned_by_level().items()
    }
    run = sum(level.tests_run for level in levels.values())
    passed = sum(level.tests_passed for level in levels.values())
    not_reached = sum(level.not_reached for level in levels.values())
    return MasterLog(
        session_id=facts.id,
        start_time=facts.started,
        end_time=facts.closed,
        total_duration=round(facts.seconds, 3),
        tests_run=run,
        tests_passed=passed,
        tests_failed=run - passed,
        overall_pass_rate=passed / run if run else None,
        results_by_level=levels,
        hrm_tasks_completed=sum(task.completed for task in tasks),
        report_path=report_name(facts.id),
        planned=len(facts.plan),
        void=sum(level.void for level in levels.values()),
        not_reached=not_reached,
        agent=AgentInfo(**facts.agent),
        sandbox=records[0].sandbox if records else None,
        seed=int(facts.settings.get("seed", 0)),
        titles={c.id: c.title for c in facts.challenges.values()},
        time_scale=float(facts.settings.get("time_scale", 1.0)),
        criteria=_criteria(len(records), logged, tasks, run, report_written),
        machine=facts.machine or {},
        # A phase may have ended early whose runs were played afterwards.
        ended_early=facts.ended if not_reached else "",
        settings=facts.settings,
    )


def report_name(session_id: str) -> str:
    """``overnight_report_2026-11-22.md`` of ``overnight-2026-11-22``.

    Whatever the id is, it names a file of the results folder.
    """
    name = re.sub(r"[^\w.-]+", "_", session_id.removeprefix("overnight-"))
    return f"overnight_report_{name or 'undated'}.md"


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
    recorded: int,
    logged: int,
    tasks: Sequence[HrmRecord],
    run: int,
    report_written: bool,
) -> list[Criterion]:
    """The plan's, in its order."""
    attempted = [task for task in tasks if task.attempted]
    completed = [task for task in tasks if task.completed]
    return [
        _at_least("Test runs completed", MINIMUM_RUNS, run),
        _of_tasks("HRM-JEPA tasks attempted", attempted),
        Criterion(
            name="Comprehensive logs for all runs",
            target=f"{recorded} of {recorded}",
            actual=f"{logged} of {recorded}",
            met=0 < recorded == logged,
        ),
        _written("Statistical analysis", report_written and run > 0),
        _written("Improvement report", report_written),
        _at_least("Test runs completed", STRETCH_RUNS, run, stretch=True),
        _of_tasks("All HRM-JEPA tasks completed", completed, stretch=True),
        _unknown("Phase 2 implementation started", "started"),
        _unknown("Quick wins from diagnosis implemented", "implemented"),
    ]


def _at_least(
    name: str, target: int, actual: int, *, stretch: bool = False
) -> Criterion:
    return Criterion(
        name=name,
        target=f"{target}+",
        actual=str(actual),
        met=actual >= target,
        stretch=stretch,
    )


def _of_tasks(
    name: str, tasks: Sequence[HrmRecord], *, stretch: bool = False
) -> Criterion:
    quick = sum(task.profile == "quick" for task in tasks)
    return Criterion(
        name=name,
        target=f"{HRM_TASKS} of {HRM_TASKS}",
        actual=f"{len(tasks)}{f' ({quick} by the quick profile)' if quick else ''}",
        met=len(tasks) >= HRM_TASKS,
        stretch=stretch,
    )


def _written(name: str, done: bool) -> Criterion:
    actual = "written" if done else "not written"
    return Criterion(name=name, target="written", actual=actual, met=done)


def _unknown(name: str, target: str) -> Criterion:
    """Work on the agent itself, of which no record of a night can tell."""
    return Criterion(
        name=name, target=target, actual="not measured", met=None, stretch=True
    )
