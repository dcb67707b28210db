"""The one process that owns the session: lock, master log, progress, report.

With xdist this is the controller, which collects and runs nothing itself; without, it
is the only process.
"""

from __future__ import annotations

import dataclasses
import os
import shlex
import textwrap
import time
from collections import defaultdict
from contextlib import suppress
from typing import Any

import pytest

from pytest_overnight.catalog.plan import Run
from pytest_overnight.endings import Endings
from pytest_overnight.endings import interrupt
from pytest_overnight.housekeeping import clean
from pytest_overnight.housekeeping import due
from pytest_overnight.machine import machine_facts
from pytest_overnight.night import UNUSABLE
from pytest_overnight.night import Night
from pytest_overnight.progress import Progress
from pytest_overnight.progress import ProgressReporter
from pytest_overnight.progress import run_id_of
from pytest_overnight.records import clock
from pytest_overnight.records.banner import banner
from pytest_overnight.records.clock import now
from pytest_overnight.records.journal import Journal
from pytest_overnight.records.master import derive_master
from pytest_overnight.records.record import AgentInfo
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.session import CLOSED
from pytest_overnight.records.session import JOINED
from pytest_overnight.records.session import SESSION
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import read_session
from pytest_overnight.records.status import derive_status
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import StoreError
from pytest_overnight.records.store import is_member
from pytest_overnight.recovery import complete_records
from pytest_overnight.recovery import record_lost_runs
from pytest_overnight.sandbox.user import make_reachable
from pytest_overnight.sandbox.user import remove_reachable
from pytest_overnight.session import Opening
from pytest_overnight.session import look
from pytest_overnight.session import open_session
from pytest_overnight.session import planned_challenges
from pytest_overnight.settings import Settings

CURES = defaultdict(
    str,
    server="Mend the server (its own log says more), then: ",
    disk="Make room, then: ",
    memory="See what takes the memory, then: ",
)
"""Kind of a night's early end → what to do about it first."""


NOTHING_SELECTED = (
    "No challenge run was selected: the suite has none of this name, or the paths "
    "given hold none (leave them out)."
)
NOTHING_CHOSEN = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


