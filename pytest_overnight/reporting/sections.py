"""The parts of a report that take more than a template: its tables and lists.

Everything here returns :class:`Markdown`. The order and the words around the tables are
in the template, ``reports/report.md.j2``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.markdown import NOTHING
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import definition
from pytest_overnight.reporting.markdown import interval
from pytest_overnight.reporting.markdown import label
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import seconds
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import Frequency
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.times import WHAT
from pytest_overnight.reporting.times import Part
from pytest_overnight.rules.fingerprint import Group

MEANING = {
    "passed": "every hidden test passed",
    "wrong_answer": "work was handed in; a hidden test said no",
    "no_change": "the workspace was left as it was",
    "gave_up": "the agent said that it cannot do it",
    "timeout": "out of time while still doing new things",
    "budget": "out of rounds, actions or tokens",
    "loop": "the same steps over and over",
    "malformed": "answers that could not be used",
    "context": "the conversation outgrew the model's window",
    "crash": "the agent's own program died",
    "isolation": "the agent reached for what it must not touch",
    "infra": "the model server or the machine failed",
    "harness": "the harness or the challenge failed",
    "cancelled": "stopped from outside",
}
"""What each outcome means, for a reader who has never seen the word."""

TITLE_WIDTH = 30
ERROR_WIDTH = 76


def level_counts(summary: NightSummary) -> Markdown:
    """Where every planned run went."""
    return table(
        [
            "level",
            ">planned",
            ">counted",
            ">solved",
            ">missed",
            ">void",
            ">not reached",
        ],
        (
            [
                level.level,
                level.planned,
                level.rate.n,
                level.rate.successes,
                level.missed,
                level.void,
                level.not_reached,
            ]
            for level in [*summary.levels, summary.total]
        ),
    )


def level_rates(summary: NightSummary) -> Markdown:
    """Both denominators, and the mean over challenges with its interval."""
    return table(
        [
            "level",
            ">solved of counted",
            ">solved of planned",
            ">challenges",
            ">their mean",
            ">95 % interval",
        ],
        (
            [
                level.level,
                share(level.rate),
                share(level.of_planned),
                level.mean.challenges,
                percent(level.mean.estimate),
                interval(level.mean.interval),
            ]
            for level in [*summary.levels, summary.total]
        ),
    )


def share(rate: Rate | None) -> str:
    """``27/30 = 90 %``."""
    if rate is None or rate.estimate is None:
        return NOTHING
    return f"{rate.successes}/{rate.n} = {percent(rate.estimate)}"


def challenge_table(summary: NightSummary, titles: Mapping[str, str]) -> Markdown:
    """A row a challenge; the column of titles only where one is known."""
    titled = any(one.test_id in titles for one in summary.challenges)
    rows = []
    for one in summary.challenges:
        name = titles.get(one.test_id, one.test_id)
        rows.append(
            [
                one.test_id,
                *([_shortened(name)] if titled else []),
                f"{one.rate.successes}/{one.rate.n}",
                percent(one.rate.estimate),
                interval(one.rate.interval),
                seconds(one.duration.median if one.duration else None),
                _most_frequent(one.failures),
            ]
        )
    return table(
        [
            "id",
            *(["title"] if titled else []),
            ">solved",
            ">rate",
            ">95 %",
            ">median s",
            "missed most by",
        ],
        rows,
    )


def _most_frequent(failures: Sequence[Frequency]) -> str | None:
    if not failures:
        return None
    most = failures[0].rate.successes
    tie = len(failures) > 1 and failures[1].rate.successes == most
    return f"{failures[0].mode} {most}×{' (tie)' if tie else ''}"


def _shortened(title: str) -> str:
    return title if len(title) <= TITLE_WIDTH else f"{title[: TITLE_WIDTH - 1]}…"


def failure_table(summary: NightSummary) -> Markdown:
    """A row a way of failing, as a share of all counted runs."""
    return table(
        ["outcome", ">runs", ">of counted", ">95 %", "meaning"],
        (
            [
                mode.mode,
                mode.rate.successes,
                percent(mode.rate.estimate),
                interval(mode.rate.interval),
                MEANING.get(mode.mode, ""),
            ]
            for mode in summary.failures
        ),
    )


def duration_table(summary: NightSummary) -> Markdown:
    """Wall seconds of counted runs; beside them the agent's own time and rounds."""
    return table(
        [
            "id",
            ">runs",
            ">mean",
            ">median",
            ">sd",
            ">min",
            ">max",
            ">own median",
            ">rounds median",
            ">rounds max",
        ],
        (
            [
                one.test_id,
                time.n,
                seconds(time.mean),
                seconds(time.median),
                seconds(time.sd),
                seconds(time.low),
                seconds(time.high),
                seconds(one.working.median),
                f"{one.rounds.median:g}",
                f"{one.rounds.high:g}",
            ]
            for one in summary.challenges
            if (time := one.duration) and one.working and one.rounds
        ),
    )


def time_table(parts: Sequence[Part]) -> Markdown:
    """A row a part of the runs' wall time."""
    return table(
        ["part", ">in all", ">share", ">median s", "what"],
        (
            [
                part.name.replace("_", " "),
                span(part.seconds),
                percent(part.share),
                seconds(part.median),
                WHAT[part.name],
            ]
            for part in parts
        ),
    )


def error_table(groups: Sequence[Group]) -> Markdown:
    """A row a kind of error; its words may be of an agent's making."""
    return table(
        [">runs", ">times", "error"],
        (
            [len(group.runs), group.count, code(group.fingerprint, ERROR_WIDTH)]
            for group in groups
        ),
    )


def criteria_table(master: MasterLog) -> Markdown:
    """The plan's success criteria."""
    return table(
        ["", "criterion", "target", "reached"],
        (
            ["met" if one.met else "MISSED", one.name, one.target, one.actual]
            for one in master.criteria
        ),
    )


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


def run_ids(ids: Iterable[str]) -> Markdown:
    """``[L3-1-run-0001], [L3-1-run-0004]``: each a link to its record."""
    return Markdown(", ".join(label(run_id) for run_id in ids))


def counted_modes(modes: Iterable[str]) -> Markdown:
    """``3 `infra`, 1 `harness```, most frequent first."""
    counts = Counter(modes).most_common()
    return Markdown(", ".join(f"{number} {code(mode)}" for mode, number in counts))


def always_mixed_never(summary: NightSummary) -> tuple[list[str], list[str], list[str]]:
    """Challenge ids by whether all, some or none of their counted runs were solved."""
    seen = [one for one in summary.challenges if one.rate.n]
    return (
        [one.test_id for one in seen if one.rate.successes == one.rate.n],
        [one.test_id for one in seen if 0 < one.rate.successes < one.rate.n],
        [one.test_id for one in seen if not one.rate.successes],
    )
