"""Telling the user that the night is over: a log, the terminal, a command of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_overnight.orchestration.budget import shown
from pytest_overnight.records.clock import now

COMPLETION = "completion.log"
"""In the results folder, a line a night; it stays when the night goes to history/."""
COMMAND_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class NightResult:
    """What there is to be told of a night that is over."""

    session_id: str
    results: Path
    solved: int
    missed: int
    void: int
    not_reached: int
    seconds: float
    report: Path | None
    """``None``: none was written."""
    status: int
    """Exit status."""
    label: str = ""
    """``REHEARSAL`` and the like: no model was measured."""

    def line(self) -> str:
        """All of it, in one line."""
        label = f" {self.label}" if self.label else ""
        report = f"report {self.report}" if self.report else "no report"
        return (
            f"{self.session_id}{label}: solved {self.solved}, missed {self.missed}, "
            f"void {self.void}, not reached {self.not_reached}; took "
            f"{shown(self.seconds)}; exit status {self.status}; {report}"
        )

    def variables(self) -> dict[str, str]:
        """The same for a command's environment."""
        return {
            "OVERNIGHT_SESSION": self.session_id,
            "OVERNIGHT_RESULTS": str(self.results),
            "OVERNIGHT_SOLVED": str(self.solved),
            "OVERNIGHT_MISSED": str(self.missed),
            "OVERNIGHT_VOID": str(self.void),
            "OVERNIGHT_NOT_REACHED": str(self.not_reached),
            "OVERNIGHT_SECONDS": f"{self.seconds:.0f}",
            "OVERNIGHT_REPORT": str(self.report or ""),
            "OVERNIGHT_STATUS": str(self.status),
            "OVERNIGHT_LABEL": self.label,
        }


def tell(result: NightResult, command: Sequence[str]) -> None:
    """Tell it everywhere. Nothing that goes wrong here changes the night's result."""
    line = result.line()
    try:
        with (result.results / COMPLETION).open("a", encoding="utf-8") as log:
            log.write(f"{now()} {line}\n")
    except OSError as problem:
        print(f"{COMPLETION} cannot be written: {problem}", file=sys.stderr)
    bell = "\a" if sys.stdout.isatty() else ""
    print(f"{bell}{line}", flush=True)
    if command and (problem_said := _run(command, line, result.variables())):
        print(f"--notify: {problem_said}", file=sys.stderr)


def _run(command: Sequence[str], line: str, variables: dict[str, str]) -> str:
    """Run the user's command; what went wrong, empty: nothing."""
    try:
        done = subprocess.run(
            list(command),
            input=f"{line}\n".encode(),
            env={**os.environ, **variables},
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {COMMAND_SECONDS:g} s and was killed."
    except OSError as problem:
        return f"{command[0]} cannot be run: {problem.strerror}."
    if done.returncode:
        return f"{command[0]} ended with exit status {done.returncode}."
    return ""
