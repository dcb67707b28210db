"""Whole nights, run as a user runs them: pytest in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class EndedNight:
    """What a finished pytest process left behind."""

    status: int
    out: str
    err: str
    results: Path

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        """Run id → record."""
        files = sorted((self.results / "runs").glob("*.json"))
        return {file.stem: json.loads(file.read_text()) for file in files}

    @property
    def outcomes(self) -> dict[str, str]:
        """Run id → outcome."""
        return {run_id: record["outcome"] for run_id, record in self.records.items()}

    @property
    def master(self) -> dict[str, Any]:
        """The master log."""
        return dict(json.loads((self.results / "master_log.json").read_text()))

    @property
    def report(self) -> str:
        """The report's text."""
        return (self.results / self.master["report_path"]).read_text(encoding="utf-8")


def command(results: Path, *arguments: str) -> list[str]:
    """The command line of a night."""
    plugin = ["-p", "pytest_overnight.plugin", "-p", "no:cacheprovider"]
    return [
        *(sys.executable, "-m", "pytest"),
        *plugin,
        *("--overnight-results", str(results)),
        *arguments,
    ]


def environment(**more: str) -> dict[str, str]:
    """The user's environment, without a night or a model server of their own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OVERNIGHT_", "OLLAMA_", "PYTEST_"))
    }
    paths = [str(CHECKOUT), *filter(None, [kept.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), **more}


def run_night(
    folder: Path, *arguments: str, limit: float = 300.0, **more: str
) -> EndedNight:
    """Run ``pytest`` in ``folder``; results in ``folder/overnight_results``."""
    results = folder / "overnight_results"
    done = subprocess.run(
        command(results, *arguments),
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=limit,
        check=False,
    )
    return EndedNight(done.returncode, done.stdout, done.stderr, results)
