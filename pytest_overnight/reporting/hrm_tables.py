"""What the record of an HRM-JEPA task says, piece by piece, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from pytest_overnight.records.hrm import HrmRecord
from pytest_overnight.records.hrm import Metric
from pytest_overnight.records.hrm import SpeedUp
from pytest_overnight.reporting.markdown import NOTHING
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.markdown import wrap

WORDS = {True: "met", False: "MISSED", None: "no bar"}
SIGNS = {"at least": "≥", "at most": "≤", None: ""}
FIGURES = (4, 6, 9, 17)
"""A number is shown with as many figures: the first of these that do not mislead."""


def sub_tasks(record: HrmRecord) -> Markdown:
    """A row a sub-task of the plan."""
    return table(
        ["sub-task", "status", "detail"],
        ([one.name, one.status, one.detail or None] for one in record.sub_tasks),
    )


def metrics(found: Sequence[Metric]) -> Markdown:
    """A row a number: its interval, its bar, and whether the bar was reached."""
    recorded = any(metric.recorded_on for metric in found)
    header = ["", "number", ">value", ">95 % interval", ">bar", ">cases"]
    return table(
        [*header, *(["measured"] if recorded else [])],
        (
            [
                WORDS[metric.met],
                metric.name,
                _with_unit(number(metric.value, metric.bar), metric.unit),
                _interval(metric.low, metric.high, metric.bar),
                _bar(metric),
                metric.n,
                *([_when(metric)] if recorded else []),
            ]
            for metric in found
        ),
    )


def speed_ups(found: Sequence[SpeedUp]) -> Markdown:
    """A row for what became faster, or did not."""
    recorded = any(one.recorded_on for one in found)
    header = ["speed-up", ">before", ">after", ">times as fast", ">95 % interval"]
    return table(
        [*header, *(["measured"] if recorded else [])],
        (
            [
                one.name,
                _with_unit(number(one.before), one.unit),
                _with_unit(number(one.after), one.unit),
                number(one.ratio, 1),
                _interval(one.low, one.high, 1),
                *([_when(one)] if recorded else []),
            ]
            for one in found
        ),
    )


def coverage(record: HrmRecord) -> Markdown:
    """A row a module, the least covered first."""
    rows = sorted(record.coverage.items(), key=lambda item: (item[1], item[0]))
    return table(
        ["module", ">lines tested"],
        ([name, percent(share / 100)] for name, share in rows),
    )


def code_quality(record: HrmRecord) -> Markdown | None:
    """What tools say of the code; ``None`` where none was asked."""
    quality = record.code_quality
    if quality is None:
        return None
    facts = {
        "ruff findings": quality.ruff_findings,
        "mypy errors": quality.mypy_errors,
        "mean complexity": quality.mean_complexity,
        "largest complexity": quality.max_complexity,
    }
    said = [f"{name} {number(v)}" for name, v in facts.items() if v is not None]
    if not said:
        return None
    where = f" of {plural(len(quality.modules), 'module')}" if quality.modules else ""
    return wrap(f"Code quality{where}: {', '.join(said)}.")


def environment(record: HrmRecord) -> Markdown:
    """Where and how long the numbers were taken."""
    where = record.environment
    said = [
        f"torch {where.torch}" if where.torch else "without torch",
        where.device,
        plural(where.threads, "thread"),
        span(record.duration),
    ]
    if record.cpu_seconds is not None:
        said.append(f"{span(record.cpu_seconds)} of CPU")
    if where.load is not None:
        said.append(f"load {where.load:.1f}")
    return wrap(f"Measured with: {', '.join(said)}.")


def listed(title: str, items: Sequence[str]) -> Markdown:
    """A title and a point for each item."""
    points = "\n".join(f"- {wrap(item, 2)}" for item in items)
    return Markdown(f"{title}:\n\n{points}")


def links(title: str, paths: Sequence[str]) -> Markdown:
    """Paths relative to the report, each as a link that shows the file's name."""
    shown = (f"[{text(path.rpartition('/')[2])}]({quote(path)})" for path in paths)
    return Markdown(f"{title}: {', '.join(shown)}")


def number(value: float, bar: float | None = None) -> str:
    """Four figures, or more where four would put it on another side of the bar."""
    shown = ""
    for figures in FIGURES:
        large = abs(value) >= 10**figures
        shown = f"{value:.0f}" if large else f"{value:.{figures}g}"
        if bar is None or _side(float(shown), bar) == _side(value, bar):
            break
    return shown


def _side(value: float, bar: float) -> tuple[bool, bool]:
    return value < bar, value > bar


def _interval(low: float | None, high: float | None, bar: float | None) -> str:
    if low is None or high is None:
        return NOTHING
    return f"{number(low, bar)} to {number(high, bar)}"


def _bar(metric: Metric) -> str | None:
    if metric.bar is None:
        return None
    by_value = metric.judged_by == "value" and metric.low is not None
    sign = SIGNS[metric.direction]
    return f"{sign} {number(metric.bar, metric.bar)}{' by value' if by_value else ''}"


def _with_unit(shown: str, unit: str) -> str:
    return f"{shown} {unit}" if unit else shown


def _when(measured: Metric | SpeedUp) -> str:
    day = measured.recorded_on
    return f"recorded on {day}" if day else "this night"
