"""What an HRM-JEPA task may say of itself, and what of it the master log counts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import Metric
from pytest_overnight.records.hrm import SpeedUp
from pytest_overnight.records.hrm import SubTask
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.record import Criterion
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.store import RunStore
from tests.records.hrm_records import SESSION
from tests.records.hrm_records import a_task
from tests.records.hrm_records import lay_tasks

NUMBERS = st.floats(-1e6, 1e6)


def damaged(**changes: Any) -> str:
    """A record's JSON with fields that no task would write."""
    plain = a_task().model_dump(mode="json")
    return json.dumps({**plain, **changes})


def test_a_record_is_the_same_after_writing_and_reading() -> None:
    record = a_task(
        metrics=[Metric(name="ECE", value=0.02, low=0.01, high=0.03, bar=0.03,
                        direction="at most", n=5000, recorded_on="2025-01-20")],
        speed_ups=[SpeedUp(name="batch", before=9, after=2, unit="ms", ratio=4.5)],
    )  # fmt: skip
    assert HrmRecord.model_validate_json(record.model_dump_json()) == record


def test_a_task_is_completed_when_all_its_sub_tasks_are() -> None:
    done = SubTask(name="a", attempted=True, completed=True)
    begun = SubTask(name="b", attempted=True, completed=False)
    untouched = SubTask(name="c", attempted=False, completed=False)
    assert a_task(sub_tasks=[done, done]).status == "completed"
    assert a_task(sub_tasks=[done, untouched]).status == "attempted"
    assert a_task(sub_tasks=[begun]).status == "attempted"
    assert a_task(sub_tasks=[untouched]).status == "not attempted"


def test_a_missed_bar_does_not_make_a_task_incomplete() -> None:
    missed = Metric(name="m", value=0.1, bar=0.9, direction="at least")
    assert missed.met is False
    assert a_task(metrics=[missed]).completed


@pytest.mark.parametrize(
    ("ends", "direction", "judged_by", "met"),
    [
        ((None, None), "at least", "interval", True),
        ((0.88, 0.92), "at least", "interval", True),
        ((0.84, 0.92), "at least", "interval", False),
        ((0.84, 0.92), "at least", "value", True),
        ((None, None), "at most", "interval", False),
        ((0.80, 0.92), "at most", "value", False),
    ],
)
def test_the_unfavourable_end_is_held_against_the_bar(
    ends: tuple[float, float], direction: Any, judged_by: Any, met: bool
) -> None:
    low, high = ends
    metric = Metric(
        name="m",
        value=0.9,
        low=low,
        high=high,
        bar=0.85,
        direction=direction,
        judged_by=judged_by,
    )
    assert metric.met is met


def test_reaching_the_bar_exactly_is_enough() -> None:
    assert Metric(name="overlaps", value=0, bar=0, direction="at most").met
    assert Metric(name="valid", value=1, bar=1, direction="at least").met


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_what_is_above_a_bar_is_below_it_seen_from_the_other_side(
    value: float, below: float, above: float, bar: float
) -> None:
    low, high = value - abs(below), value + abs(above)
    one = Metric(
        name="m", value=value, low=low, high=high, bar=bar, direction="at least"
    )
    other = Metric(
        name="m", value=-value, low=-high, high=-low, bar=-bar, direction="at most"
    )
    assert one.met == other.met == (low >= bar)


def test_a_metric_without_a_bar_is_neither_met_nor_missed() -> None:
    assert Metric(name="m", value=3).met is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"value": math.nan}, "finite"),
        ({"value": math.inf}, "finite"),
        ({"value": 1, "low": 2, "high": 3}, "outside"),
        ({"value": 1, "low": 0}, "come together"),
        ({"value": 1, "bar": 1}, "bar and direction"),
        ({"value": 1, "direction": "at most"}, "bar and direction"),
        ({"value": 1, "bar": 2, "direction": "at least", "met": True}, "met is True"),
        ({"value": 1, "met": False}, "met is False"),
        ({"value": 1, "n": -1}, "greater"),
        ({"value": 1, "colour": "red"}, "Extra"),
        ({"value": 1, "recorded_on": "some day"}, "date"),
    ],
)
def test_a_metric_that_contradicts_itself_is_refused(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        Metric(name="m", **fields)


def test_a_speed_up_is_of_positive_times() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        SpeedUp(name="s", before=1, after=0, unit="ms", ratio=2)


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../other/a.png", "hrm/../../a.png", "", ".", "a\\b.png", "a\nb"],
)
def test_a_figure_lies_inside_the_results_folder(path: str) -> None:
    with pytest.raises(ValidationError, match="inside the results folder"):
        a_task(figures=[path])


