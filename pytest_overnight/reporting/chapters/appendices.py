"""The appendices: every run, and where each number comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.markdown import NOTHING
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import definition
from pytest_overnight.reporting.markdown import label
from pytest_overnight.reporting.markdown import seconds
from pytest_overnight.reporting.markdown import table


def run_table(runs: Sequence[RunRecord], results: Path) -> Markdown:
    """A row a run with links to all that was kept of it."""
    rows = []
    for number, run in enumerate(runs, 1):
        passed = sum(check.passed for check in run.checks)
        kept = " ".join(
            f"[{what}][{key}]" for what, key, _ in _kept(number, run, results)
        )
        rows.append(
            [
                label(run.run_id),
                run.outcome,
                f"{passed}/{len(run.checks)}" if run.checks else None,
                run.rounds,
                seconds(run.duration),
                Markdown(kept or NOTHING),
            ]
        )
    header = ["run", "outcome", ">tests", ">rounds", ">seconds", "kept"]
    return table(header, rows)


def targets(runs: Sequence[RunRecord], results: Path) -> Markdown:
    """Where all ``[run]`` and ``[log][1a]`` of a page lead."""
    lines = []
    for number, run in enumerate(runs, 1):
        lines.append(definition(run.run_id, f"runs/{run.run_id}.json"))
        lines += [definition(key, path) for _, key, path in _kept(number, run, results)]
    return Markdown("\n".join(lines))


def _kept(number: int, run: RunRecord, results: Path) -> list[tuple[str, str, str]]:
    """Word, key and path of what is there: a link into nothing helps nobody."""
    paths = {
        "log": run.output_log,
        "ledger": run.agent_ledger,
        "files": run.snapshot.path if run.snapshot else "",
    }
    return [
        (what, f"{number}{key}", path)
        for key, (what, path) in zip("abc", paths.items(), strict=True)
        if path and (results / path).exists()
    ]
