"""What an HRM-JEPA task leaves behind: the model behind ``hrm/HRM-1.json``.

A task writes its record itself, whole, as it ends. A bar that was missed is a finding
like any other; only what was measured stands in a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated
from typing import Literal

from pydantic import AfterValidator
from pydantic import BaseModel
from pydantic import ConfigDict
from pydantic import Field
from pydantic import model_validator

TITLES: Mapping[str, str] = {
    "HRM-1": "Uncertainty Quantification Enhancement",
    "HRM-2": "Training Data Quality",
    "HRM-3": "Latent Space Visualization",
    "HRM-4": "End-to-End Pipeline Test",
    "HRM-5": "Performance Optimization",
    "HRM-6": "State Persistence Enhancement",
}
"""The plan's six tasks."""


def _moment(value: str) -> str:
    """ISO 8601 with its zone; else raises :class:`ValueError`."""
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError("has no time zone")
    return value


def _inside(value: str) -> str:
    """A path that stays in the results folder; else raises :class:`ValueError`."""
    path = PurePosixPath(value)
    odd = "\\" in value or not value.isprintable()
    if odd or path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("must be a relative path inside the results folder")
    return value


Moment = Annotated[str, AfterValidator(_moment)]
Figure = Annotated[str, AfterValidator(_inside)]
Status = Literal["completed", "attempted", "not attempted"]
Positive = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(ge=0, le=100)]


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )


class SubTask(_Model):
    """One line of the plan's list for a task."""

    name: str
    """As the plan has it."""
    attempted: bool
    completed: bool
    """Its work was done; says nothing of bars."""
    detail: str = ""
    """What was done, or why not, in words."""

    @model_validator(mode="after")
    def _completed_was_attempted(self) -> SubTask:
        if self.completed and not self.attempted:
            raise ValueError("is completed and was never attempted")
        return self

    @property
    def status(self) -> Status:
        """How far it came."""
        if self.completed:
            return "completed"
        return "attempted" if self.attempted else "not attempted"


class _Measured(_Model):
    low: float | None = None
    """Lower end of the 95 % interval; null where there is none."""
    high: float | None = None
    """Upper end of the 95 % interval; null where there is none."""
    recorded_on: date | None = None
    """Day of a long experiment that was run earlier; null: measured by this task."""

    def _check_interval(self, value: float) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high come together")
        if self.low is None or self.high is None:
            return
        if not self.low <= value <= self.high:
            raise ValueError(f"{value} lies outside {self.low} to {self.high}")


class Metric(_Measured):
    """One number, with the bar that it was held against."""

    name: str
    value: float
    unit: str = ""
    """``s``, ``samples/s``, ``points``; empty for shares and counts."""
    bar: float | None = None
    """What was aimed at, in the same unit; null: only measured."""
    direction: Literal["at least", "at most"] | None = None
    """On which side of the bar the number must be; null without a bar."""
    judged_by: Literal["interval", "value"] = "interval"
    """Whether the interval's unfavourable end must reach the bar, or the value. It is
    the value where there is no interval."""
    met: bool | None = None
    """Whether the bar was reached; follows from the rest, and may be left out. Null
    without a bar."""
    n: int | None = Field(default=None, ge=0)
    """Cases behind the number; null where that has no meaning."""
    note: str = ""
    """Conditions, or why the bar was missed, in words."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Metric:
        self._check_interval(self.value)
        if (self.bar is None) != (self.direction is None):
            raise ValueError("bar and direction come together")
        if self.met is not None and self.met != self._reached:
            raise ValueError(f"met is {self.met}; value and bar say {self._reached}")
        self.met = self._reached
        return self

    @property
    def judged(self) -> float:
        """The number that must reach the bar."""
        end = self.low if self.direction == "at least" else self.high
        return self.value if self.judged_by == "value" or end is None else end

    @property
    def _reached(self) -> bool | None:
        if self.bar is None:
            return None
        at_least = self.direction == "at least"
        return self.judged >= self.bar if at_least else self.judged <= self.bar


class SpeedUp(_Measured):
    """How much faster something became."""

    name: str
    before: Positive
    after: Positive
    unit: str
    """Of ``before`` and ``after``: ``ms``, ``samples/s``."""
    ratio: Positive
    """How many times as fast, median of paired measurements; 1: no change. The
    interval is of it."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> SpeedUp:
        self._check_interval(self.ratio)
        return self


class CodeQuality(_Model):
    """What tools say of the modules concerned; null: not asked."""

    modules: list[str] = Field(default_factory=list)
    """Paths of the modules, ``hrm_jepa/gate.py``."""
    ruff_findings: int | None = Field(default=None, ge=0)
    mypy_errors: int | None = Field(default=None, ge=0)
    """Under ``--strict``."""
    mean_complexity: float | None = Field(default=None, ge=0)
    """Cyclomatic, mean over functions."""
    max_complexity: float | None = Field(default=None, ge=0)
    """Cyclomatic, of the worst function."""


class HrmEnvironment(_Model):
    """Where the numbers were taken."""

    torch: str | None = None
    """Version; null where torch is not installed."""
    device: str
    """``cpu``, or the name of the accelerator."""
    threads: int = Field(ge=1)
    """Threads of torch."""
    load: float | None = Field(default=None, ge=0)
    """Processes that ran or waited to as the task began, mean over the last minute."""


class HrmRecord(_Model):
    """``hrm/HRM-1.json``: one task of one night, whole, written once."""

    task_id: Literal["HRM-1", "HRM-2", "HRM-3", "HRM-4", "HRM-5", "HRM-6"]
    """Also the stem of the file."""
    title: str
    """As the plan has it."""
    schema_version: Literal[1] = 1
    session_id: str
    timestamp_start: Moment
    """ISO 8601 with its zone, UTC."""
    timestamp_end: Moment
    """ISO 8601 with its zone, UTC."""
    duration: float = Field(ge=0)
    """Wall seconds."""
    cpu_seconds: float | None = Field(default=None, ge=0)
    """Of all processes of the task; null where not measured."""
    profile: Literal["full", "quick"]
    """``quick`` tries the machinery on little data: its numbers are no results."""
    sub_tasks: list[SubTask] = Field(min_length=1)
    """The plan's, in its order."""
    metrics: list[Metric] = Field(default_factory=list)
    code_quality: CodeQuality | None = None
    """Null where no tool was run."""
    coverage: dict[str, Percent] = Field(default_factory=dict)
    """Module → percent of its lines that tests execute."""
    speed_ups: list[SpeedUp] = Field(default_factory=list)
    issues: list[str] = Field(default_factory=list)
    """What was found wrong, a sentence each."""
    next_steps: list[str] = Field(default_factory=list)
    """What to do next, a sentence each, most important first."""
    figures: list[Figure] = Field(default_factory=list)
    """Paths relative to the results folder, ``hrm/results/HRM-3/pca.png``."""
    environment: HrmEnvironment

    @property
    def attempted(self) -> bool:
        """Whether any sub-task was begun."""
        return any(one.attempted for one in self.sub_tasks)

    @property
    def completed(self) -> bool:
        """Whether every sub-task was done; a missed bar does not change it."""
        return all(one.completed for one in self.sub_tasks)

    @property
    def status(self) -> Status:
        """How far the task came."""
        if self.completed:
            return "completed"
        return "attempted" if self.attempted else "not attempted"
