"""Before the night: what is to be played, and whether all is there that it needs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime

from pytest_overnight.orchestration import machine_rows
from pytest_overnight.orchestration import plan_rows
from pytest_overnight.orchestration.budget import ENDLESS
from pytest_overnight.orchestration.budget import Deadline
from pytest_overnight.orchestration.budget import seconds_until
from pytest_overnight.orchestration.model_rows import resolved_agent
from pytest_overnight.orchestration.opening import look_at_session
from pytest_overnight.orchestration.phases import HRM
from pytest_overnight.orchestration.phases import REPORT
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.planned import TonightsPlan
from pytest_overnight.orchestration.planned import ask_plan
from pytest_overnight.orchestration.pytest_command import PytestCommand
from pytest_overnight.orchestration.pytest_command import hrm_folder
from pytest_overnight.orchestration.request import Request
from pytest_overnight.orchestration.row import Row


@dataclass(frozen=True, slots=True)
class Evening:
    """All that is decided before the night begins."""

    request: Request
    command: PytestCommand
    plan: TonightsPlan
    """With the agent that ``auto`` stands for."""
    rest: TonightsPlan
    """What of it is still to be played: all, but for a night that is resumed."""
    phases: tuple[Phase, ...]
    """Those that have something to play, and the report."""
    deadline: Deadline
    rows: tuple[Row, ...]
    """The preflight table."""

    @property
    def ready(self) -> bool:
        """Whether the night may begin."""
        return all(row.mark != "FAIL" for row in self.rows)


def prepare(request: Request) -> Evening:
    """Look at everything, and change nothing.

    Raises :class:`pytest_overnight.orchestration.planned.NoPlan`.
    """
    command, plan, agent_rows = _decide(request)
    seconds = _seconds(request, plan.settings.budget)
    deadline = Deadline(seconds)
    budget = None if seconds == ENDLESS else round(seconds, 3)
    settings = replace(plan.settings, budget=budget)
    former, done, session_row = look_at_session(settings, plan, request)
    plan = replace(plan, settings=settings)
    if former is not None:
        plan = plan.only(set(former).__contains__)
    rest = plan.only(lambda run_id: run_id not in done)
    folder = hrm_folder() if _wants_hrm(request) else None
    work = {phase: bool(rest.of(phase)) for phase in request.phases}
    work |= {HRM: folder is not None, REPORT: True}
    phases = tuple(phase for phase in request.phases if work[phase])
    rows = [
        *agent_rows,
        machine_rows.disk_row(settings, len(rest.runs)),
        machine_rows.memory_row(settings),
        machine_rows.sandbox_row(settings),
        machine_rows.gpu_row(),
        machine_rows.clock_row(settings, seconds, datetime.now(UTC)),
        session_row,
    ]
    if rest.runs:
        rows.append(plan_rows.plan_row(rest, phases, seconds))
        rows.append(plan_rows.effect_row(plan))
    if _wants_hrm(request):
        rows.append(plan_rows.hrm_row(folder))
    if request.notify:
        rows.append(plan_rows.notify_row(request.notify))
    return Evening(request, command, plan, rest, phases, deadline, tuple(rows))


def _decide(request: Request) -> tuple[PytestCommand, TonightsPlan, list[Row]]:
    """The plan, with the agent that will play it."""
    command = PytestCommand(request)
    plan = ask_plan(command, request.phases)
    settings, rows = resolved_agent(plan.settings)
    if settings.agent != plan.settings.agent:
        decided = ["--agent", settings.agent]
        if settings.agent == "rehearsal" and settings.count is None:
            # Who did not ask for a rehearsal is shown one, not kept waiting by it.
            decided += ["--count", "1"]
        command = PytestCommand(request, tuple(decided))
        plan = ask_plan(command, request.phases)
    return command, plan, rows


def _seconds(request: Request, budget: float | None) -> float:
    """What the night may take; ``budget``: as the plugin's own option has it."""
    if request.until is not None:
        return seconds_until(request.until, time.time())
    return request.budget or budget or ENDLESS


def _wants_hrm(request: Request) -> bool:
    """Who names challenges wants these and nothing else."""
    named = any(word.startswith("--challenge") for word in request.rest)
    return HRM in request.phases and not named
