"""The night as every process of a session knows it, and how it is prepared.

The controller (or the only process, without xdist) checks everything, proves the
sandbox and decides; workers are told its decisions as plain JSON types.
"""

from __future__ import annotations

import dataclasses
import os
import re
import textwrap
import time
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_overnight import options
from pytest_overnight.catalog import harbor
from pytest_overnight.catalog import plan as planning
from pytest_overnight.catalog.challenge import Challenge
from pytest_overnight.catalog.plan import Run
from pytest_overnight.inifile import check_inifile
from pytest_overnight.preflight import PreflightError
from pytest_overnight.preflight import resolve_agent
from pytest_overnight.records import clock
from pytest_overnight.records.banner import banner
from pytest_overnight.records.session import SessionFacts
from pytest_overnight.records.session import challenge_of
from pytest_overnight.records.session import read_session
from pytest_overnight.records.store import RunStore
from pytest_overnight.records.store import StoreError
from pytest_overnight.records.store import is_member
from pytest_overnight.session import NOTHING_TO_RESUME
from pytest_overnight.settings import Settings

if TYPE_CHECKING:
    from pytest_overnight.sandbox.probe import SandboxReport

UNUSABLE = (
    "the results folder cannot be used: {problem}. Make room, or mend it, or name "
    "another with --overnight-results; nothing was played."
)
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
    store: RunStore | None = None
    goes_on: bool = False
    """It was begun before: by a night that broke off, or by ``run_overnight.py``."""
    done: frozenset[str] = frozenset()
    """Ids of runs of this session that need not be played again. Found out once, by
    the controller: a worker that looked for itself, later, would see another list."""

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
        if self.goes_on:
            done = sum(run.id in self.done for run in self.plan)
            lines.append(
                f"overnight: going on with {settings.session_id}: {done} of "
                f"{len(self.plan)} runs are done"
            )
        return [part for line in lines for part in _wrapped(line)]

    def introduce_worker(self) -> None:
        """Let others know who plays runs here. Only now has the session begun."""
        journal = RunStore(self.settings.results).journal
        journal.note("worker", worker=self.worker, pid=os.getpid())

    def why_no_run(self, tell: Callable[[], None]) -> str:
        """Say why no further run may start; empty: one may. Waits where that helps.

        ``tell`` is called when a wait begins and when it is over.
        """
        from pytest_overnight.breaker import Breaker
        from pytest_overnight.housekeeping import make_room
        from pytest_overnight.models.ollama_server import check_server

        settings = self.settings
        # One store for all runs: it reads of the journal what is new only.
        store = self.store = self.store or RunStore(settings.results)

        def check() -> str | None:
            if settings.agent != "ollama":
                return None  # nobody else's server is known
            return check_server(settings.host, settings.model)

        return Breaker(
            store,
            settings,
            None if settings.scripted else check,
            tell,
            lambda: make_room(store, settings, time.time()),
        ).why_not()

    def marks(self, run: Run) -> list[pytest.MarkDecorator]:
        """Markers of one run."""
        marks = [pytest.mark.overnight, getattr(pytest.mark, run.challenge.level)]
        if self.has_timeout:
            seconds = (
                planning.wall_cap(run.challenge, self.settings)
                + 2 * run.challenge.verify_seconds  # a judge that dies is asked again
                + VERIFY_MARGIN
            )
            marks.append(pytest.mark.timeout(seconds, method="signal", func_only=True))
        return marks


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(
        line,
        80,
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,  # a path stays whole, so that it can be copied
    )


def _shown(settings: Settings) -> str:
    try:
        return str(settings.results.relative_to(Path.cwd()))
    except ValueError:
        return str(settings.results)


def prepare(config: pytest.Config) -> Night:
    """Build the night of this process; every complaint is a ``UsageError``."""
    worker_input = getattr(config, "workerinput", None)
    try:
        if worker_input is not None:
            return _join(config, worker_input)
        return _found(config)
    except (harbor.CatalogError, PreflightError, StoreError) as problem:
        raise pytest.UsageError(str(problem)) from None
    except OSError as problem:
        raise pytest.UsageError(UNUSABLE.format(problem=problem)) from None


def _join(config: pytest.Config, worker_input: dict[str, Any]) -> Night:
    from pytest_overnight.endings import end_as_a_worker
    from pytest_overnight.sandbox.probe import SandboxReport

    shared = worker_input["overnight"]
    settings = Settings.from_json(shared["settings"])
    report = SandboxReport(**shared["sandbox"])
    end_as_a_worker()
    planned = shared["plan"]
    night = _night(config, settings, report, worker_input["workerid"], planned=planned)
    night.packaged = shared["packaged"]
    night.done = frozenset(shared["done"])
    return night


def _check_plays_once(config: pytest.Config) -> None:
    """A run has one record: options of other plugins that repeat tests are refused."""
    if config.getoption("reruns", None):
        raise pytest.UsageError(
            "--reruns would play void runs again over their records. Leave it out, or "
            "give `-p no:rerunfailures`."
        )
    if config.getoption("dist", "no") == "each":
        raise pytest.UsageError(
            "--dist each would play every run on every worker at once, in the same "
            "folder. Leave it out: -n alone shares the runs out."
        )


