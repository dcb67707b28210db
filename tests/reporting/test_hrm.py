"""The report's chapter on HRM-JEPA tasks."""

from __future__ import annotations

import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.hrm import CodeQuality
from pytest_overnight.records.hrm import HrmEnvironment
from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import Metric
from pytest_overnight.records.hrm import SpeedUp
from pytest_overnight.records.hrm import SubTask
from pytest_overnight.reporting.hrm import hrm_markdown
from pytest_overnight.reporting.hrm import hrm_progress
from pytest_overnight.reporting.hrm_tables import number
from tests.records.hrm_records import a_task
from tests.reporting.nights import rows

BEGUN = SubTask(name="Write tests", attempted=True, completed=False, detail="no time")
UNTOUCHED = SubTask(name="Write tests", attempted=False, completed=False)
EVIL = (
    "# <script>x</script> ![a](http://e) | `b`\n\n## heading\n- [x] [y](javascript:z)"
)


def chapter(*tasks: HrmRecord) -> str:
    return hrm_markdown(hrm_progress(tasks))


def only_row(page: str, column: str, value: str) -> dict[str, str]:
    """The row of whichever table has this value in this column."""
    [found] = [row for row in rows(page) if row.get(column) == value]
    return found


def test_a_night_without_tasks_says_so_in_one_sentence() -> None:
    assert chapter() == "No HRM-JEPA task was attempted this night."
    progress = hrm_progress([])
    assert [task.task_id for task in progress.tasks] == [
        "HRM-1", "HRM-2", "HRM-3", "HRM-4", "HRM-5", "HRM-6",
    ]  # fmt: skip
    assert (progress.attempted, progress.completed) == (0, 0)


def test_tasks_that_only_say_why_they_were_not_begun_are_not_attempted() -> None:
    page = chapter(a_task(sub_tasks=[UNTOUCHED.model_copy(update={"detail": "torch"})]))
    assert page.startswith("No HRM-JEPA task was attempted this night.")
    assert only_row(page, "sub-task", "Write tests")["detail"] == "torch"


def test_a_part_of_the_tasks_is_counted_out_of_six() -> None:
    tasks = [
        a_task("HRM-6"),
        a_task("HRM-2", sub_tasks=[BEGUN, UNTOUCHED]),
        a_task("HRM-1", sub_tasks=[UNTOUCHED]),
    ]
    progress = hrm_progress(tasks)
    assert (progress.attempted, progress.completed) == (2, 1)
    page = hrm_markdown(progress)
    assert "**2 of 6 tasks attempted, 1 completed.**" in page
    found = {row["task"]: row for row in rows(page) if "task" in row}
    assert {task: row["status"] for task, row in found.items()} == {
        "HRM-1": "not attempted",
        "HRM-2": "attempted",
        "HRM-3": "not attempted",
        "HRM-4": "not attempted",
        "HRM-5": "not attempted",
        "HRM-6": "completed",
    }
    assert found["HRM-2"]["sub-tasks"] == "0/2"
    assert found["HRM-3"]["sub-tasks"] == "–"
    assert re.findall(r"^### (HRM-\d)", page, re.M) == ["HRM-1", "HRM-2", "HRM-6"]


def test_each_number_stands_beside_its_bar() -> None:
    page = chapter(
        a_task(
            metrics=[
                Metric(
                    name="ECE",
                    value=0.028,
                    low=0.02,
                    high=0.036,
                    bar=0.03,
                    direction="at most",
                    n=5000,
                    note="fused score",
                ),
                Metric(
                    name="AUROC",
                    value=0.8301,
                    low=0.79,
                    high=0.86,
                    bar=0.8,
                    direction="at least",
                    judged_by="value",
                ),
                Metric(name="samples", value=12345, unit="rows"),
            ]
        )
    )
    assert "1 of 2 numbers with a bar reached it." in page
    assert "- ECE: fused score" in page
    missed = only_row(page, "number", "ECE")
    assert missed == {
        "": "MISSED",
        "number": "ECE",
        "value": "0.028",
        "95 % interval": "0.02 to 0.036",
        "bar": "≤ 0.03",
        "cases": "5000",
    }
    met = only_row(page, "number", "AUROC")
    assert (met[""], met["bar"]) == ("met", "≥ 0.8 by value")
    plain = only_row(page, "number", "samples")
    assert (plain[""], plain["value"], plain["bar"]) == ("no bar", "12345 rows", "–")


