"""The plan of the night as pytest tells it: which runs, with which settings."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_overnight.orchestration.phases import PHASES
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.pytest_command import PytestCommand
from pytest_overnight.orchestration.pytest_command import environment
from pytest_overnight.settings import Settings


class NoPlan(Exception):
    """pytest has said something else instead; it is shown as it is."""

    def __init__(self, status: int, output: str) -> None:
        """``status``: its exit status; ``output``: all that it printed."""
        super().__init__(output)
        self.status = status
        self.output = output


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run, as far as it is to be planned with."""

    run_id: str
    challenge: str
    level: str
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class TonightsPlan:
    """All runs of the night, in their order, and what the night was asked to do."""

    settings: Settings
    runs: tuple[PlannedRun, ...]
    expected_hours: float
    """Of all runs together, as ``catalog.plan.estimate`` has it."""
    worst_hours: float

    def of(self, phase: Phase) -> list[PlannedRun]:
        """The runs of one phase."""
        return [run for run in self.runs if run.level in phase.levels]

    def repetitions(self) -> dict[str, int]:
        """Challenge → number of runs."""
        counts: dict[str, int] = {}
        for run in self.runs:
            counts[run.challenge] = counts.get(run.challenge, 0) + 1
        return counts

    def only(self, wanted: Callable[[str], bool]) -> TonightsPlan:
        """A part of it by run ids; its hours are less by the others' limits."""
        rest = tuple(run for run in self.runs if wanted(run.run_id))
        share = _limits(rest) / (_limits(self.runs) or 1.0)
        return replace(
            self,
            runs=rest,
            expected_hours=self.expected_hours * share,
            worst_hours=self.worst_hours * share,
        )

    def hours_of(self, phase: Phase, hours: float) -> float:
        """The part of ``hours`` of the whole that is one phase's, by its limits."""
        return hours * _limits(self.of(phase)) / (_limits(self.runs) or 1.0)


def _limits(runs: Sequence[PlannedRun]) -> float:
    return sum(run.timeout_seconds for run in runs)


def ask_plan(command: PytestCommand, phases: Sequence[Phase]) -> TonightsPlan:
    """The plan of these phases; raises :class:`NoPlan`."""
    playing = [phase for phase in phases if phase.levels]
    with tempfile.TemporaryDirectory(prefix="overnight-plan-") as place:
        file = Path(place) / "plan.json"
        # With no phase of an agent's: its settings are still to be known.
        line = command.plan(playing or [p for p in PHASES if p.levels], file)
        done = subprocess.run(
            line,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if not file.is_file():
            raise NoPlan(done.returncode, done.stdout)
        plan = _read(json.loads(file.read_text(encoding="utf-8")))
    wanted = {level for phase in playing for level in phase.levels}
    return replace(plan, runs=tuple(run for run in plan.runs if run.level in wanted))


def _read(plain: dict[str, Any]) -> TonightsPlan:
    fields = ("run_id", "challenge", "level", "timeout_seconds")
    return TonightsPlan(
        settings=Settings.from_json(plain["settings"]),
        runs=tuple(PlannedRun(**{k: run[k] for k in fields}) for run in plain["runs"]),
        expected_hours=plain["expected_hours"],
        worst_hours=plain["worst_hours"],
    )
