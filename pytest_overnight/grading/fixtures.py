"""The judge: a pytest session that has collected every hidden test and then waits.

``prepare`` is the target of a warm server. It collects once and serves; each
verification is a fork that opens one box and runs the tests of one challenge.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import random
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight.grading.bench import Bench
from pytest_overnight.grading.bench import BoxKind
from pytest_overnight.grading.errors import JudgeError
from pytest_overnight.grading.files import Files
from pytest_overnight.grading.program import child_program
from pytest_overnight.grading.remote import Code
from pytest_overnight.grading.shell import Shell
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.runtime import prepare_runtime
from pytest_overnight.sandbox.supervisor import Handler

_UNNEEDED = (
    "cacheprovider capture debugging doctest faulthandler junitxml legacypath "
    "logging nose pastebin recwarn setuponly setupplan stepwise terminal "
    "terminalprogress threadexception unraisableexception warnings"
).split()
MEMORY_BYTES = 3 << 30
"""RLIMIT_DATA of one verification: what a test makes of a reply may be endless. Stacks
of 130 threads, the most there can be, are 1 GiB of it."""
_MISTAKES = (JudgeError, pytest.FixtureLookupError, pytest.PytestReturnNotNoneWarning)
"""What a hidden test cannot raise but by its author's mistake."""
MESSAGE_CAP = 2000


def prepare(payload: dict[str, Any], serve: Callable[[Handler], None]) -> None:
    """Collect the hidden tests of all challenges, then ``serve`` until the end.

    ``payload``: ``challenges`` (id → tests folder), ``level`` of the box.
    """
    tests = {name: Path(folder) for name, folder in payload["challenges"].items()}
    _scrub_environment()
    # Such a test may have meant to assert what it returns.
    warnings.simplefilter("error", pytest.PytestReturnNotNoneWarning)
    _settle_hypothesis(tests.values())
    with tempfile.TemporaryDirectory(prefix="overnight-judge-") as folder:
        program = Path(folder, "child.py")
        program.write_text(child_program(), encoding="utf-8")
        hidden = tuple(folder.parent for folder in tests.values())
        kind = BoxKind(payload["level"], prepare_runtime(), program, hidden)
        kind.warm()
        judge = Judge(tests, kind, serve)
        # No path of a challenge may become the root: its files would be read.
        arguments = [f"--rootdir={folder}", "-c", os.devnull, "--noconftest"]
        arguments += ["--import-mode=importlib", "--continue-on-collection-errors"]
        arguments += [f"--basetemp={folder}/tmp"]
        # Nor need the folders above the suite be readable.
        top = os.path.commonpath([*map(str, tests.values())] or [folder])
        arguments.append(f"--confcutdir={top}")
        for name in _UNNEEDED:
            arguments += ["-p", f"no:{name}"]
        files = [str(file) for tree in tests.values() for file in _test_files(tree)]
        # Without any argument pytest would look at the current folder.
        pytest.main([*arguments, *(files or [folder])], plugins=[judge])


def _test_files(folder: Path) -> list[Path]:
    """Only at the top: folders below hold what tests compare with."""
    return sorted(folder.glob("test_*.py"))


def _scrub_environment() -> None:
    for name in [n for n in os.environ if n.startswith(("PYTEST_", "COV_"))]:
        del os.environ[name]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.dont_write_bytecode = True