def test_a_long_experiment_shows_the_day_on_which_it_was_run() -> None:
    earlier = date(2025, 1, 3)
    page = chapter(
        a_task(
            metrics=[
                Metric(name="arm", value=1, recorded_on=earlier),
                Metric(name="own", value=2),
            ],
            speed_ups=[
                SpeedUp(
                    name="peer",
                    before=3,
                    after=1,
                    unit="s",
                    ratio=3,
                    low=2.5,
                    high=3.4,
                    recorded_on=earlier,
                )
            ],
        )
    )
    assert only_row(page, "number", "arm")["measured"] == "recorded on 2025-01-03"
    assert only_row(page, "number", "own")["measured"] == "this night"
    faster = only_row(page, "speed-up", "peer")
    assert faster["measured"] == "recorded on 2025-01-03"
    assert faster["95 % interval"] == "2.5 to 3.4"


def test_the_quick_profile_is_no_result_and_says_so_everywhere() -> None:
    page = chapter(a_task("HRM-1", profile="quick"), a_task("HRM-2"))
    assert "these numbers are no results" in re.sub(r"\s+", " ", page)
    assert "### HRM-1 Uncertainty Quantification Enhancement – quick profile" in page
    assert "quick" not in page.partition("### HRM-2")[2]
    status = {row["task"]: row["status"] for row in rows(page) if "task" in row}
    assert status["HRM-1"] == "completed (quick profile: no results)"
    assert status["HRM-2"] == "completed"


def test_code_issues_next_steps_figures_and_the_machine_are_there() -> None:
    page = chapter(
        a_task(
            code_quality=CodeQuality(
                modules=["hrm_jepa/gate.py", "hrm_jepa/state.py"],
                ruff_findings=0,
                mypy_errors=2,
                mean_complexity=2.345678,
            ),
            coverage={"gate.py": 99.7, "state.py": 61.0},
            issues=["The gate refuses `mod`."],
            next_steps=["Train longer.", "Then measure again."],
            figures=["hrm/results/HRM-1/a b.png"],
            environment=HrmEnvironment(
                torch="2.9.0", device="cpu", threads=1, load=0.2
            ),
            cpu_seconds=580.0,
        )
    )
    assert (
        "Code quality of 2 modules: ruff findings 0, mypy errors 2, mean complexity "
        "2.346."
    ) in " ".join(page.split())
    covered = [row for row in rows(page) if "lines tested" in row]
    assert [row["module"] for row in covered] == ["state.py", "gate.py"]
    assert covered[1]["lines tested"] == "99 %"  # only all is 100 %
    assert "- The gate refuses \\`mod\\`." in page
    assert "- Train longer.\n- Then measure again." in page
    assert "[a b.png](hrm/results/HRM-1/a%20b.png)" in page
    measured = "torch 2.9.0, cpu, 1 thread, 5 min 0 s, 9 min 40 s of CPU, load 0.2"
    assert measured in " ".join(page.split())


def test_nothing_in_a_record_becomes_markdown_of_its_own() -> None:
    honest = SubTask(name=EVIL, attempted=True, completed=True, detail=EVIL)
    page = chapter(
        a_task(
            title=EVIL,
            sub_tasks=[honest],
            metrics=[Metric(name=EVIL, value=1, unit=EVIL, note=EVIL)],
            speed_ups=[SpeedUp(name=EVIL, before=1, after=1, unit=EVIL, ratio=1)],
            issues=[EVIL],
            next_steps=[EVIL],
            coverage={EVIL: 5},
            figures=["hrm/<b>](x).png"],
            environment=HrmEnvironment(torch=EVIL, device=EVIL, threads=1),
        )
    )
    assert "<script>" not in page
    assert "<b>" not in page
    assert not re.search(r"(?<!\\)!\[", page)
    assert not re.search(r"(?<!\\)\]\((http|javascript|x)", page)
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        line for line in page.splitlines() if line.startswith("### HRM-1 ")
    ]
    rows(page)  # raises where a cell adds a column


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_number_is_shown_on_its_own_side_of_the_bar(value: float, bar: float) -> None:
    shown, beside = float(number(value, bar)), float(number(bar, bar))
    assert beside == bar
    assert ((shown > bar), (shown < bar)) == ((value > bar), (value < bar))


@given(st.integers(1, 9999), st.integers(1, 12))
def test_a_number_just_below_its_bar_is_shown_below_it(
    thousandths: int, places: int
) -> None:
    bar = thousandths / 1000
    assert float(number(bar - 10.0**-places, bar)) < bar


def test_large_numbers_keep_their_digits() -> None:
    assert number(12345) == "12345"
    assert number(123456789.4) == "123456789"
    assert number(0.00012344) == "0.0001234"