class Controller:
    """Hooks of the one process that owns the session, or plays a part of it."""

    def __init__(
        self, night: Night, config: pytest.Config, *, resume: bool, fresh: bool
    ) -> None:
        """Make and lock the results folder; raises :class:`StoreError`."""
        assert night.sandbox is not None
        self._night = night
        self._sandbox = night.sandbox
        self._config = config
        self._store = RunStore(night.settings.results)
        self._store.create()
        joined = is_member(self._store.results)
        self._lock = None if joined else SessionLock(self._store.results)
        self._challenges = planned_challenges(night.challenges)
        self._agent = agent_of(night.settings).model_dump(mode="json")
        try:
            self._opening = self._look(resume, fresh, joined)
        except StoreError:
            self._release()
            raise
        self._runs: dict[Run, str] = {}
        """Planned run → node id, of those that this process is to play."""
        self._facts: SessionFacts | None = None
        self._master: MasterLog | None = None
        self._report_line = ""
        self._crashed: set[str] = set()
        self._cleaned: float | None = None
        """When, by the boot clock."""
        self._endings = Endings(self._stop_workers, self._uncover)
        config.pluginmanager.register(_Closing(self._endings), "overnight-closing")
        self._former_addopts = os.environ.get("PYTEST_ADDOPTS")

    def _look(self, resume: bool, fresh: bool, joined: bool) -> Opening:
        self._store.finish_putting_away()
        opening = look(
            self._store,
            self._night.settings,
            self._challenges,
            agent=self._agent,
            sandbox=self._sandbox.level,
            resume=resume,
            fresh=fresh,
            joined=joined,
        )
        night = self._night
        night.done = frozenset(opening.done)
        if opening.former is not None:
            night.goes_on = True
            wanted = set(opening.former.plan)
            night.plan = tuple(run for run in night.plan if run.id in wanted)
        return opening

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
            "plan": [run.id for run in self._night.plan],
            "done": sorted(self._night.done),
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
        if self._facts is not None or not plan:
            return
        self._runs = {run: wanted[run.id] for run in plan}
        done = [run for run in self._night.plan if run.id in self._night.done]
        try:
            self._open([run for run in self._night.plan if run in {*plan, *done}])
            # Of a session that was killed: what lies there is kept first.
            record_lost_runs(self._night.settings, self._sandbox, self._runs)
            self._remove_workspaces()
            make_reachable(self._store.workspaces)
        except StoreError as problem:
            raise pytest.UsageError(str(problem)) from None
        except OSError as problem:
            raise pytest.UsageError(UNUSABLE.format(problem=problem)) from None
        self._clean()
        settings = self._night.settings
        if not settings.scripted:
            workers = min(workers, settings.slots)
        assert self._facts is not None
        progress = Progress(
            plan,
            self._store,
            workers,
            settings.time_scale,
            planned=len(self._facts.plan),
            before=self._opening.done,
        )
        reporter = ProgressReporter(progress, self._config)
        self._config.pluginmanager.register(reporter, "overnight-progress")

    def _open(self, plan: list[Run]) -> None:
        ids = {run.challenge.id for run in plan}
        self._facts = open_session(
            self._opening,
            [one for one in self._challenges if one.id in ids],
            [run.id for run in plan],
            agent=self._agent,
            machine=machine_facts(),
            sandbox=self._sandbox.level,
        )
        self._write_master()

    def _write_master(self, report: bool = False) -> None:
        self._facts = read_session(self._store.journal.read())
        if self._facts is not None:
            records = self._store.read_runs()
            self._master = derive_master(
                self._facts,
                records,
                report_written=report,
                logged=self._store.logged(records),
                hrm=self._store.read_hrm(),
            )
            self._store.write_master(self._master)
            if self._facts.closed is not None:
                status = derive_status(self._facts, records, updated=now())
                self._store.write_status(status)

    def _clean(self) -> None:
        self._cleaned = clock.wall()
        clean(self._store, self._night.settings, time.time())

    def pytest_runtest_logreport(self) -> None:
        """Now and then, between two runs, old snapshots go."""
        if self._facts is not None and due(self._cleaned, clock.wall()):
            self._clean()

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(
        self, crashitem: str, report: pytest.TestReport, sched: Any
    ) -> None:
        """A worker was lost, and its run with it: another one plays it once more.

        What it leaves is found by whoever plays the run next. A run that costs a
        second worker is not given a third.
        """
        if run_id_of(crashitem) is None or crashitem in self._crashed:
            return
        self._crashed.add(crashitem)
        sched.mark_test_pending(crashitem)
        vars(report)["outcome"] = "rerun"  # as pytest-rerunfailures says it

    def _uncover(self) -> None:
        """While a test goes on pytest captures what is written, ours as well."""
        capture: Any = self._config.pluginmanager.get_plugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture(in_=True)

    def _stop_workers(self) -> None:
        # A journal of its own: the signal may have come in the midst of reading ours.
        events = Journal(self._store.journal.path).read()
        begun = [n for n, e in enumerate(events) if e["event"] in (SESSION, JOINED)]
        ours = events[begun[-1] :] if begun else []
        interrupt({int(e["pid"]) for e in ours if e["event"] == "worker"})

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker that was told to end speaks for all: xdist would replace it."""
        if error == "keyboard-interrupt":
            status = pytest.ExitCode.INTERRUPTED
            pytest.exit(f"{node.gateway.id} was told to end", returncode=status)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """One worker was asked to stop; then so are all, before xdist kills them."""
        self._stop_workers()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Close the night: master log, report; a fault here must not cost either.

        Nobody plays any more, for our hook is the last: fixtures are torn down, and
        xdist has waited for its workers to end, or killed them.
        """
        try:
            if self._facts is None and self._opening.former and not self._to_play():
                if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
                    session.exitstatus = pytest.ExitCode.OK  # all were played before
                self._open(list(self._night.plan))
            if self._facts is not None:
                self._close()
            self._count_the_end(session)
        except OSError as problem:
            if session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._report_line = (
                f"master log and report could not be written: {problem}. All that is "
                f"recorded is safe in {self._store.runs}. Make room, or mend the "
                "folder; --overnight-resume then plays the rest and writes both."
            )
        finally:
            if self._former_addopts is None:
                os.environ.pop("PYTEST_ADDOPTS", None)
            else:
                os.environ["PYTEST_ADDOPTS"] = self._former_addopts
            self._endings.give_back()
            self._release()

    def _count_the_end(self, session: pytest.Session) -> None:
        """A night that had to be ended failed, also where each of its runs is fine."""
        facts = self._facts
        ended = facts is not None and facts.ended and facts.ended_kind != "budget"
        if ended and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _to_play(self) -> bool:
        return any(run.id not in self._night.done for run in self._night.plan)

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _close(self) -> None:
        record_lost_runs(self._night.settings, self._sandbox, self._runs)
        complete_records(self._store)
        self._remove_workspaces()
        if self._lock is None:  # the owner of the session closes it
            self._write_master()
            return
        self._store.journal.note(CLOSED)
        self._write_master()
        try:
            from pytest_overnight.reporting.pages import write_report

            # Twice: the report shows the criteria, and one of them is the report.
            self._write_master(report=True)
            report = write_report(self._store.results)
        except Exception as problem:  # a broken report never costs the records
            self._write_master(report=False)
            again = f"pytest-overnight report {self._store.results}"
            self._report_line = f"report failed ({problem!r}); again: {again}"
        else:
            self._report_line = f"report: {report}"

    def _remove_workspaces(self) -> None:
        """Nobody works any more; a killed worker could not tidy its own."""
        with suppress(OSError):
            remove_reachable(self._store.workspaces)

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, exitstatus: int
    ) -> None:
        """The night in three lines."""
        master = self._master
        if master is None and exitstatus not in NOTHING_CHOSEN:
            return  # it never began, and what was in its way is said elsewhere
        terminalreporter.section("overnight")
        if master is None:
            for line in textwrap.wrap(NOTHING_SELECTED, 80):
                terminalreporter.write_line(line)
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
        for line in _wrapped(self._report_line):
            terminalreporter.write_line(line)

    def _why_it_ended(self, master: MasterLog) -> list[str]:
        """Lines for a night that ended before its last run; else none."""
        facts = self._facts
        if facts is None or not master.ended_early:
            return []
        if self._lock is None:
            return _wrapped(f"This phase ended early: {master.ended_early}")
        text = (
            f"The night ended early: {master.ended_early} {master.not_reached} of "
            f"{master.planned} runs were not reached. {CURES[facts.ended_kind]}"
            "--overnight-resume plays exactly the rest."
        )
        return _wrapped(text)

    @pytest.hookimpl(optionalhook=True)
    def pytest_json_modifyreport(self, json_report: dict[str, Any]) -> None:
        """pytest-json-report: the master log beside its tests."""
        if self._facts is None:
            return
        with suppress(OSError):  # said before; the report lies elsewhere
            self._write_master()
        if self._master is not None:
            json_report["overnight"] = self._master.model_dump(mode="json")


def _wrapped(text: str) -> list[str]:
    """At 80 columns; a path stays whole, so that it can be copied."""
    return textwrap.wrap(text, 80, break_on_hyphens=False, break_long_words=False)


class _Closing:
    """Before xdist waits for its workers: a Ctrl-C there would cost the report."""

    def __init__(self, endings: Endings) -> None:
        self._endings = endings

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._endings.closing()


def server_facts(settings: Settings) -> dict[str, Any]:
    """Server version, model digest and the like: two nights differ by these, too."""
    from pytest_overnight.models import ollama_server

    return ollama_server.server_facts(settings.host, settings.model)


def agent_of(settings: Settings) -> AgentInfo:
    """Who does the work of a session."""
    return AgentInfo(
        spec=settings.agent,
        model=None if settings.scripted else settings.model,
        scripted=settings.scripted,
        details=server_facts(settings) if settings.agent == "ollama" else {},
    )
