"""Records and results folders made by hand, and how their report is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import LevelResult
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.reporting.analysis import analyse
from pytest_overnight.reporting.pages import page_of
from pytest_overnight.reporting.pages import write_report
from pytest_overnight.rules.outcome import Outcome

SESSION = "overnight-2025-01-21"


def a_run(
    test_id: str = "L3-1", attempt: int = 1, outcome: str = "passed", **changes: Any
) -> RunRecord:
    """One run of a real model; what follows from the outcome follows."""
    run_id = f"{test_id}-run-{attempt:04d}"
    known = Outcome(outcome)
    solved = known is Outcome.PASSED
    plain: dict[str, Any] = {
        "run_id": run_id,
        "test_id": test_id,
        "attempt": attempt,
        "timestamp_start": "2025-01-21T22:00:00.000Z",
        "timestamp_end": "2025-01-21T22:00:15.000Z",
        "duration": 15.0,
        "rounds": 6,
        "actions": 12,
        "success": solved if known.counted else None,
        "failure_mode": None if solved else outcome,
        "workspace": f".agent_workspace/{run_id}",
        "output_log": f"logs/{run_id}.txt",
        "agent_ledger": f"logs/{run_id}-ledger.log",
        "performance": Performance(working_seconds=12.0),
        "session_id": SESSION,
        "level": test_id.split("-")[0],
        "nodeid": f"challenges/test_challenges.py::test_challenge[{run_id}]",
        "counted": known.counted,
        "outcome": outcome,
        "stop": "finished" if known.counted else "llm_unavailable",
        "verdict": "pass" if solved else "fail" if known.counted else "not_run",
        "agent": AgentInfo(spec="ollama", model="gpt-oss:20b"),
        "sandbox": SandboxInfo(level="bubblewrap", protected=True),
        "seed": 7,
    }
    return RunRecord(**{**plain, **changes})


def a_master(planned: dict[str, int] | None = None, **changes: Any) -> MasterLog:
    """The master log of a night whose counts come from its records."""
    levels = {
        level: LevelResult(
            planned=number,
            tests_run=0,
            tests_passed=0,
            tests_failed=0,
            void=0,
            not_reached=number,
            pass_rate=None,
        )
        for level, number in (planned or {}).items()
    }
    plain: dict[str, Any] = {
        "session_id": SESSION,
        "start_time": "2025-01-21T22:00:00.000Z",
        "end_time": "2025-01-22T06:00:00.000Z",
        "total_duration": 28800.0,
        "tests_run": 0,
        "tests_passed": 0,
        "tests_failed": 0,
        "overall_pass_rate": None,
        "results_by_level": levels,
        "hrm_tasks_completed": 0,
        "report_path": "overnight_report_2025-01-21.md",
        "planned": sum((planned or {}).values()),
        "void": 0,
        "not_reached": 0,
        "agent": AgentInfo(spec="ollama", model="gpt-oss:20b"),
        "seed": 7,
    }
    return MasterLog(**{**plain, **changes})


def counted_up(master: MasterLog, runs: list[RunRecord]) -> MasterLog:
    """The same master log with the totals of ``runs``."""
    counted = [run for run in runs if run.counted]
    passed = sum(run.success is True for run in counted)
    totals = {
        "tests_run": len(counted),
        "tests_passed": passed,
        "tests_failed": len(counted) - passed,
        "void": len(runs) - len(counted),
    }
    return master.model_copy(update=totals)


class Folder:
    """A results folder that a test fills and whose report it reads."""

    def __init__(self, path: Path) -> None:
        """Make ``path`` with an empty ``runs/``."""
        self.path = path
        (path / "runs").mkdir(parents=True)

    def lay(self, *runs: RunRecord, master: MasterLog | None = None) -> Folder:
        """Write records, and a master log that agrees with them if one is given."""
        for run in runs:
            path = self.path / "runs" / f"{run.run_id}.json"
            path.write_text(run.model_dump_json(indent=2))
        if master is not None:
            whole = counted_up(master, list(runs)).model_dump_json(indent=2)
            (self.path / "master_log.json").write_text(whole)
        return self

    def report(self) -> str:
        """The report as it would be written, without its pictures, which take long."""
        return page_of(analyse(self.path), self.path, ())

    def written(self) -> str:
        """Write report, pictures and artifacts, and read the report."""
        return write_report(self.path).read_text(encoding="utf-8")


def section(page: str, title: str) -> str:
    """What stands under the heading ``title``, with the smaller headings below it."""
    found = re.search(rf"^(##+) {re.escape(title)}\n", page, re.M)
    assert found, f"no section {title!r}"
    rest = page[found.end() :]
    end = re.search(rf"^#{{2,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def rows(markdown: str) -> list[dict[str, str]]:
    """All table rows of a piece of Markdown, each as heading → cell."""
    found: list[dict[str, str]] = []
    header: list[str] = []
    for line in markdown.splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not header:
            header = cells
        elif not set("".join(cells)) <= set("-:"):
            found.append(dict(zip(header, cells, strict=True)))
    return found
