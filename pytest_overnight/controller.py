"""The night as pytest sees it: prepared once, shared with workers, closed once.

The controller (or the only process, without xdist) checks, locks, proves the sandbox
and writes master log and report; workers receive its decisions and only play runs.
"""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_overnight import options
from pytest_overnight.catalog import harbor
from pytest_overnight.catalog import plan as planning
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.plan import Run
from pytest_overnight.preflight import PreflightError
from pytest_overnight.preflight import resolve_agent
from pytest_overnight.progress import Progress
from pytest_overnight.progress import ProgressReporter
from pytest_overnight.progress import run_id_of
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import SessionLock
from pytest_overnight.records.store import StoreError
from pytest_overnight.records.store import now
from pytest_overnight.settings import Settings
from pytest_overnight.workspace import WorkspaceError
from pytest_overnight.workspace import remove_tree

if TYPE_CHECKING:
    from pytest_overnight.records.record import MasterLog
    from pytest_overnight.sandbox.probe import SandboxReport

VERIFY_MARGIN = 60.0
"""Seconds on top of every other limit before pytest-timeout, the backstop, fires."""


@dataclass(slots=True)
class Night:
    """What every process of a session knows."""

    settings: Settings
    challenges: tuple[Challenge, ...]
    plan: tuple[Run, ...]
    sandbox: SandboxReport | None
    """``sandbox.probe.SandboxReport``: the level that a self-test proved; ``None``
    where nothing will be run."""
    worker: str
    """``gw0`` …, or ``main`` without xdist."""
    has_timeout: bool
    remarks: tuple[str, ...] = ()
    packaged: bool = False
    """The test function is to be taken from the package: no checkout is at hand."""

    def header(self) -> list[str]:
        """Lines for pytest's header."""
        if self.worker != "main":
            return []
        settings = self.settings
        lines = [f"overnight: agent {settings.agent}, seed {settings.seed}"]
        if settings.agent == "ollama":
            lines.append(f"overnight: model {settings.model} at {settings.host}")
        if settings.scripted:
            lines.append(f"overnight: {banner(settings.agent)}")
        lines += [f"overnight: {remark}" for remark in self.remarks]
        if self.sandbox is not None:
            lines.append(f"overnight: {self.sandbox.line()}")
            lines.append(f"overnight: results in {_shown(settings)}")
        return [part for line in lines for part in _wrapped(line)]

    def marks(self, run: Run) -> list[pytest.MarkDecorator]:
        """Markers of one run."""
        marks = [pytest.mark.overnight, getattr(pytest.mark, run.challenge.level)]
        if self.has_timeout:
            seconds = (
                wall_cap(run.challenge, self.settings)
                + run.challenge.verify_seconds
                + VERIFY_MARGIN
            )
            marks.append(pytest.mark.timeout(seconds, method="signal", func_only=True))
        return marks


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 80, subsequent_indent="    ", break_on_hyphens=False)


def wall_cap(challenge: Challenge, settings: Settings) -> float:
    """Seconds after which a try is killed whatever it says of itself."""
    return challenge.timeout_seconds / settings.time_scale + settings.infra_grace + 60


def banner(agent: str) -> str:
    """Shown wherever results of a scripted agent show."""
    name = "REHEARSAL" if agent == "rehearsal" else f"SCRIPTED AGENT {agent!r}"
    return f"*** {name}: scripts act here, no model is measured ***"


def prepare(config: pytest.Config) -> Night:
    """Build the night of this process; every complaint is a ``UsageError``."""
    worker_input = getattr(config, "workerinput", None)
    try:
        if worker_input is not None:
            return _join(config, worker_input)
        return _found(config)
    except (harbor.CatalogError, PreflightError, StoreError) as problem:
        raise pytest.UsageError(str(problem)) from None


def _join(config: pytest.Config, worker_input: dict[str, Any]) -> Night:
    from pytest_overnight.sandbox.probe import SandboxReport

    shared = worker_input["overnight"]
    settings = Settings.from_json(shared["settings"])
    report = SandboxReport(**shared["sandbox"])
    _die_with_the_controller()
    night = _night(config, settings, report, worker_input["workerid"])
    night.packaged = shared["packaged"]
    return night


