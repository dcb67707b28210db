"""The level in force is proved, never assumed."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pytest

from pytest_overnight.sandbox.box import BoxError
from pytest_overnight.sandbox.probe import SandboxReport
from pytest_overnight.sandbox.probe import prove
from pytest_overnight.sandbox.probe import why_not
from pytest_overnight.sandbox.runtime import Runtime

CARELESS = """#!/bin/sh
# Takes all arguments, isolates nothing.
while [ "$1" != "--" ]; do shift; done
shift
exec "$@"
"""
LEAKY = """#!/bin/sh
for word do
    shift
    [ "$word" = --unshare-net ] || set -- "$@" "$word"
done
exec {bwrap} "$@"
"""
REFUSED = """#!/bin/sh
echo "bwrap: setting up uid map: Permission denied" >&2
exit 1
"""


def put_on_path(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this script be found before the true bubblewrap."""
    folder.mkdir()
    (folder / "bwrap").write_text(script)
    (folder / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.needs("bubblewrap")
def test_bubblewrap_is_proved_and_preferred(runtime: Runtime) -> None:
    report = prove("auto", runtime)
    assert report.level == "bubblewrap"
    assert report.protected
    assert len(report.checks) == 8
    assert report == prove("bubblewrap", runtime)
    assert "\n" not in report.line()
    assert "out of reach" in report.line()


def test_the_process_level_says_that_it_protects_nothing(runtime: Runtime) -> None:
    report = prove("process", runtime)
    assert (report.level, report.protected) == ("process", False)
    assert report.checks == ("workspace", "pytest")
    assert "UNPROTECTED" in report.line()


def test_a_report_crosses_to_workers_as_json(runtime: Runtime) -> None:
    report = prove("process", runtime)
    plain = json.loads(json.dumps(dataclasses.asdict(report)))
    assert SandboxReport(**plain).line() == report.line()


@pytest.mark.needs("bubblewrap")
def test_a_bwrap_that_leaves_the_network_on_is_found_out(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = LEAKY.format(bwrap=shutil.which("bwrap"))
    put_on_path(script, tmp_path / "bin", monkeypatch)
    report = prove("auto", runtime)
    assert report.level == "process"
    assert report.reason == "bubblewrap: the host's loopback network can be reached"


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
    report = prove("auto", runtime)
    assert report.level == "process"
    assert reason in report.line()
    with pytest.raises(
        BoxError, match=r"does not protect here.*apt install bubblewrap"
    ):
        prove("bubblewrap", runtime)


def test_without_bwrap_the_reason_is_said(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "no bwrap on PATH" in prove("auto", runtime).reason
    assert "no bwrap on PATH" in why_not("bubblewrap")
    assert why_not("process") == ""


def test_an_unknown_level_is_a_mistake(runtime: Runtime) -> None:
    with pytest.raises(BoxError, match="choose auto, bubblewrap, process"):
        prove("docker", runtime)
