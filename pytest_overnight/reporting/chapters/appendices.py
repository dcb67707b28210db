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
from pytest_overnight.reporting.reading import lies_in

Kept = dict[str, list[tuple[str, str, str]]]
"""Run id → word, key on the page and path of each file that was kept of it."""


def kept_of(runs: Sequence[RunRecord], results: Path) -> Kept:
    """Only what is there: a link into nothing helps nobody."""
    return {
        run.run_id: [
            (what, f"{number}{key}", path)
            for key, (what, path) in zip("abc", _paths(run).items(), strict=True)
            if path and lies_in(results, path)
        ]
        for number, run in enumerate(runs, 1)
    }


def _paths(run: RunRecord) -> dict[str, str]:
    return {
        "log": run.output_log,
        "ledger": run.agent_ledger,
        "files": run.snapshot.path if run.snapshot else "",
    }


def run_table(runs: Sequence[RunRecord], kept: Kept) -> Markdown:
    """A row a run with links to all that was kept of it."""
    rows = []
    for run in runs:
        passed = sum(check.passed for check in run.checks)
        links = " ".join(f"[{what}][{key}]" for what, key, _ in kept[run.run_id])
        rows.append(
            [
                label(run.run_id),
                run.outcome,
                f"{passed}/{len(run.checks)}" if run.checks else None,
                run.rounds,
                seconds(run.duration),
                Markdown(links or NOTHING),
            ]
        )
    header = ["run", "outcome", ">tests", ">rounds", ">seconds", "kept"]
    return table(header, rows)


def targets(runs: Sequence[RunRecord], kept: Kept) -> Markdown:
    """Where all ``[run]`` and ``[log][1a]`` of a page lead."""
    lines = []
    for run in runs:
        lines.append(definition(run.run_id, f"runs/{run.run_id}.json"))
        lines += [definition(key, path) for _, key, path in kept[run.run_id]]
    return Markdown("\n".join(lines))
