"""What is told, where, and what happens where that fails."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from pytest_overnight.orchestration import notification
from pytest_overnight.orchestration.notification import NightResult
from pytest_overnight.orchestration.notification import tell

WRITES_IT_DOWN = """
import os, sys
with open("told.txt", "w") as file:
    file.write(sys.stdin.read())
    for name in sorted(os.environ):
        if name.startswith("OVERNIGHT_"):
            file.write(f"{name}={os.environ[name]}\\n")
"""


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NightResult:
    monkeypatch.chdir(tmp_path)
    return NightResult(
        session_id="overnight-2026-11-22",
        results=tmp_path,
        solved=98,
        missed=47,
        void=2,
        not_reached=3,
        seconds=28500.0,
        report=tmp_path / "overnight_report_2026-11-22.md",
        status=1,
    )


def test_one_line_a_night_in_the_log_and_on_the_terminal(
    result: NightResult, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(result, ())
    tell(dataclasses.replace(result, label="REHEARSAL", report=None, status=0), ())
    first, second = (result.results / "completion.log").read_text().splitlines()
    line = (
        "overnight-2026-11-22: solved 98, missed 47, void 2, not reached 3; took "
        f"7 h 55 min; exit status 1; report {result.report}"
    )
    moment, told = first.split(" ", 1)
    assert told == line
    assert moment.endswith("Z")
    assert "overnight-2026-11-22 REHEARSAL: solved" in second
    assert second.endswith("exit status 0; no report")
    assert capsys.readouterr().out.splitlines()[0] == line


def test_a_command_has_the_line_and_the_facts(
    result: NightResult, capfd: pytest.CaptureFixture[str]
) -> None:
    tell(result, [sys.executable, "-c", WRITES_IT_DOWN])
    told = Path("told.txt").read_text().splitlines()
    assert told[0] == result.line()
    assert {
        "OVERNIGHT_SESSION=overnight-2026-11-22",
        "OVERNIGHT_SOLVED=98",
        "OVERNIGHT_MISSED=47",
        "OVERNIGHT_VOID=2",
        "OVERNIGHT_NOT_REACHED=3",
        "OVERNIGHT_SECONDS=28500",
        "OVERNIGHT_STATUS=1",
        "OVERNIGHT_LABEL=",
        f"OVERNIGHT_REPORT={result.report}",
        f"OVERNIGHT_RESULTS={result.results}",
    } <= set(told)
    assert not capfd.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-program-anywhere"], "cannot be run: No such file or directory"),
        ([sys.executable, "-c", "raise SystemExit(3)"], "ended with exit status 3"),
        ([sys.executable, "-c", "import time; time.sleep(600)"], "more than 0.2 s"),
    ],
)
def test_a_command_that_fails_is_said_and_costs_nothing(
    result: NightResult,
    command: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        notification, "COMMAND_SECONDS", 0.2 if "600" in command[-1] else 60
    )
    tell(result, command)
    assert said in capsys.readouterr().err
    assert (result.results / "completion.log").read_text().count("\n") == 1


def test_a_log_that_cannot_be_written_is_said(
    result: NightResult, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(dataclasses.replace(result, results=result.results / "gone"), ())
    shown = capsys.readouterr()
    assert "completion.log cannot be written" in shown.err
    assert "solved 98" in shown.out
