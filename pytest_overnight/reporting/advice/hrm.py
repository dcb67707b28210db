"""What the HRM-JEPA tasks say themselves: bars missed, work left, next steps."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_overnight.records.hrm import Metric
from pytest_overnight.reporting.advice.evidence import Evidence
from pytest_overnight.reporting.advice.items import Advice
from pytest_overnight.reporting.advice.items import Area
from pytest_overnight.reporting.hrm import TaskProgress
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import text

MOST_STEPS = 4
"""Next steps of one task: the record has all of them."""


def missed_bars(evidence: Evidence) -> Iterator[Advice]:
    """Tasks that fell short of a bar, those that missed most bars first."""
    tasks = [one for one in _recorded(evidence) if one.missed and not one.quick]
    for task in sorted(tasks, key=lambda one: (-len(one.missed), one.task_id)):
        missed = task.missed
        bars = len(missed) + len(task.met)
        yield _advice(
            task,
            "bars",
            f"Reach the {'bar' if len(missed) == 1 else 'bars'} that it missed",
            f"{len(missed)} of {plural(bars, 'bar')} missed: "
            + "; ".join(_fell_short(metric) for metric in missed)
            + ".",
        )


def _fell_short(metric: Metric) -> str:
    value = f"{metric.value:.3g}"
    if metric.low is not None and metric.high is not None:
        value += f" ({metric.low:.3g}–{metric.high:.3g})"
    unit = f" {text(metric.unit)}" if metric.unit else ""
    return f"{code(metric.name, 60)} {value}{unit}, {metric.direction} {metric.bar:g}"


def unfinished(evidence: Evidence) -> Iterator[Advice]:
    """Tasks whose work was not done, or never begun."""
    tasks = evidence.hrm.tasks if evidence.hrm and evidence.hrm.recorded else ()
    for task in tasks:
        if task.record is None or task.status != "completed":
            subs = task.record.sub_tasks if task.record else []
            left = [code(one.name, 60) for one in subs if not one.completed]
            yield _advice(
                task,
                "unfinished",
                "Finish it" if task.record else "Begin it",
                f"{plural(len(left), 'sub-task')} of {len(subs)} left: "
                f"{', '.join(left)}."
                if left
                else "It left no record this night.",
            )


def quick(evidence: Evidence) -> Iterator[Advice]:
    """Tasks that only tried their machinery."""
    tasks = [one for one in _recorded(evidence) if one.quick]
    if tasks:
        yield Advice(
            rule="hrm_quick",
            area=Area.HRM,
            title=Markdown("Play the HRM-JEPA tasks in full"),
            because=Markdown(
                f"{', '.join(text(one.task_id) for one in tasks)} had the quick "
                "profile: their numbers show that the machinery works, and no result."
            ),
            steps=(
                Markdown(
                    "`pytest hrm_tasks` with `-m hrm` and the full profile, or the "
                    "phase `HRM` of `run-overnight`."
                ),
            ),
            check=Markdown("The records in `hrm/` say `full`."),
            gain=None,
            effort="hours",
            run_ids=(),
            causal=False,
        )


def _recorded(evidence: Evidence) -> tuple[TaskProgress, ...]:
    return evidence.hrm.recorded if evidence.hrm else ()


def _advice(task: TaskProgress, what: str, title: str, because: str) -> Advice:
    told = task.record.next_steps[:MOST_STEPS] if task.record else []
    general = f"`pytest hrm_tasks` with `-m hrm` plays it ({text(task.task_id)})."
    return Advice(
        rule=f"{task.task_id} {what}",
        area=Area.HRM,
        title=Markdown(f"{text(task.task_id)}, {text(task.title)}: {title}"),
        because=Markdown(because),
        # Sentences of the task's own making: the templates escape them.
        steps=tuple(told) or (Markdown(general),),
        check=Markdown(f"`hrm/{task.task_id}.json` of the next night."),
        gain=None,
        effort="days",
        run_ids=(),
        causal=False,
    )
