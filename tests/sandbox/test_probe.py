"""The level in force is proved, never assumed."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from pytest_overnight.sandbox import landlock
from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.open import LEVELS
from pytest_overnight.sandbox.probe import GUARANTEES
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.probe import promises
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.probe import why_not
from pytest_overnight.sandbox.runtime import Runtime
from pytest_overnight.settings import PACKAGE
from tests.support import levels

ROOT = os.geteuid() == 0
MUST_WORK = {"workspace", "pytest"}


def next_best() -> str:
    """The level below bubblewrap that is to be had here."""
    return "process" if why_not("landlock") else "landlock"


# -- what is said of each level -----------------------------------------------------


@pytest.mark.parametrize("level", levels.LEVELS)
def test_what_a_level_promises_was_proved(level: str, runtime: Runtime) -> None:
    report = prove(level, runtime)
    assert report.level == level
    assert promises(level) | MUST_WORK <= set(report.checks)
    # Each guarantee was tried, and either held or did not.
    assert set(report.checks) | set(report.open) == GUARANTEES.keys() | MUST_WORK
    assert not set(report.checks) & set(report.open)


@pytest.mark.parametrize("level", levels.LEVELS)
def test_the_line_names_each_hole_or_says_unprotected(
    level: str, runtime: Runtime
) -> None:
    report = prove(level, runtime)
    line = report.line()
    assert "\n" not in line
    assert line.startswith(f"sandbox: {level}")
    assert report.protected != ("UNPROTECTED" in line)
    if report.protected:
        assert [name for name in report.open if GUARANTEES[name] not in line] == []


@pytest.mark.needs("bubblewrap")
def test_bubblewrap_is_preferred_and_keeps_everything(runtime: Runtime) -> None:
    report = prove("auto", runtime)
    assert (report.level, report.protected) == ("bubblewrap", True)
    assert report.open == ()
    assert promises("bubblewrap") == GUARANTEES.keys()
    assert report == prove("bubblewrap", runtime)
    assert report.line() == (
        "sandbox: bubblewrap (proved by 19 self-tests): "
        "files, network and processes of this machine are out of reach"
    )


@pytest.mark.needs("landlock")
def test_landlock_keeps_hidden_tests_and_says_what_it_does_not(
    runtime: Runtime,
) -> None:
    report = prove("landlock", runtime)
    assert report.protected
    assert "names" in report.open
    assert "hidden tests are out of reach, but names of files outside" in report.line()
    assert "of this machine are out of reach" not in report.line()


@pytest.mark.needs("user")
def test_an_ordinary_user_is_not_protected_at_the_process_level(
    runtime: Runtime,
) -> None:
    report = prove("process", runtime)
    assert not report.protected
    assert promises("process") == frozenset()
    assert "can reach this user's files, network and processes" in report.line()
    # What the self-test tries can succeed: else it would prove nothing elsewhere.
    # Some may be refused by the machine itself, whatever the walls.
    machine = {"system", "io_uring", "userns", "trace", "families"}
    assert GUARANTEES.keys() - machine <= set(report.open)


@pytest.mark.needs("root")
def test_root_s_agent_code_is_another_user_also_at_the_process_level(
    runtime: Runtime,
) -> None:
    report = prove("process", runtime)
    kept = {"write", "modes", "system", "signal", "trace", "environ"}
    assert kept <= set(report.checks)
    # As little as every user of the machine may do; the self-test comes that far.
    assert {"read", "names", "tcp", "udp", "unix", "abstract"} <= set(report.open)


def test_a_report_crosses_to_workers_as_json(runtime: Runtime) -> None:
    report = prove("process", runtime)
    plain = json.loads(json.dumps(dataclasses.asdict(report)))
    assert SandboxReport(**plain).line() == report.line()


@pytest.mark.parametrize("level", levels.LEVELS)
def test_the_self_test_leaves_nothing_behind(
    level: str, runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    prove(level, runtime)
    assert list(tmp_path.iterdir()) == []
    assert not list(Path("/usr").glob("overnight-probe-*"))


# -- which level is taken -----------------------------------------------------------


def test_the_level_that_is_asked_for_is_taken(runtime: Runtime) -> None:
    report = prove("process", runtime)
    assert (report.level, report.reason) == ("process", "asked for")


@pytest.mark.parametrize(
    ("wanted", "required"),
    [("process", "landlock"), ("process", "bubblewrap"), ("landlock", "bubblewrap")],
)
def test_what_is_asked_for_must_be_as_good_as_what_is_required(
    wanted: str, required: str, runtime: Runtime
) -> None:
    with pytest.raises(BoxError, match=f"{wanted} was asked for, and {required} is"):
        prove(wanted, runtime, required=required)


@pytest.mark.needs("landlock")
def test_what_is_required_may_be_surpassed(runtime: Runtime) -> None:
    report = prove("auto", runtime, required="landlock")
    assert report == prove("auto", runtime)


@pytest.mark.parametrize("word", ["docker", "", "Bubblewrap"])
def test_an_unknown_level_is_a_mistake(word: str, runtime: Runtime) -> None:
    for wanted, required in ((word, "process"), ("auto", word)):
        with pytest.raises(BoxError, match=f"choose auto, {', '.join(LEVELS)}"):
            prove(wanted, runtime, required=required)


# -- a bwrap that is none -----------------------------------------------------------

CARELESS = """#!/bin/sh
# Takes all arguments, isolates nothing.
while [ "$1" != "--" ]; do shift; done
shift
exec "$@"
"""
REFUSED = """#!/bin/sh
echo "bwrap: setting up uid map: Permission denied" >&2
exit 1
"""
FORGETFUL = """#!/bin/sh
for word do
    shift
    case "$word" in {forgotten}) ;; *) set -- "$@" "$word" ;; esac
