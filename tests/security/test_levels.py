"""Whatever the machine refuses: the level in force is a proved one, and is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_overnight import settings
from pytest_overnight.sandbox import runtime as runtime_module
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.probe import GUARANTEES
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.runtime import prepare_runtime
from tests.support.levels import LEVELS
from tests.support.levels import ONE_QUICK
from tests.support.levels import must_promise
from tests.support.nights import CHECKOUT
from tests.support.nights import EndedNight
from tests.support.nights import command
from tests.support.nights import environment
from tests.support.nights import run_night
from tests.support.refusing import COLUMN
from tests.support.refusing import without
from tests.support.suites import write_suite

needs_a_refusal = pytest.mark.skipif(
    COLUMN is None, reason="the numbers of this machine's system calls are not known"
)

EVERYTHING = "files, network and processes of this machine are out of reach"

NO_NAMESPACES = pytest.param(
    ["userns"], "landlock", id="no-namespaces", marks=pytest.mark.needs("landlock")
)
NO_LANDLOCK = pytest.param(
    ["landlock"], "bubblewrap", id="no-landlock", marks=pytest.mark.needs("bubblewrap")
)
NEITHER = pytest.param(["userns", "landlock"], "process", id="neither")
NO_FILTER = pytest.param(["seccomp"], "process", id="no-filter")
REFUSALS = [NO_NAMESPACES, NO_LANDLOCK, NEITHER, NO_FILTER]

# -- what is proved -----------------------------------------------------------------

PROVE = """\
import dataclasses, json, sys
from pathlib import Path
told = json.loads(sys.argv[1])
sys.path.insert(0, told["harness"])
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.box import BoxPlan
from pytest_overnight.sandbox.open import open_box
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.runtime import prepare_runtime
hidden = [Path(path) for path in told["hidden"]]
try:
    report = prove(told["wanted"], prepare_runtime(), hidden, told["required"])
    print(json.dumps(dataclasses.asdict(report)))
except BoxError as problem:
    print(json.dumps(str(problem)))
