"""HRM records made by hand, for pictures of them."""

from __future__ import annotations

from typing import Any

from pytest_overnight.records.hrm import TITLES
from pytest_overnight.records.hrm import HrmEnvironment
from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import Metric
from pytest_overnight.records.hrm import SubTask


def a_metric(value: float, bar: float | None = 1.0, **changes: Any) -> Metric:
    """At least ``bar``, judged by its value."""
    direction = None if bar is None else "at least"
    plain = {"name": "share", "value": value, "bar": bar, "direction": direction}
    return Metric(**{**plain, **changes})


def an_hrm_record(
    number: int = 1,
    completed: int = 3,
    begun: int = 4,
    of: int = 5,
    metrics: tuple[Metric, ...] = (),
    **changes: Any,
) -> HrmRecord:
    """Record of one task; the first ``begun`` of ``of`` sub-tasks were attempted."""
    task_id = f"HRM-{number}"
    plain: dict[str, Any] = {
        "task_id": task_id,
        "title": TITLES[task_id],
        "session_id": "overnight-2025-01-21",
        "timestamp_start": "2025-01-22T01:00:00Z",
        "timestamp_end": "2025-01-22T01:10:00Z",
        "duration": 600.0,
        "profile": "full",
        "sub_tasks": [
            SubTask(name=f"step {n}", attempted=n < begun, completed=n < completed)
            for n in range(of)
        ],
        "metrics": list(metrics) or [a_metric(2.0)],
        "environment": HrmEnvironment(device="cpu", threads=2),
    }
    return HrmRecord(**{**plain, **changes})