def _found(config: pytest.Config) -> Night:
    check_inifile(config)
    _check_plays_once(config)
    resume, fresh = _resume_or_fresh(config)
    former = _former(config, resume)
    settings = options.build_settings(config, former.settings if former else None)
    if not re.fullmatch(r"\w[\w.-]{0,99}", settings.session_id):
        raise StoreError(
            f"OVERNIGHT_SESSION={settings.session_id!r}: at most 100 letters, digits, "
            "'.', '_' and '-', the first no '.' or '-', for it names a folder."
        )
    _check_challenges(settings, harbor.load_suite(settings.suite))
    file = config.getoption("overnight_plan")
    if config.getoption("overnight_dry_run") or file:
        if settings.agent == "rehearsal":
            scale = options.REHEARSAL_TIME_SCALE
            settings = dataclasses.replace(settings, time_scale=scale)
        night = _night(config, settings, None, "main", former=former)
        from pytest_overnight.dry_run import DryRun

        path = config.invocation_params.dir / file if file else None
        config.pluginmanager.register(DryRun(night, path), "overnight-dry-run")
        return night
    if config.option.collectonly:
        return _night(config, settings, None, "main")
    settings, remark = resolve_agent(
        settings, options.REHEARSAL_TIME_SCALE, joined=is_member(settings.results)
    )
    if settings.budget:
        ends_at = clock.wall() + settings.budget
        settings = dataclasses.replace(settings, ends_at=ends_at)
    remarks = (remark,) if remark else ()
    night = _night(config, settings, _prove(settings), "main", remarks, former)
    from pytest_overnight.controller import Controller

    controller = Controller(night, config, resume=resume, fresh=fresh)
    config.pluginmanager.register(controller, "overnight-controller")
    return night


def _resume_or_fresh(config: pytest.Config) -> tuple[bool, bool]:
    resume = config.getoption("overnight_resume")
    fresh = config.getoption("overnight_fresh")
    if resume and fresh:
        raise pytest.UsageError(
            "--overnight-resume goes on with the last night, --overnight-fresh begins "
            "anew. Give one of them."
        )
    return resume, fresh


def _former(config: pytest.Config, resume: bool) -> SessionFacts | None:
    if not resume:
        return None
    store = RunStore(options.results_folder(config))
    former = read_session(store.journal.read())
    if former is None:
        raise StoreError(NOTHING_TO_RESUME.format(results=store.results))
    return former


def _prove(settings: Settings) -> SandboxReport:
    from pytest_overnight.sandbox.box import BoxError
    from pytest_overnight.sandbox.probe import prove
    from pytest_overnight.sandbox.runtime import prepare_runtime

    try:
        hidden = (settings.suite,)
        required = settings.required_sandbox
        return prove(settings.sandbox, prepare_runtime(), hidden, required)
    except BoxError as problem:
        raise PreflightError(str(problem)) from None


def _night(
    config: pytest.Config,
    settings: Settings,
    report: SandboxReport | None,
    worker: str,
    remarks: tuple[str, ...] = (),
    former: SessionFacts | None = None,
    planned: Sequence[str] = (),
) -> Night:
    challenges = harbor.load_suite(settings.suite)
    wanted = [c for c in challenges if c.id in settings.challenges]
    plan = planning.make_plan(wanted or challenges, settings.count, settings.seed)
    if former is not None:
        ids = [run_id for run_id in former.plan if _asked_now(config, run_id)]
        _check_is_there(former, ids, {challenge.id for challenge in challenges})
        plan = planning.runs_of(ids, plan, challenges, settings.seed)
    elif planned:
        plan = planning.runs_of(planned, plan, challenges, settings.seed)
    has_timeout = config.pluginmanager.has_plugin("timeout")
    packaged = worker == "main" and _needs_packaged_function(config)
    return Night(
        settings, challenges, plan, report, worker, has_timeout, remarks, packaged
    )


def _asked_now(config: pytest.Config, run_id: str) -> bool:
    """Whether this command line, too, asks for a run of a night gone on with."""
    name, _, number = run_id.partition("-run-")
    challenges, most = config.getoption("challenge"), options.count(config)
    return (not challenges or name in challenges) and int(number) <= (most or 10_000)


def _check_is_there(former: SessionFacts, ids: Sequence[str], known: set[str]) -> None:
    """What is to be played of a night that is gone on with."""
    if former.plan and not ids:
        raise StoreError(
            f"{former.id} planned none of what --challenge and --count ask for. Leave "
            "them out: --overnight-resume plays its rest."
        )
    if gone := sorted({challenge_of(run_id) for run_id in former.plan} - known):
        raise StoreError(
            f"{former.id} cannot be gone on with: {', '.join(gone)} is not in "
            f"{former.settings['suite']} any more. Two ways on: put it back; or "
            "--overnight-fresh starts anew and keeps that night in history/."
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