done
exec {bwrap} "$@"
"""
GENEROUS = """#!/bin/sh
for word do
    shift
    [ "$word" != --chdir ] || set -- "$@" {given}
    set -- "$@" "$word"
done
exec {bwrap} "$@"
"""


def put_on_path(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this script be found before the true bubblewrap."""
    folder.mkdir()
    (folder / "bwrap").write_text(script)
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def is_found_out(runtime: Runtime, reason: str) -> None:
    """Not used, and the reason said in one line; refused where it is asked for."""
    report = prove("auto", runtime)
    assert report.level == next_best()
    assert report.reason.startswith("bubblewrap: ")
    assert reason in report.line()
    assert "\n" not in report.line()
    with pytest.raises(BoxError, match="apt install bubblewrap") as refusal:
        prove("bubblewrap", runtime)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (CARELESS, "no process and file namespaces of its own"),
        (REFUSED, "setting up uid map: Permission denied"),
    ],
)
def test_a_bwrap_that_does_not_isolate_is_found_out(
    script: str,
    reason: str,
    runtime: Runtime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_on_path(script, tmp_path / "bin", monkeypatch)
    is_found_out(runtime, reason)


@pytest.mark.needs("bubblewrap")
@pytest.mark.parametrize(
    ("forgotten", "reason"),
    [
        ("--unshare-net", GUARANTEES["tcp"]),
        ("--unshare-pid|--as-pid-1", "no process and file namespaces of its own"),
    ],
)
def test_a_bwrap_that_forgets_a_wall_is_found_out(
    forgotten: str,
    reason: str,
    runtime: Runtime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = FORGETFUL.format(forgotten=forgotten, bwrap=shutil.which("bwrap"))
    put_on_path(script, tmp_path / "bin", monkeypatch)
    is_found_out(runtime, reason)


@pytest.mark.needs("bubblewrap")
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        # The first two do not come to an end, each in its own way.
        pytest.param("--bind / /", "", id="everything"),
        pytest.param("--ro-bind /proc /proc", "", id="processes"),
        pytest.param("--ro-bind {tmp} {tmp}", GUARANTEES["read"], id="files"),
        pytest.param("--bind {tmp} {tmp}", GUARANTEES["unix"], id="sockets"),
        pytest.param("--ro-bind {us} {us}", GUARANTEES["hidden"], id="harness"),
    ],
)
def test_a_bwrap_that_shows_more_than_it_should_is_found_out(
    given: str,
    reason: str,
    runtime: Runtime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp").chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    given = given.format(tmp=tempfile.gettempdir(), us=PACKAGE)
    script = GENEROUS.format(given=given, bwrap=shutil.which("bwrap"))
    put_on_path(script, tmp_path / "bin", monkeypatch)
    is_found_out(runtime, reason)


def test_without_bwrap_the_reason_is_said(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = next_best()
    monkeypatch.setenv("PATH", "/nowhere")
    report = prove("auto", runtime)
    assert report.level == expected
    assert "bubblewrap: bubblewrap is not installed: no bwrap on PATH" in report.reason
    assert "no bwrap on PATH" in why_not("bubblewrap")
    assert why_not("process") == ""


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs a bwrap")
def test_an_interpreter_that_the_box_s_own_folders_hide_is_named(
    runtime: Runtime, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    there = str(tmp_path / "bin" / "python")
    hidden = dataclasses.replace(runtime, base_prefix=str(tmp_path), base_python=there)
    with pytest.raises(BoxError, match=f"{tmp_path}.*has a /tmp of its own"):
        prove("bubblewrap", hidden)


# -- an older Landlock --------------------------------------------------------------


@pytest.mark.needs("landlock")
@pytest.mark.parametrize("version", [4, 5])
def test_a_landlock_that_lets_signals_through_says_so(
    version: int, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: version)
    report = prove("landlock", runtime)
    # Another user's processes cannot be signalled by anybody but root.
    assert ("signal" in report.open) == (not ROOT)
    assert ("signal" in promises("landlock")) == ROOT
    # The rest is the filter's part.
    assert "abstract" in report.checks


def test_a_landlock_that_knows_no_network_is_not_used(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 3)
    monkeypatch.setenv("PATH", "/nowhere")
    report = prove("auto", runtime)
    assert report.level == "process"
    assert "landlock: the kernel's Landlock has version 3" in report.reason