"""


def proved(
    *refused: str,
    before: Sequence[str] = (),
    wanted: str = "auto",
    required: str = "process",
    harness: Path = CHECKOUT,
    hidden: Sequence[Path] = (),
) -> SandboxReport | str:
    """What ``prove`` says on a machine that refuses these, or why it raises.

    ``before``: words of a command that makes the machine, put before all others.
    """
    told = {"wanted": wanted, "required": required, "harness": str(harness)}
    text = json.dumps({**told, "hidden": list(map(str, hidden))})
    words = [*before, *without(*refused), sys.executable, "-c", PROVE, text]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    plain = json.loads(done.stdout)
    return plain if isinstance(plain, str) else SandboxReport(**plain)


@needs_a_refusal
@pytest.mark.parametrize(("refused", "level"), REFUSALS)
def test_the_best_level_that_is_left_is_taken(refused: list[str], level: str) -> None:
    report = proved(*refused)
    assert isinstance(report, SandboxReport)
    assert report.level == level
    assert report.protected == (level != "process")
    assert (EVERYTHING in report.line()) == (level == "bubblewrap")
    assert ("UNPROTECTED" in report.line()) == (level == "process")
    assert "\n" not in report.line()


@needs_a_refusal
@pytest.mark.parametrize(
    ("refused", "reasons"),
    [
        (["userns"], ["bubblewrap: "]),
        (["landlock"], []),
        (["userns", "landlock"], ["bubblewrap: ", "landlock: the kernel does not"]),
        (["seccomp"], ["bubblewrap: ", "landlock: "]),
    ],
)
def test_the_reason_names_each_better_level(
    refused: list[str], reasons: list[str]
) -> None:
    report = proved(*refused)
    assert isinstance(report, SandboxReport)
    if refused == ["landlock"] and report.level != "bubblewrap":
        pytest.skip(f"no bubblewrap here: {report.reason}")
    assert [reason for reason in reasons if reason not in report.reason] == []
    assert bool(report.reason) == bool(reasons)


@needs_a_refusal
@pytest.mark.parametrize(
    ("refused", "level"),
    [
        (["userns"], "bubblewrap"),
        (["userns", "landlock"], "landlock"),
        (["seccomp"], "bubblewrap"),
        (["seccomp"], "landlock"),
    ],
)
def test_what_is_not_to_be_had_is_not_had_by_asking(
    refused: list[str], level: str
) -> None:
    for problem in (
        proved(*refused, wanted=level),
        proved(*refused, required=level),
    ):
        assert isinstance(problem, str)
        assert f"{level}: " in problem


@pytest.mark.parametrize("level", LEVELS)
def test_processes_that_cannot_be_seen_cannot_be_counted_either(
    level: str, tmp_path: Path
) -> None:
    must_promise(level, "processes")
    (tmp_path / "ws").mkdir()
    code = f"import os; print(os.getsid({os.getpid()}))"
    with closing(open_box(BoxPlan(level, tmp_path / "ws"), prepare_runtime())) as box:
        result = box.run(["python", "-c", code], timeout=20)
    assert b"No such process" in result.err


# -- whole nights -------------------------------------------------------------------


def slowly(case: Any) -> Any:
    """The same case, left out of the quick tests."""
    return pytest.param(*case.values, id=case.id, marks=[*case.marks, pytest.mark.slow])


def night_without(refused: list[str], folder: Path, *arguments: str) -> EndedNight:
    """A small night of honest answers on such a machine."""
    suite = write_suite(folder / "suite", ["L3-1"])
    results = folder / "overnight_results"
    words = ["-m", "overnight", "--overnight-suite", str(suite), "--agent", "oracle"]
    paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [*without(*refused), *command(results, *words, "--count=2", *arguments)],
        cwd=folder,
        env=environment(PYTHONPATH=os.pathsep.join(paths)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return EndedNight(done.returncode, done.stdout, done.stderr, results)


@needs_a_refusal
@pytest.mark.parametrize(
    ("refused", "level"), [NO_NAMESPACES, slowly(NO_LANDLOCK), slowly(NEITHER)]
)
def test_a_night_tells_its_level_everywhere(
    refused: list[str], level: str, tmp_path: Path
) -> None:
    night = night_without(refused, tmp_path, "-n", "1")
    assert night.status == 0, night.out
    assert set(night.outcomes.values()) == {"passed"}
    assert len(night.records) == 2
    terminal = " ".join(night.out.split())
    assert f"overnight: sandbox: {level}" in terminal
    protected = level != "process"
    assert ("UNPROTECTED" in terminal) == (not protected)
    for told in (
        night.master["sandbox"],
        *(r["sandbox"] for r in night.records.values()),
    ):
        assert (told["level"], told["protected"]) == (level, protected)
        # Exactly what did not hold, and nothing that did not is listed as proved.
        kept = [name for name in GUARANTEES if GUARANTEES[name] not in told["open"]]
        assert set(told["proved"]) == {*kept, "workspace", "pytest"}
    line = next(s for s in night.report.splitlines() if s.startswith("Sandbox: "))
    assert line.startswith(f"Sandbox: `{level}`, ")
    assert ("**unprotected**" in line) == (not protected)
    careful = "In 2 of 2 runs the agent's code could have read the hidden tests."
    assert (careful in " ".join(night.report.split())) == (not protected)
    if level == "landlock":
        assert "not kept: names of files outside can be seen" in line
    for text in (terminal, night.report):
        assert (EVERYTHING in text) <= (level == "bubblewrap")
        assert ("out of reach" in text) == protected


@needs_a_refusal
@pytest.mark.parametrize(
    ("refused", "required"),
    [
        (["userns"], "bubblewrap"),
        (["userns", "landlock"], "landlock"),
        (["seccomp"], "landlock"),
    ],
)
def test_a_night_below_what_is_required_does_not_start(
    refused: list[str], required: str, tmp_path: Path
) -> None:
    night = night_without(refused, tmp_path, "--overnight-require-sandbox", required)
    assert night.status == 4
    assert "Traceback" not in night.out + night.err
    assert f"{required}: " in night.err
    assert "--overnight-require-sandbox" in night.err  # what to do
    # Advice that is itself refused helps nobody.
    assert "--overnight-sandbox process" not in night.err
    assert not night.results.exists()


# -- a container --------------------------------------------------------------------

CONTAINER = "unshare --user --map-root-user --pid --fork --mount-proc".split()
"""Root in name, with no other user id, and the first process of its world."""


def can_be_contained() -> bool:
    """Whether this machine makes such a container."""
    if shutil.which("unshare") is None:
        return False
    words = [*CONTAINER, "true"]
    return not subprocess.run(words, capture_output=True, check=False).returncode


in_a_container = pytest.mark.skipif(
    not can_be_contained(), reason="no container can be made here"
)


@in_a_container
@pytest.mark.needs("bubblewrap")
def test_a_container_of_few_ids_and_processes_is_no_hindrance() -> None:
    report = proved(before=CONTAINER)
    assert isinstance(report, SandboxReport)
    # A process in the box may have the number of one outside: it is another one.
    assert (report.level, report.reason) == ("bubblewrap", "")
    assert not report.open


@in_a_container
def test_in_a_container_without_ids_agent_code_is_never_called_apart() -> None:
    problem = proved(before=CONTAINER, wanted="landlock")
    assert "user ids 60800 to 60899 do not exist in this container" in str(problem)
    report = proved("userns", before=CONTAINER)
    assert isinstance(report, SandboxReport)
    assert (report.level, report.protected) == ("process", False)
    assert {"read", "write", "signal", "trace", "hidden"} <= set(report.open)
    assert "can reach this user's files, network and processes" in report.line()


# -- root, whose agent code should be somebody else -----------------------------------


@pytest.mark.needs("root")
@pytest.mark.needs("landlock")
def test_a_runtime_that_others_cannot_reach_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "PACKAGES", ("pytest",))
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "closed"))
    runtime = prepare_runtime()
    with pytest.raises(BoxError, match=f"lies in {tmp_path}/closed, which only root"):
        prove("landlock", runtime)
    report = prove("process", runtime)
    assert not report.protected
    assert {"trace", "hidden"} <= set(report.open)


@pytest.mark.needs("root")
def test_hidden_tests_that_everybody_may_read_are_not_called_hidden(
    tmp_path: Path,
) -> None:
    suite = write_suite(tmp_path / "suite", ["L3-1"])
    report = prove("process", prepare_runtime(), [suite])
    assert not report.protected
    assert "hidden tests can be read by every user" in report.line()


@pytest.mark.needs("root")
def test_hidden_tests_that_only_root_may_read_are_hidden(tmp_path: Path) -> None:
    home = tmp_path / "home"  # as /root is
    home.mkdir(mode=0o700)
    shutil.copytree(settings.PACKAGE, home / "pytest_overnight")
    suite = write_suite(home / "suite", ["L3-1"])
    report = proved(wanted="process", harness=home, hidden=[suite])
    assert isinstance(report, SandboxReport)
    assert report.protected
    assert "hidden tests are out of reach, but " in report.line()
    assert GUARANTEES["tcp"] in report.line()


@pytest.mark.needs("root")
@pytest.mark.parametrize("level", ONE_QUICK)
def test_roots_results_may_lie_where_only_root_may_go(
    tmp_path: Path, level: str
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    live = closed / "overnight_results" / ".agent_workspace"
    suite = str(write_suite(tmp_path / "suite", ["L3-1"]))
    arguments = ["-m", "overnight", "--overnight-suite", suite, "--agent", "oracle"]
    more = ["--overnight-sandbox", level, "-n", "2"]
    night = run_night(closed, *arguments, *more, TMPDIR=str(temporary))
    assert set(night.outcomes.values()) == {"passed"}, night.out
    assert not live.is_symlink()
    assert not list(temporary.glob("overnight-*"))
    # A session that was killed leaves the link, and where it leads to.
    left = temporary / "overnight-workspaces-x"
    (left / "L3-1-run-0001").mkdir(parents=True)
    live.symlink_to(left)
    night = run_night(closed, *arguments, *more, TMPDIR=str(temporary))
    assert set(night.outcomes.values()) == {"passed"}, night.out
    assert not live.is_symlink()
    assert not left.exists()
