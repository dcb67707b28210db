"""The one process that owns the session: lock, master log, progress, report.

With xdist this is the controller, which collects and runs nothing itself; without, it
is the only process.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
import signal
import textwrap
from contextlib import suppress
from typing import Any

import pytest

from pytest_overnight.breaker import ended_because
from pytest_overnight.catalog.plan import Run
from pytest_overnight.night import Night
from pytest_overnight.night import banner
from pytest_overnight.progress import Progress
from pytest_overnight.progress import ProgressReporter
from pytest_overnight.progress import run_id_of
from pytest_overnight.records.master import update_master
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import now
from pytest_overnight.sandbox.user import make_reachable
from pytest_overnight.sandbox.user import remove_reachable
from pytest_overnight.settings import Settings


class Controller:
    """Hooks of the one process that owns the session."""

    def __init__(self, night: Night, config: pytest.Config) -> None:
        """Make and lock the results folder; raises :class:`StoreError`."""
        assert night.sandbox is not None
        self._night = night
        self._sandbox = night.sandbox
        self._config = config
        self._store = RunStore(night.settings.results)
        self._store.create()
        self._lock = SessionLock(night.settings.results)
        self._planned: dict[str, int] | None = None
        self._runs: dict[Run, str] = {}
        """Planned run → node id."""
        self._master: MasterLog | None = None
        self._report_line = ""
        self._former_handlers = take_endings_for_ctrl_c()
        self._former_addopts = os.environ.get("PYTEST_ADDOPTS")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Name the settings file: workers would look for one in the results folder.

        They parse our arguments anew, and by now ``DIR`` of ``--overnight-results DIR``
        exists, which pytest takes for a place of tests.
        """
        if self._config.inipath is not None:
            file = shlex.quote(str(self._config.inipath))
            words = f"{self._former_addopts or ''} -c {file}"
            os.environ["PYTEST_ADDOPTS"] = words.strip()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand the decisions to a worker, as plain JSON types."""
        node.workerinput["overnight"] = {
            "settings": self._night.settings.to_json(),
            "sandbox": dataclasses.asdict(self._sandbox),
            "packaged": self._night.packaged,
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """With xdist, workers collect: the first one's list is the plan."""
        workers = len(node.config.option.tx or [1])
        self._begin(ids, workers)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist, we collected ourselves."""
        if session.items:
            self._begin([item.nodeid for item in session.items], 1)

    def _begin(self, nodeids: list[str], workers: int) -> None:
        """The first run is about to start: from here on files are written."""
        wanted = {run_id_of(nodeid): nodeid for nodeid in nodeids}
        plan = [run for run in self._night.plan if run.id in wanted]
        if self._planned is not None or not plan:
            return
        self._store.put_away_former()
        self._store.create()
        self._remove_workspaces()  # of a session that was killed
        make_reachable(self._store.workspaces)
        self._runs = {run: wanted[run.id] for run in plan}
        self._planned = {}
        for run in plan:
            level = run.challenge.level
            self._planned[level] = self._planned.get(level, 0) + 1
        self._store.note("session", session_id=self._night.settings.session_id)
        self._write_master(end_time=None)
        scale = self._night.settings.time_scale
        if not self._night.settings.scripted:
            workers = min(workers, self._night.settings.slots)
        progress = Progress(plan, self._store, workers, scale)
        reporter = ProgressReporter(progress, self._config)
        self._config.pluginmanager.register(reporter, "overnight-progress")

    def _write_master(self, end_time: str | None, report: bool = False) -> None:
        if self._master is None:
            self._master = first_master(self._night)
        self._master = update_master(
            self._master,
            self._store.read_runs(),
            self._planned or {},
            end_time=end_time,
            report_written=report,
        )
        self._store.write_master(self._master)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Close the night: master log, report; a fault here must not cost either."""
        try:
            if self._planned is not None:
                self._close()
        except OSError as problem:
            self._report_line = (
                f"master log and report could not be written: {problem}. Records in "
                f"{self._store.runs} are as they are."
            )
        finally:
            if self._former_addopts is None:
                os.environ.pop("PYTEST_ADDOPTS", None)
            else:
                os.environ["PYTEST_ADDOPTS"] = self._former_addopts
            for number, former in self._former_handlers.items():
                signal.signal(number, former)
            self._lock.release()

    def _close(self) -> None:
        from pytest_overnight.lost import record_lost_runs

        # Nobody plays any more: our hook is the last. Fixtures are torn down, and xdist
        # has waited for its workers to end, or killed them and waited for that.
        record_lost_runs(self._night.settings, self._sandbox, self._runs)
        end = now()
        self._write_master(end)
        self._remove_workspaces()
        try:
            from pytest_overnight.reporting.pages import write_report

            # Twice: the report shows the criteria, and one of them is the report.
            self._write_master(end, report=True)
            report = write_report(self._store.results)
        except Exception as problem:  # a broken report never costs the records
            self._write_master(end, report=False)
            again = f"pytest-overnight report {self._store.results}"
            self._report_line = f"report failed ({problem!r}); again: {again}"
        else:
            self._report_line = f"report: {report}"

    def _remove_workspaces(self) -> None:
        """Nobody works any more; a killed worker could not tidy its own."""
        with suppress(OSError):
            remove_reachable(self._store.workspaces)

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """The night in three lines."""
        terminalreporter.section("overnight")
        master = self._master
        if master is None:
            terminalreporter.write_line(
                "No challenge run was selected: the suite has none of this name, or "
                "the paths given hold none (leave them out)."
            )
            return
        if master.agent.scripted:
            terminalreporter.write_line(banner(master.agent.spec), red=True, bold=True)
        terminalreporter.write_line(
            f"planned {master.planned}: solved {master.tests_passed}, "
            f"missed {master.tests_failed}, void {master.void}, "
            f"not reached {master.not_reached}"
        )
        for line in self._why_it_ended(master):
            terminalreporter.write_line(line, red=True)
        terminalreporter.write_line(self._report_line)

    def _why_it_ended(self, master: MasterLog) -> list[str]:
        """Lines for a night that the circuit breaker ended; else none."""
        reason = ended_because(self._store)
        if not reason:
            return []
        text = (
            f"The night was ended early: {reason} {master.not_reached} of "
            f"{master.planned} runs were not reached. To go on, mend the server (its "
            "own log says more) and run the same command again; the records of this "
            "night are then kept in history/."
        )
        return textwrap.wrap(text, 80, break_on_hyphens=False)

    @pytest.hookimpl(optionalhook=True)
    def pytest_json_modifyreport(self, json_report: dict[str, Any]) -> None:
        """pytest-json-report: the master log beside its tests."""
        if self._planned is None:
            return
        self._write_master(now())
        if self._master is not None:
            json_report["overnight"] = self._master.model_dump(mode="json")