def _settle_hypothesis(folders: Any) -> None:
    """Before the tests are imported: they read the profile when they are decorated."""
    files = [file for folder in folders for file in _test_files(folder)]
    if not any(b"hypothesis" in file.read_bytes() for file in files):
        return
    if importlib.util.find_spec("hypothesis") is None:
        return
    import hypothesis

    hypothesis.settings.register_profile(
        "judge",
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        # One failing example decides; a smaller one would cost hundreds of calls.
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    hypothesis.settings.load_profile("judge")


class Judge:
    """The plugin of the paused session."""

    def __init__(
        self,
        tests: dict[str, Path],
        kind: BoxKind,
        serve: Callable[[Handler], None],
    ) -> None:
        self._folders = {str(folder.resolve()): n for n, folder in tests.items()}
        self._kind, self._serve = kind, serve
        self._items: dict[str, list[pytest.Item]] = {name: [] for name in tests}
        self._faults: dict[str, str] = {}
        self._run: Run

    # -- once: collection ---------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Any:
        try:
            report = yield
        except (SystemExit, pytest.exit.Exception) as problem:
            # A test file that ends the process must not take all challenges along.
            said = f"{collector.path.name} raised {type(problem).__name__}: {problem}"
            report = pytest.CollectReport(collector.nodeid, "failed", said, [])
        if not report.passed:  # also one that skips itself: its tests would be missing
            name = self._challenge_of(collector.path)
            self._faults.setdefault(name, str(report.longrepr)[-MESSAGE_CAP:])
        return report

    @pytest.hookimpl
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self._items.setdefault(self._challenge_of(item.path), []).append(item)
        # Its difference of two long texts took seconds a pair: an answer could hang
        # the judge. The rewritten asserts still show both values, shortened.
        session.config.pluginmanager.unregister(name="assertion")

    def _challenge_of(self, path: Path) -> str:
        for folder in [path, *path.parents]:
            if str(folder) in self._folders:
                return self._folders[str(folder)]
        return ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._serve(self.verify)
        return True

    # -- in each fork: one verification -----------------------------------------------

    def verify(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run the tests of one challenge; the reply is plain data.

        ``request``: ``challenge``, ``submission`` folder, ``seed``, ``seconds`` of
        wall time, ``started`` a path that is made once agent code may matter,
        ``only`` the test function of this name (empty: all), ``first`` to stop after
        the first test that fails, ``names`` to tell what names the tests asked for.
        """
        name, only = request["challenge"], request["only"]
        items = [i for i in self._items.get(name, []) if only in ("", _function(i))]
        if name in self._faults or not items:
            reason = self._faults.get(name, f"there is no {only or 'test'}")
            return {"fault": f"hidden tests of {name}: {reason}", "checks": []}
        try:
            self._run = run = Run(request, self._kind)
        except BoxError as error:
            return {"fault": f"the box for hidden tests: {error}", "checks": []}
        order = random.Random(request["seed"])
        items = sorted(items, key=lambda item: item.nodeid)
        order.shuffle(items)
        try:
            for item, following in zip(items, [*items[1:], None], strict=True):
                run.begin(item)
                try:
                    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
                except pytest.exit.Exception as problem:
                    run.fault = f"{item.name} called pytest.exit: {problem}"
                    break
                if request["first"] and not run.outcome(item)[0]:
                    break
        finally:
            run.bench.close()
        short = _short_names(items)
        heard = [i for i in items if run.heard(i)] if request["first"] else items
        checks = sorted([short[item], *run.outcome(item)] for item in heard)
        names = run.bench.names.sorted() if request["names"] else []
        return {"fault": run.fault, "checks": checks, "names": names}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._run.add(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Any:
        report = yield
        if call.excinfo is not None:
            report.place = _place(call.excinfo, item.path)
            report.notes = getattr(call.excinfo.value, "__notes__", [])
            if call.excinfo.errisinstance(_MISTAKES):
                self._run.blame(f"{report.nodeid}: {_message(report)}")
        if hasattr(report, "wasxfail") or item.get_closest_marker("xfail"):
            self._run.blame(f"{report.nodeid}: a hidden test must not expect to fail")
        return report

    # -- what hidden tests use --------------------------------------------------------

    @pytest.fixture
    def code(self) -> Iterator[Code]:
        """The agent's work, in a fresh child."""
        yield from self._child(imports=True)

    @pytest.fixture
    def clean(self) -> Iterator[Code]:
        """A fresh child with nothing of the agent's imported, for foreign data."""
        yield from self._child(imports=False)

    def _child(self, imports: bool) -> Iterator[Code]:
        run = self._run
        code = Code(run.bench, run.deadline, imports=imports)
        yield code
        code.finish()

    @pytest.fixture
    def shell(self) -> Iterator[Shell]:
        """Commands in a fresh copy of the submission."""
        shell = Shell(self._run.bench, self._run.deadline)
        yield shell
        shell.finish()

    @pytest.fixture
    def files(self) -> Files:
        """The submission, read-only."""
        self._run.bench.hear()
        return Files(self._run.bench.submission, self._run.bench.names)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> random.Random:
        """Random numbers of this verification and this test."""
        return random.Random(f"{self._run.seed} {request.node.name}")


class Run:
    """One verification: its box, its clock, what came of each test."""

    def __init__(self, request: dict[str, Any], kind: BoxKind) -> None:
        """Opens the box; raises ``BoxError`` when it does not start."""
        self.seed: int = request["seed"]
        self.end = time.monotonic() + request["seconds"]
        # One hanging test must leave time for the others to be heard.
        self.share = request["seconds"] / 3
        self.deadline = self.end
        self.fault = ""
        mark = Path(request["started"])
        self.bench = Bench(kind, Path(request["submission"]), mark)
        _bound_memory()
        # By item, not by its id: pytest gives files that are arguments no name there,
        # so one test name in two files is one id.
        self._phases: dict[pytest.Item, list[tuple[bool, str]]] = {}
        self._heard: list[tuple[bool, str]] = []

    def begin(self, item: pytest.Item) -> None:
        """Before each test: a fresh folder to come, its deadline, its seeds."""
        self._heard = self._phases.setdefault(item, [])
        self.bench.begin_test()
        self.deadline = min(self.end, time.monotonic() + self.share)
        text = f"{self.seed} {item.name}".encode()
        seed = int.from_bytes(hashlib.sha256(text).digest()[:8], "little")
        random.seed(seed)
        if "hypothesis" in sys.modules:
            import hypothesis.core

            # What --hypothesis-seed sets; its pytest plugin is not loaded here.
            vars(hypothesis.core)["global_force_seed"] = seed

    def blame(self, fault: str) -> None:
        """Nothing can be said of the answer: the first fault stays."""
        self.fault = self.fault or fault

    def add(self, report: pytest.TestReport) -> None:
        """One phase of one test: only an honest pass is a pass."""
        passed = report.outcome == "passed" and not hasattr(report, "wasxfail")
        message = "" if passed else _message(report)
        self._heard.append((passed, message))

    def heard(self, item: pytest.Item) -> bool:
        """Whether the test ran at all."""
        return bool(self._phases.get(item))

    def outcome(self, item: pytest.Item) -> tuple[bool, str]:
        """``(passed, message)``; set-up, call and tear-down must all have passed."""
        phases = self._phases.get(item, [])
        passed = len(phases) == 3 and all(ok for ok, _ in phases)
        messages = [text for _, text in phases if text]
        return passed, "" if passed else "; ".join(messages)[:MESSAGE_CAP] or "not run"


def _bound_memory() -> None:
    """After the box was opened, which has limits of its own."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    soft = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, most))


def _message(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" or hasattr(report, "wasxfail"):
        return "skipped or expected to fail: not a pass"
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(report.longrepr) if crash is None else crash.message
    text = text.removeprefix("pytest_overnight.grading.errors.")
    # Hypothesis puts its example there.
    text = "\n".join([text, *getattr(report, "notes", [])])[: MESSAGE_CAP - 100]
    return f"{text}\n({getattr(report, 'place', report.nodeid)})"


def _place(raised: Any, test: Path) -> str:
    """The line of the test's own file where it went wrong."""
    lines = [e.lineno + 1 for e in raised.traceback if Path(e.path) == test]
    return f"{test.name}:{lines[-1]}" if lines else test.name


def _function(item: pytest.Item) -> str:
    return item.name.partition("[")[0]


def _short_names(items: list[pytest.Item]) -> dict[pytest.Item, str]:
    """Function and parameter; with the file where two files share a name."""
    names = [item.name for item in items]
    return {
        item: item.name
        if names.count(item.name) == 1
        else f"{item.path.stem}:{item.name}"
        for item in items
    }