@pytest.mark.parametrize(
    "changes",
    [
        {"task_id": "HRM-7"},
        {"profile": "brief"},
        {"sub_tasks": []},
        {"sub_tasks": [{"name": "a", "attempted": False, "completed": True}]},
        {"duration": -1},
        {"timestamp_start": "yesterday"},
        {"timestamp_end": "2025-01-21T22:00:00"},
        {"coverage": {"gate.py": 101}},
        {"status": "completed"},
        {"schema_version": 0},
    ],
    ids=str,
)
def test_a_record_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HrmRecord.model_validate_json(damaged(**changes))


def test_a_store_reads_the_records_that_can_be_used(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert store.read_hrm() == []
    lay_tasks(tmp_path, a_task("HRM-2"), a_task("HRM-1"))
    (store.hrm / "HRM-3.json").write_text(damaged()[:50])
    (store.hrm / "HRM-4.json").write_text(damaged(schema_version=2))
    (store.hrm / "HRM-5.json").write_text(damaged(task_id="HRM-1"))
    (store.hrm / "HRM-6.json").mkdir()
    (store.hrm / "results").mkdir()
    assert [record.task_id for record in store.read_hrm()] == ["HRM-1", "HRM-2"]


def a_master(*tasks: HrmRecord, written: bool = True) -> MasterLog:
    """The master log of a session without runs."""
    facts = SessionFacts(
        id=SESSION,
        started="2025-01-21T22:00:00.000Z",
        closed=None,
        seconds=60.0,
        settings={},
        agent={"spec": "ollama"},
        plan=(),
        challenges={},
    )
    return derive_master(facts, [], report_written=written, logged=0, hrm=tasks)


def criteria(master: MasterLog) -> dict[str, Criterion]:
    """By name, in lower case for those of the minimum, else beginning with stretch."""
    return {f"{'stretch ' * c.stretch}{c.name}": c for c in master.criteria}


def six(**changes: Any) -> list[HrmRecord]:
    """A record of each task."""
    return [a_task(f"HRM-{number}", **changes) for number in range(1, 7)]


def test_six_attempted_tasks_meet_the_minimum_and_completed_ones_the_stretch() -> None:
    begun = [SubTask(name="a", attempted=True, completed=False)]
    tasks = [*six()[:4], *six(sub_tasks=begun)[4:]]
    master = a_master(*tasks)
    found = criteria(master)
    assert master.hrm_tasks_completed == 4
    assert found["HRM-JEPA tasks attempted"].met is True
    assert found["stretch All HRM-JEPA tasks completed"].met is False
    assert found["stretch All HRM-JEPA tasks completed"].actual == "4"
    assert criteria(a_master(*six()))["stretch All HRM-JEPA tasks completed"].met


def test_tasks_of_another_session_are_not_counted() -> None:
    master = a_master(*six(session_id="overnight-2025-01-20"))
    assert master.hrm_tasks_completed == 0
    assert criteria(master)["HRM-JEPA tasks attempted"].actual == "0"


def test_the_quick_profile_is_named_wherever_it_counts() -> None:
    found = criteria(a_master(*six(profile="quick")))
    assert found["HRM-JEPA tasks attempted"].actual == "6 (6 by the quick profile)"


def test_what_no_record_can_tell_is_neither_met_nor_missed() -> None:
    undecided = [c.name for c in a_master(*six()).criteria if c.met is None]
    assert undecided == [
        "Phase 2 implementation started",
        "Quick wins from diagnosis implemented",
    ]


def test_statistics_need_a_run_and_the_report_does_not() -> None:
    found = criteria(a_master())
    assert found["Statistical analysis"].met is False
    assert found["Improvement report"].met is True
    assert criteria(a_master(written=False))["Improvement report"].met is False


def test_an_older_master_log_without_the_new_fields_can_be_read() -> None:
    older = a_master().model_dump(mode="json")
    older["criteria"] = [{"name": "a", "target": "b", "actual": "c", "met": True}]
    [criterion] = MasterLog.model_validate_json(json.dumps(older)).criteria
    assert criterion.met is True
    assert criterion.stretch is False
