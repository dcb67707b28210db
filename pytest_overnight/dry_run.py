"""``--overnight-dry-run`` and ``--overnight-plan``: the plan instead of the night."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.catalog import plan as planning
from pytest_overnight.catalog.plan import Run
from pytest_overnight.night import Night
from pytest_overnight.progress import run_id_of
from pytest_overnight.settings import Settings


class DryRun:
    """Prints the plan, or writes it for programs; starts nothing."""

    def __init__(self, night: Night, file: Path | None) -> None:
        """``night`` is planned, nothing of it is started."""
        self._night = night
        self._file = file

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Print what would run."""
        chosen = {run_id_of(item.nodeid) for item in session.items}
        plan = [run for run in self._night.plan if run.id in chosen]
        if self._file is not None:
            text = json.dumps(plan_as_json(plan, self._night.settings), indent=2)
            try:
                self._file.write_text(text + "\n", encoding="utf-8")
            except OSError as problem:
                reason = f"--overnight-plan {self._file}: {problem.strerror}"
                raise pytest.UsageError(reason) from None
            return True
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            for line in dry_run_lines(plan, self._night.settings):
                terminal.write_line(line)
        return True


def plan_as_json(plan: list[Run], settings: Settings) -> dict[str, Any]:
    """The plan for programs. ``agent`` is as asked: ``auto`` is not decided yet."""
    hours = planning.estimate(plan, settings)
    return {
        "settings": settings.to_json(),
        "runs": [
            {
                "run_id": run.id,
                "challenge": run.challenge.id,
                "level": run.challenge.level,
                "title": run.challenge.title,
                "timeout_seconds": run.challenge.timeout_seconds,
                "verify_seconds": run.challenge.verify_seconds,
            }
            for run in plan
        ],
        "expected_hours": hours.expected,
        "worst_hours": hours.worst,
    }


def dry_run_lines(plan: list[Run], settings: Settings) -> list[str]:
    """The plan for people: a line a challenge, then the hours."""
    lines = ["", f"{'challenge':<10} {'runs':>4} {'limit':>7}  title"]
    for challenge in dict.fromkeys(run.challenge for run in plan):
        runs = sum(run.challenge is challenge for run in plan)
        limit = f"{challenge.timeout_seconds:.0f} s"
        lines.append(f"{challenge.id:<10} {runs:>4} {limit:>7}  {challenge.title}")
    hours = planning.estimate(plan, settings)
    lines.append(
        f"{len(plan)} runs, {settings.slots} at a time at the model: expected "
        f"{hours.expected:.1f} h, at worst {hours.worst:.1f} h. Nothing was started."
    )
    return lines
