"""Failure analysis: why runs were missed, what they share, what sets them apart."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from pytest_overnight.reporting.clusters import Cluster
from pytest_overnight.reporting.divergence import Choice
from pytest_overnight.reporting.divergence import Divergence
from pytest_overnight.reporting.divergence import Move
from pytest_overnight.reporting.failures import AlwaysMissed
from pytest_overnight.reporting.failures import FailurePatterns
from pytest_overnight.reporting.failures import Kind
from pytest_overnight.reporting.failures import KindSplit
from pytest_overnight.reporting.failures import Mixed
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import chance
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import ids
from pytest_overnight.reporting.markdown import interval
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.markdown import wrap
from pytest_overnight.reporting.summary import NightSummary

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

ERROR_WIDTH = 70
MOVE_WIDTH = 60
MOST_TESTS = 5
"""Hidden tests named for one challenge."""


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


def lost_to(summary: NightSummary) -> Markdown:
    """The most frequent way of failing, if there is one; needs a missed run."""
    missed, first = summary.total.missed, summary.failures[0]
    number = first.rate.successes
    tied = [one.mode for one in summary.failures if one.rate.successes == number]
    if len(tied) > 1:
        names = ", ".join(map(code, tied))
        return Markdown(f"No way of failing leads: {names}, each {number} of {missed}.")
    means = f"{code(first.mode)} ({MEANING.get(first.mode, '')})"
    often = "Most missed runs" if 2 * number > missed else "Most often"
    return Markdown(f"{often}: {means}, {number} of {plural(missed, 'missed run')}.")


def kind_table(splits: Sequence[KindSplit]) -> Markdown:
    """A row a challenge or level, a column a kind of failure."""
    kinds = [kind for kind in Kind if any(split.of(kind) for split in splits)]
    return table(
        ["", ">counted", ">missed", *(f">{kind}" for kind in kinds)],
        (
            [one.name, one.counted, one.missed, *(one.of(kind) or "" for kind in kinds)]
            for one in splits
        ),
    )


def mixed_table(mixed: Sequence[Mixed]) -> Markdown:
    """A row a flaky challenge, the flakiest first."""
    return table(
        ["id", ">solved", ">rate", ">95 %", ">flaky", ">trend a run", ">p"],
        (
            [
                one.test_id,
                f"{one.rate.successes}/{one.rate.n}",
                percent(one.rate.estimate),
                interval(one.rate.interval),
                f"{one.flakiness:.2f}",
                _slope(one),
                f"{one.trend.chance:.2f}" if one.trend else None,
            ]
            for one in mixed
        ),
    )


def _slope(one: Mixed) -> str | None:
    """Null also where all early runs were missed and all late ones solved, or so."""
    if one.trend is None or one.trend.slope is None:
        return None
    return f"{one.trend.slope:+.2f}"


def shared_lines(one: AlwaysMissed | Mixed) -> list[Markdown]:
    """The hidden tests that every missed run failed, by name."""
    lines = [
        Markdown(f"{code(check.name)}, {_of(check.rate.n)}")
        for check in one.shared[:MOST_TESTS]
    ]
    if more := len(one.shared) - MOST_TESTS:
        lines += [Markdown(f"and {more} more")] if more > 0 else []
    return lines


def _of(runs: int) -> str:
    return "in the one that was asked" if runs == 1 else f"in all {runs} asked"


def divergence_lines(found: Divergence) -> Markdown:
    """Where, whereto, and where solved runs went instead, as a nested list."""
    after = f"After {_move(found.after)}" if found.after else "At the start"
    head = (
        f"**{found.test_id}**, step {len(found.prefix) + 1}. {after}, "
        f"{len(found.missed)} of {plural(found.missed_here, 'missed run')} went a way "
        f"that none of the {plural(found.solved_here, 'solved run')} took:"
    )
    lines = [f"- {wrap(Markdown(head), 2)}"]
    lines += [f"  - missed: {line}" for line in _ways(found.ways, found.missed_here)]
    lines += [
        f"  - solved: {line}" for line in _ways(found.solved_ways, found.solved_here)
    ]
    lines.append(f"  - p {chance(found.chance)}. Runs: {wrap(ids(found.missed), 4)}")
    return Markdown("\n".join(lines))


def _ways(ways: Sequence[Choice], here: int) -> Iterator[str]:
    for one in ways[:3]:
        yield f"{_move(one.move)}, {len(one.run_ids)} of {here}"
    if len(ways) > 3:
        yield f"{len(ways) - 3} other ways"


def _move(move: Move) -> Markdown:
    return code(str(move), MOVE_WIDTH) if move.tool else Markdown("the end")


def error_table(clusters: Sequence[Cluster]) -> Markdown:
    """A row a kind of error; its words may be of an agent's making."""
    return table(
        [">runs", ">times", ">missed", "error"],
        (
            [
                len(one.run_ids),
                one.count,
                f"{one.missed.successes}/{one.missed.n}" if one.missed.n else None,
                code(one.fingerprint, ERROR_WIDTH),
            ]
            for one in clusters
        ),
    )


def weighty(patterns: FailurePatterns) -> list[Markdown]:
    """The findings for the executive summary, few and sure."""
    return [*_never(patterns), *_parting(patterns)]


def _never(patterns: FailurePatterns) -> Iterator[Markdown]:
    named = [one for one in patterns.always_missed if one.shared]
    for one in named[:2]:
        runs = plural(one.rate.n, "run")
        tests = plural(len(one.shared), "hidden test")
        yield Markdown(
            f"{one.test_id} was never solved ({runs}): every one that was asked fails "
            f"{tests}, first {code(one.shared[0].name, 60)} "
            f"({one.shared[0].rate.n} asked)."
        )


def _parting(patterns: FailurePatterns) -> Iterator[Markdown]:
    clear = [one for one in patterns.divergences if one.clear and one.ways]
    for one in clear[:1]:
        way = one.ways[0]
        after = f"after {_move(one.after)}" if one.after else "at the start"
        yield Markdown(
            f"In {one.test_id}, {after}, {len(one.missed)} missed runs go where no "
            f"solved run goes, most to {_move(way.move)}."
        )


ISOLATION = {
    "isolation": "booked as reaching for what they must not touch",
    "escape_attempt": "tried to leave the workspace",
    "orphans": "left processes behind",
    "tampered": "changed files beside their workspace",
    "unprotected": "had no walls between them and the hidden tests",
}
"""What each kind of issue means, after "3 runs …"."""
