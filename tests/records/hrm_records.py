"""Records of HRM-JEPA tasks made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_overnight.records.hrm import TITLES
from pytest_overnight.records.hrm import HrmEnvironment
from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import SubTask

SESSION = "overnight-2025-01-21"


def a_task(task_id: str = "HRM-1", **changes: Any) -> HrmRecord:
    """A task that did what the plan says, in the night of other hand-made records."""
    plain: dict[str, Any] = {
        "task_id": task_id,
        "title": TITLES[task_id],
        "session_id": SESSION,
        "timestamp_start": "2025-01-22T01:00:00.000Z",
        "timestamp_end": "2025-01-22T01:05:00.000Z",
        "duration": 300.0,
        "profile": "full",
        "sub_tasks": [
            SubTask(name="Review", attempted=True, completed=True),
            SubTask(name="Run experiments", attempted=True, completed=True),
        ],
        "environment": HrmEnvironment(torch="2.9.0", device="cpu", threads=2),
    }
    return HrmRecord(**{**plain, **changes})


def lay_tasks(results: Path, *tasks: HrmRecord) -> None:
    """Write them into ``hrm/`` of a results folder."""
    (results / "hrm").mkdir(exist_ok=True)
    for task in tasks:
        path = results / "hrm" / f"{task.task_id}.json"
        path.write_text(task.model_dump_json(indent=2))
