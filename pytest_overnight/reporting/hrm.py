"""The night's HRM-JEPA tasks: how far they came, and which bars they met."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.hrm import TITLES
from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import Metric
from pytest_overnight.reporting import hrm_tables
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.markdown import wrap

NONE = "No HRM-JEPA task was attempted this night."
QUICK = "quick profile: no results"


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """One of the plan's tasks."""

    task_id: str
    """``HRM-1``."""
    title: str
    record: HrmRecord | None
    """Null: the task left no record."""

    @property
    def status(self) -> str:
        """``completed``, ``attempted`` or ``not attempted``."""
        return self.record.status if self.record else "not attempted"

    @property
    def quick(self) -> bool:
        """Whether its numbers are of the quick profile, and no results."""
        return self.record is not None and self.record.profile == "quick"

    @property
    def sub_tasks_completed(self) -> int:
        """Of those in the record."""
        return sum(one.completed for one in self.record.sub_tasks) if self.record else 0

    @property
    def sub_tasks_attempted(self) -> int:
        """Of those in the record."""
        return sum(one.attempted for one in self.record.sub_tasks) if self.record else 0

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All of them, in the record's order."""
        return tuple(self.record.metrics) if self.record else ()

    @property
    def met(self) -> tuple[Metric, ...]:
        """Metrics that reached their bar."""
        return tuple(one for one in self.metrics if one.met is True)

    @property
    def missed(self) -> tuple[Metric, ...]:
        """Metrics that did not."""
        return tuple(one for one in self.metrics if one.met is False)


@dataclass(frozen=True, slots=True)
class HrmProgress:
    """All six tasks of the plan, whether or not they were begun."""

    tasks: tuple[TaskProgress, ...]
    """In the plan's order."""

    @property
    def recorded(self) -> tuple[TaskProgress, ...]:
        """Those that left a record."""
        return tuple(task for task in self.tasks if task.record is not None)

    @property
    def attempted(self) -> int:
        """Tasks of which any sub-task was begun."""
        return sum(task.status != "not attempted" for task in self.tasks)

    @property
    def completed(self) -> int:
        """Tasks of which every sub-task was done."""
        return sum(task.status == "completed" for task in self.tasks)

    @property
    def quick(self) -> bool:
        """Whether any of them was of the quick profile."""
        return any(task.quick for task in self.tasks)


def hrm_progress(records: Sequence[HrmRecord]) -> HrmProgress:
    """How far the plan's tasks came; ``records`` holds at most one of each."""
    found: dict[str, HrmRecord] = {record.task_id: record for record in records}
    return HrmProgress(
        tuple(
            TaskProgress(task_id, title, found.get(task_id))
            for task_id, title in TITLES.items()
        )
    )


def hrm_markdown(progress: HrmProgress) -> Markdown:
    """The whole chapter, without its heading; parts have headings of level 3."""
    if not progress.recorded:
        return Markdown(NONE)
    blocks = [overview(progress), task_table(progress)]
    if quick := [task.task_id for task in progress.tasks if task.quick]:
        said = f"{', '.join(quick)} ran with the quick profile, which tries the "
        said += "machinery on little data: these numbers are no results."
        blocks.insert(1, Markdown(f"**{wrap(said)}**"))
    for task in progress.recorded:
        blocks += _task_blocks(task)
    return Markdown("\n\n".join(blocks))


def overview(progress: HrmProgress) -> Markdown:
    """How far all of them came, in two sentences at most."""
    if not progress.attempted:
        return Markdown(NONE)
    met = sum(len(task.met) for task in progress.tasks)
    bars = met + sum(len(task.missed) for task in progress.tasks)
    all_of_them = len(progress.tasks)
    said = (
        f"**{progress.attempted} of {all_of_them} tasks attempted, "
        f"{progress.completed} completed.**"
    )
    reached = f" {met} of {plural(bars, 'number')} with a bar reached it."
    return Markdown(said + (reached if bars else ""))


def task_table(progress: HrmProgress) -> Markdown:
    """A row a task of the plan, whether or not it was begun."""
    return table(
        ["task", "title", "status", ">sub-tasks", ">bars met", ">issues", ">took"],
        (
            [
                task.task_id,
                task.title,
                f"{task.status}{f' ({QUICK})' if task.quick else ''}",
                _of(task.sub_tasks_completed, record.sub_tasks) if record else None,
                _of(len(task.met), (*task.met, *task.missed)),
                len(record.issues) if record else None,
                span(record.duration) if record else None,
            ]
            for task in progress.tasks
            for record in [task.record]
        ),
    )


def _of(number: int, of: Sequence[object]) -> str | None:
    return f"{number}/{len(of)}" if of else None


def _task_blocks(task: TaskProgress) -> Iterator[Markdown]:
    """Everything that one record says, in the plan's order."""
    record = task.record
    assert record is not None
    quick = f" – {QUICK}" if task.quick else ""
    yield Markdown(f"### {task.task_id} {text(record.title)}{quick}")
    yield hrm_tables.sub_tasks(record)
    if record.metrics:
        yield hrm_tables.metrics(record.metrics)
    if notes := [f"{m.name}: {m.note}" for m in record.metrics if m.note]:
        yield hrm_tables.listed("Notes", notes)
    if record.speed_ups:
        yield hrm_tables.speed_ups(record.speed_ups)
    if said := hrm_tables.code_quality(record):
        yield said
    if record.coverage:
        yield hrm_tables.coverage(record)
    if record.issues:
        yield hrm_tables.listed("Issues found", record.issues)
    if record.next_steps:
        yield hrm_tables.listed("Next steps", record.next_steps)
    if record.figures:
        yield hrm_tables.links("Figures", record.figures)
    yield hrm_tables.environment(record)