def _die_with_the_controller() -> None:
    """A worker that outlived its controller would write into the next session."""
    from pytest_overnight.sandbox.inside import tree

    parent = os.getppid()
    tree.prctl(tree.PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _found(config: pytest.Config) -> Night:
    settings = options.build_settings(config)
    if not re.fullmatch(r"[\w.-]+", settings.session_id):
        raise StoreError(
            f"OVERNIGHT_SESSION={settings.session_id!r}: letters, digits, '.', '_' and "
            "'-' only, for it names a folder."
        )
    _check_challenges(settings, harbor.load_suite(settings.suite))
    if config.getoption("overnight_dry_run"):
        if settings.agent == "rehearsal":
            scale = options.REHEARSAL_TIME_SCALE
            settings = dataclasses.replace(settings, time_scale=scale)
        night = _night(config, settings, None, "main")
        config.pluginmanager.register(DryRun(night), "overnight-dry-run")
        return night
    if config.option.collectonly:
        return _night(config, settings, None, "main")
    settings, remark = resolve_agent(settings, options.REHEARSAL_TIME_SCALE)
    remarks = (remark,) if remark else ()
    night = _night(config, settings, _prove(settings), "main", remarks)
    config.pluginmanager.register(Controller(night, config), "overnight-controller")
    return night


def _prove(settings: Settings) -> SandboxReport:
    from pytest_overnight.sandbox.box import BoxError
    from pytest_overnight.sandbox.probe import prove
    from pytest_overnight.sandbox.runtime import prepare_runtime

    try:
        return prove(settings.sandbox, prepare_runtime(), (settings.suite,))
    except BoxError as problem:
        raise PreflightError(str(problem)) from None


def _night(
    config: pytest.Config,
    settings: Settings,
    report: SandboxReport | None,
    worker: str,
    remarks: tuple[str, ...] = (),
) -> Night:
    challenges = harbor.load_suite(settings.suite)
    wanted = [c for c in challenges if c.id in settings.challenges]
    plan = planning.make_plan(wanted or challenges, settings.count, settings.seed)
    has_timeout = config.pluginmanager.has_plugin("timeout")
    packaged = worker == "main" and _needs_packaged_function(config)
    return Night(
        settings, challenges, plan, report, worker, has_timeout, remarks, packaged
    )


def _check_challenges(settings: Settings, known: tuple[Challenge, ...]) -> None:
    ids = [challenge.id for challenge in known]
    for wanted in settings.challenges:
        if wanted not in ids:
            raise harbor.CatalogError(
                f"--challenge {wanted!r}: no such challenge in {settings.suite}. "
                f"Known: {', '.join(ids)}."
            )


def _needs_packaged_function(config: pytest.Config) -> bool:
    """Whether this folder has no test function of its own: any but a checkout."""
    if config.args_source is pytest.Config.ArgsSource.ARGS:
        return False
    return not (config.rootpath / "challenges" / "test_challenges.py").is_file()


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
        self._master: MasterLog | None = None
        self._report_line = ""
        # `timeout`, systemd and a shutdown end programs so: it is a Ctrl-C to us.
        self._on_sigterm = signal.signal(
            signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT)
        )

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
        self._begin([run_id_of(nodeid) for nodeid in ids], workers)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist, we collected ourselves."""
        if session.items:
            self._begin([run_id_of(item.nodeid) for item in session.items], 1)

    def _begin(self, run_ids: list[str | None], workers: int) -> None:
        """The first run is about to start: from here on files are written."""
        wanted = set(run_ids)
        plan = [run for run in self._night.plan if run.id in wanted]
        if self._planned is not None or not plan:
            return
        self._store.put_away_former()
        self._store.create()
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
        from pytest_overnight.records.master import update_master

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
            signal.signal(signal.SIGTERM, self._on_sigterm)
            self._lock.release()

    def _close(self) -> None:
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
        with suppress(WorkspaceError, OSError):
            remove_tree(self._store.workspaces)

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
        terminalreporter.write_line(self._report_line)

    @pytest.hookimpl(optionalhook=True)
    def pytest_json_modifyreport(self, json_report: dict[str, Any]) -> None:
        """pytest-json-report: the master log beside its tests."""
        if self._planned is None:
            return
        self._write_master(now())
        if self._master is not None:
            json_report["overnight"] = self._master.model_dump(mode="json")


def first_master(night: Night) -> MasterLog:
    """The master log of a session that has just begun."""
    from pytest_overnight.records.record import AgentInfo
    from pytest_overnight.records.record import MasterLog

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
        agent=AgentInfo(spec=settings.agent, model=model, scripted=settings.scripted),
        seed=settings.seed,
        titles={run.challenge.id: run.challenge.title for run in night.plan},
        time_scale=settings.time_scale,
        settings=settings.to_json(),
    )


class DryRun:
    """``--overnight-dry-run``: the plan instead of the night."""

    def __init__(self, night: Night) -> None:
        """``night`` is planned, nothing of it is started."""
        self._night = night

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Print what would run."""
        chosen = {run_id_of(item.nodeid) for item in session.items}
        plan = [run for run in self._night.plan if run.id in chosen]
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            for line in dry_run_lines(plan, self._night.settings):
                terminal.write_line(line)
        return True


def dry_run_lines(plan: list[Run], settings: Settings) -> list[str]:
    """The plan for people: a line a challenge, then the hours."""
    lines = ["", f"{'challenge':<10} {'runs':>4} {'limit':>7}  title"]
    for challenge in dict.fromkeys(run.challenge for run in plan):
        runs = sum(run.challenge is challenge for run in plan)
        limit = f"{challenge.timeout_seconds:.0f} s"
        lines.append(f"{challenge.id:<10} {runs:>4} {limit:>7}  {challenge.title}")
    hours = planning.estimate(plan, settings.slots, settings.time_scale)
    lines.append(
        f"{len(plan)} runs, {settings.slots} at a time at the model: expected "
        f"{hours.expected:.1f} h, at worst {hours.worst:.1f} h. Nothing was started."
    )
    return lines


def _shown(settings: Settings) -> str:
    from pathlib import Path

    try:
        return str(settings.results.relative_to(Path.cwd()))
    except ValueError:
        return str(settings.results)
