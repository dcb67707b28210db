"""What all tests share: which of them need what, and a quiet environment.

``@pytest.mark.needs("bubblewrap")`` skips a test, with the reason, where a probe says
that the thing is missing. Names in ``OVERNIGHT_MUST_RUN`` (comma-separated) turn that
round: a test that needs one of them and is skipped has failed, unless it was skipped
for another need, or what it asks for does not exist by nature (see
``tests/support/levels.py``).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest

# Helpers whose asserts shall tell what they compared, as those of tests do.
pytest.register_assert_rewrite(
    "tests.security.scene", "tests.security.stage", "tests.support"
)

# A shell's background job ignores the first, under nohup the second too, and both are
# handed on to what tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

collect_ignore = ["answers"]  # tests in there are parts of answers
MUST_RUN = frozenset(filter(None, os.environ.get("OVERNIGHT_MUST_RUN", "").split(",")))


def _bubblewrap() -> str:
    from pytest_overnight.sandbox.probe import why_not

    return why_not("bubblewrap")


def _landlock() -> str:
    from pytest_overnight.sandbox.probe import why_not

    return why_not("landlock")


def _root() -> str:
    return "only root can become another user" if os.geteuid() else ""


def _user() -> str:
    return "" if os.geteuid() else "this is root, who may do anything"


def _ollama_client() -> str:
    return _modules("ollama")


def _wheel() -> str:
    return _modules("build", "hatchling", "pip")


def _modules(*names: str) -> str:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


PROBES: dict[str, Callable[[], str]] = {
    "bubblewrap": _bubblewrap,
    "landlock": _landlock,
    "ollama-client": _ollama_client,
    "root": _root,
    "user": _user,
    "wheel": _wheel,
}
"""Name → why it is missing here; empty where it is there."""


@cache
def why_missing(name: str) -> str:
    """Ask the probe, once a process."""
    return PROBES[name]()


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; refuse a misspelt name in the environment."""
    config.addinivalue_line(
        "markers", "needs(name, …): skipped where a probe says that one is missing"
    )
    unknown = ", ".join(sorted(MUST_RUN - PROBES.keys()))
    if unknown:
        known = ", ".join(sorted(PROBES))
        raise pytest.UsageError(f"OVERNIGHT_MUST_RUN: no {unknown}; known: {known}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A misspelt need would skip nothing, or for ever: refuse it."""
    for item in items:
        unknown = _needs(item) - PROBES.keys()
        if unknown:
            names = ", ".join(sorted(unknown))
            raise pytest.UsageError(f"{item.nodeid} needs {names}: no such probe")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what cannot run here, for a reason that is none to fail, if there is one."""
    lacking = [name for name in _needs(item) if why_missing(name)]
    for name in sorted(lacking, key=lambda name: (name in MUST_RUN, name)):
        skip = pytest.skip.Exception(f"needs {name}: {why_missing(name)}")
        skip.by_nature = name not in MUST_RUN
        raise skip


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a skip of what must run be a failure."""
    report = yield
    if getattr(getattr(call.excinfo, "value", None), "by_nature", False):
        return report
    must = ", ".join(sorted(_needs(item) & MUST_RUN))
    if must and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "xfail"
        report.outcome = "failed"
        report.longrepr = f"{must} is in OVERNIGHT_MUST_RUN, yet: {reason}"
    return report


def _needs(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("needs") for name in mark.args}


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own night and model server must not reach into a test."""
    for name in os.environ:
        if name.startswith(("OVERNIGHT_", "OLLAMA_")):
            monkeypatch.delenv(name)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """As pytest makes it; as root one that other users, as whom boxes run, may pass.

    Each pytest that starts closes the folder that all of root's share.
    """
    if os.geteuid() != 0:
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="overnight-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# A shared machine stalls at times: no example fails for being slow.
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")
