"""pytest's way in: options, the parametrized runs, what a run's report says.

Thin on purpose. Loaded for every pytest run of the machine, so it imports nothing
heavy and does nothing at all unless the command line asks for challenge runs.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from pytest_overnight import options
from pytest_overnight import selection
from pytest_overnight.records.store import DAMAGED
from pytest_overnight.records.store import JOURNAL
from pytest_overnight.records.store import KEPT
from pytest_overnight.records.store import OWNER_VARIABLE
from pytest_overnight.records.store import WORKSPACES
from pytest_overnight.settings import PACKAGE
from pytest_overnight.settings import default_suite

if TYPE_CHECKING:
    from pytest_overnight.arena import Arena
    from pytest_overnight.night import Night
    from pytest_overnight.resources import Slot

NIGHT: pytest.StashKey[Night] = pytest.StashKey()
NIGHT_ENDED = "the night has ended, see its summary"
"""Begins why a run was not to start."""

MARKERS = (
    "overnight: a challenge run; opt-in, see `pytest -m overnight`",
    "L3: challenge run of level L3 (advanced)",
    "L4: challenge run of level L4 (expert)",
    "L5: challenge run of level L5 (extreme)",
    "L6: challenge run of level L6 (beyond)",
    "A: challenge run of series A (further capabilities)",
    "hrm: an HRM-JEPA task; opt-in, see `pytest -m hrm`",
    "gpu: needs a GPU; skipped with the reason where there is none",
)


def pytest_addoption(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Declare the options."""
    options.add_options(parser, pluginmanager)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Set xdist up for long runs, before it reads its options."""
    if owner := os.environ.pop(OWNER_VARIABLE, ""):
        from pytest_overnight.endings import die_with_the_parent

        die_with_the_parent(int(owner))  # also where it plays no runs, but HRM tasks
    if not asked(config):
        return
    if config.getoption("overnight_dry_run") or config.getoption("overnight_plan"):
        config.option.numprocesses = 0
        config.option.dist, config.option.tx = "no", []
    elif config.getoption("maxschedchunk", 0) is None:
        # One run at a time: xdist's default hands out long blocks at once, and the
        # night would no longer go repetition by repetition.
        config.option.maxschedchunk = 1


def pytest_configure(config: pytest.Config) -> None:
    """Register markers; where a night is asked for, prepare it."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if not asked(config) or config.option.help or config.option.version:
        return
    from pytest_overnight import night

    config.stash[NIGHT] = night.prepare(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What the night is made of, in a few lines."""
    night = config.stash.get(NIGHT, None)
    if night is None:
        return []
    lines = night.header()
    if config.pluginmanager.is_blocked("repeat") and _is_installed("pytest_repeat"):
        lines.append("overnight: pytest-repeat is off here; --count means repetitions")
    return lines


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One case a run, repetition by repetition."""
    if metafunc.function.__module__ != "pytest_overnight.suite":
        return
    if options.repeat_is_loaded(metafunc.config.pluginmanager):
        # Its --count is ours here; it must not multiply the runs once more.
        metafunc.definition.add_marker(pytest.mark.repeat(1))
    night = metafunc.config.stash.get(NIGHT, None)
    if night is None:
        # Not asked for: one placeholder, so that nothing is read or planned.
        metafunc.parametrize("run", [pytest.param(None, marks=pytest.mark.overnight)])
        return
    runs = [pytest.param(run, marks=night.marks(run)) for run in night.plan]
    metafunc.parametrize("run", runs)


def pytest_make_parametrize_id(val: object) -> str | None:
    """``L6-3-run-0002``."""
    return str(getattr(val, "id", "")) or None if _is_run(val) else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Below a challenge's folder all is data: hidden tests run in a judge only.

    So is what agents left in a results folder; importing it would run it unboxed.
    """
    try:
        task = collection_path / "task.toml"
        if task.is_file() and (collection_path / "instruction.md").is_file():
            return True
        if collection_path.name in (KEPT, WORKSPACES, DAMAGED):
            return (collection_path.parent / JOURNAL).is_file() or None
    except PermissionError:
        pass  # pytest looks at every folder beside a test's own, whoever owns it
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave challenge runs out unless the command line asks for them.

    Where no checkout is at hand the test function comes from the package; -k and -m
    then filter its runs as any others.
    """
    night = config.stash.get(NIGHT, None)
    if night is None:
        left_out = [item for item in items if _is_challenge(item)]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if not _is_challenge(item)]
        return
    if night.packaged and not any(map(_is_challenge, items)):
        module = pytest.Module.from_parent(
            session, path=PACKAGE / "suite.py", nodeid="overnight"
        )
        items.extend(session.genitems(module))
    done = [item for item in items if _run_id(item) in night.done]
    if done:
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if _run_id(item) not in night.done]
    if config.getoption("challenge"):
        # "Run exactly this challenge": not the tests that lie beside it as well.
        others = [item for item in items if not _is_challenge(item)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if _is_challenge(item)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a run's outcome travel with its report, in plain built-in types."""
    report = yield
    from pytest_overnight import suite

    record = item.stash.get(suite.RECORD, None)
    if record is not None and report.when == "call":
        # A report has no field for it; xdist carries whatever stands in its __dict__.
        vars(report)["overnight"] = summary_of(record)
    return report


def summary_of(record: Any) -> dict[str, Any]:
    """The few plain facts of a run record that pytest's own channels carry."""
    from pytest_overnight.rules.outcome import Outcome

    return {
        "run_id": record.run_id,
        "category": Outcome(record.outcome).category,
        "outcome": record.outcome,
        "duration": float(record.duration),
        "detail": record.detail[:500],
        "scripted": record.agent.scripted,
        "intended": record.agent.intended_outcome,
    }


def pytest_report_teststatus(
    report: pytest.TestReport,
) -> tuple[str, str, str] | None:
    """``solved``, ``missed`` or ``void`` instead of passed and failed."""
    summary = getattr(report, "overnight", None)
    if str(report.outcome) == "rerun":
        return "", "", ""  # a worker was lost; the progress says so
    if report.skipped and NIGHT_ENDED in report.longreprtext:
        return "", "", ""  # the summary says it, with all that were not reached
    if summary is None or report.when != "call":
        # Set-up and tear-down of a run say nothing; else every run is counted thrice.
        return None
    word = summary["category"]
    if report.failed and (summary["intended"] or word != "void"):
        word = "failed"  # a rehearsal whose outcome was not the intended one
    return word, "", f"{word.upper()} ({summary['outcome']})"


@pytest.hookimpl(optionalhook=True)
def pytest_json_runtest_metadata(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> dict[str, Any]:
    """pytest-json-report: the run's facts beside its test."""
    from pytest_overnight import suite

    record = item.stash.get(suite.RECORD, None)
    if record is None or call.when != "call":
        return {}
    return {"overnight": summary_of(record)}


@pytest.fixture(scope="session")
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    """Where runs are played; one a worker, warm from run to run."""
    from pytest_overnight.arena import Arena

    night = request.config.stash[NIGHT]
    assert night.sandbox is not None, "nothing is played in a dry run"
    night.introduce_worker()
    arena = Arena(night.settings, night.challenges, night.sandbox, night.worker)
    yield arena
    arena.close()


@pytest.fixture
def model_slot(request: pytest.FixtureRequest) -> Iterator[Slot]:
    """A slot at a model server that can be worked with; else the night ends here.

    The wait for it is nobody's working time. The run may give it back early.
    """
    from pytest_overnight import resources
    from pytest_overnight.models.pace import host_folder

    night = request.config.stash[NIGHT]

    def go_or_skip() -> None:
        """What is under way elsewhere goes on: each run is skipped by itself."""
        if reason := night.why_no_run(lambda: _start_again(request.node)):
            pytest.skip(f"{NIGHT_ENDED}: {reason}")

    if night.settings.scripted:
        go_or_skip()
        yield resources.Slot()  # no model is asked
        return
    folder = host_folder(night.settings.host)
    with resources.model_slot(folder, night.settings.slots) as slot:
        go_or_skip()
        yield slot


def asked(config: pytest.Config) -> bool:
    """Whether this command line asks for challenge runs."""
    suite = options.value(config, options.OPTIONS_BY_DEST["overnight_suite"])
    return selection.asks_for_night(
        markexpr=config.option.markexpr,
        keyword=config.option.keyword,
        challenges=config.getoption("challenge"),
        arguments=config.args,
        catalogued=lambda: catalogued_ids(Path(suite) if suite else default_suite()),
    )


def catalogued_ids(suite: Path) -> list[str]:
    """Ids by folder name alone (``L6-3-error-recovery``): nothing is read yet."""
    ids = []
    for folder in sorted(suite.glob("*/task.toml")):
        parts = folder.parent.name.split("-")
        ids.append("-".join(parts[:2]))
    return ids


def _start_again(item: pytest.Item) -> None:
    """Let the controller look at the journal: a worker has no other way to call it."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)


def _run_id(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return getattr(call and call.params.get("run"), "id", None)


def _is_challenge(item: pytest.Item) -> bool:
    function = getattr(item, "function", None)
    return getattr(function, "__module__", "") == "pytest_overnight.suite"


def _is_run(val: object) -> bool:
    kind = type(val)
    return (kind.__module__, kind.__name__) == ("pytest_overnight.catalog.plan", "Run")


def _is_installed(module: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(module) is not None