def take_endings_for_ctrl_c() -> dict[int, Any]:
    """Number → former handler of each signal that is to be as a Ctrl-C to us.

    ``timeout``, systemd and a shutdown send SIGTERM, a terminal that is closed SIGHUP.
    One that is ignored stays so: that is how ``nohup`` keeps a night alive.
    """
    return {
        number: signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }


def server_facts(settings: Settings) -> dict[str, Any]:
    """Server version, model digest and the like: two nights differ by these, too."""
    from pytest_overnight.models import ollama_server

    return ollama_server.server_facts(settings.host, settings.model)


def first_master(night: Night) -> MasterLog:
    """The master log of a session that has just begun."""
    settings = night.settings
    model = None if settings.scripted else settings.model
    day = settings.session_id.removeprefix("overnight-")
    return MasterLog(
        session_id=settings.session_id,
        start_time=now(),
        end_time=None,
        total_duration=0.0,
        tests_run=0,
        tests_passed=0,
        tests_failed=0,
        overall_pass_rate=None,
        results_by_level={},
        hrm_tasks_completed=0,
        report_path=f"overnight_report_{day}.md",
        planned=0,
        void=0,
        not_reached=0,
        agent=AgentInfo(
            spec=settings.agent,
            model=model,
            scripted=settings.scripted,
            details=server_facts(settings) if settings.agent == "ollama" else {},
        ),
        seed=settings.seed,
        titles={run.challenge.id: run.challenge.title for run in night.plan},
        time_scale=settings.time_scale,
        settings=settings.to_json(),
    )
