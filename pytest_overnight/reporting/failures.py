"""Why runs were missed: what they have in common, and what sets them apart.

Pure functions of the records and of what the ledgers tell. Every number names its runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.clusters import Cluster
from pytest_overnight.reporting.clusters import clusters_of
from pytest_overnight.reporting.divergence import Divergence
from pytest_overnight.reporting.divergence import divergences
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.matrix import matrix_of
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import FailedCheck
from pytest_overnight.reporting.summary import Frequency
from pytest_overnight.reporting.summary import failed_checks
from pytest_overnight.reporting.summary import failure_frequencies
from pytest_overnight.reporting.summary import in_order
from pytest_overnight.reporting.trends import Trend
from pytest_overnight.reporting.trends import flakiness
from pytest_overnight.reporting.trends import trend
from pytest_overnight.rules.outcome import Outcome

UNPROTECTED = "unprotected"
LEAST_RUNS = 3
"""Counted runs from which "always missed" is more than bad luck."""


class Kind(StrEnum):
    """What a missed run was lost to, in five words instead of ten outcomes."""

    RAN_OUT = "ran out"
    """Of time, of rounds, actions or tokens, of the model's window."""
    LOOP = "loop"
    """The same steps over and over."""
    ERROR = "error"
    """Answers that could not be used, or the agent's program died."""
    ANSWER = "answer"
    """The agent came to an end of its own, and what it left was not right."""
    ISOLATION = "isolation"
    """It reached for what it must not touch."""


KINDS = {
    Outcome.TIMEOUT: Kind.RAN_OUT,
    Outcome.BUDGET: Kind.RAN_OUT,
    Outcome.CONTEXT: Kind.RAN_OUT,
    Outcome.LOOP: Kind.LOOP,
    Outcome.MALFORMED: Kind.ERROR,
    Outcome.CRASH: Kind.ERROR,
    Outcome.WRONG_ANSWER: Kind.ANSWER,
    Outcome.NO_CHANGE: Kind.ANSWER,
    Outcome.GAVE_UP: Kind.ANSWER,
    Outcome.ISOLATION: Kind.ISOLATION,
}
"""Every missed outcome, and no other."""


@dataclass(frozen=True, slots=True)
class KindShare:
    """Runs that were lost to one kind of failure."""

    kind: Kind
    rate: Rate
    """Of all counted runs of the challenge or level."""
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KindSplit:
    """A challenge or a level, and what its missed runs were lost to."""

    name: str
    """``L3-1``, or ``L3``."""
    counted: int
    missed: int
    shares: tuple[KindShare, ...]
    """Only kinds that occurred, most frequent first."""

    def of(self, kind: Kind) -> int:
        """Missed runs of this kind."""
        return sum(share.rate.successes for share in self.shares if share.kind is kind)


@dataclass(frozen=True, slots=True)
class AlwaysMissed:
    """A challenge with at least ``LEAST_RUNS`` counted runs, none of them solved."""

    test_id: str
    level: str
    rate: Rate
    """0 of the counted runs: its interval says what may still be."""
    run_ids: tuple[str, ...]
    modes: tuple[Frequency, ...]
    """Its outcomes, most frequent first."""
    shared: tuple[FailedCheck, ...]
    """Hidden tests that failed in every run in which they were asked, two at least: no
    run ever passed one of them. Those asked most often come first."""
    passing: tuple[str, ...]
    """Hidden tests that passed in every run in which they were asked."""
    unasked: tuple[str, ...]
    """Runs without an answer of any hidden test."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A challenge that was solved in some counted runs and missed in others."""

    test_id: str
    level: str
    rate: Rate
    """Solved of counted."""
    flakiness: float
    """4p(1-p): 1 where half of the runs are solved, near 0 where almost all agree."""
    trend: Trend | None
    """Of being solved over its counted runs in order of their start; the unit is one
    run."""
    solved: tuple[str, ...]
    """Run ids."""
    missed: tuple[str, ...]
    """Run ids."""
    modes: tuple[Frequency, ...]
    """Outcomes of the missed runs as shares of all counted ones."""
    shared: tuple[FailedCheck, ...]
    """Hidden tests that failed in every missed run in which they were asked, two at
    least."""


@dataclass(frozen=True, slots=True)
class IsolationIssue:
    """Something that may have crossed, or could have crossed, the walls of a run."""

    what: str
    """``isolation`` (the outcome), ``escape_attempt``, ``orphans`` or ``tampered``
    (tags), ``unprotected`` (a sandbox that did not keep tests and harness away)."""
    run_ids: tuple[str, ...]
    """Void runs too: what an agent did does not depend on whether it counts."""
    detail: str
    """What the first of them says of it, which may be hostile text; may be empty."""


@dataclass(frozen=True, slots=True)
class FailurePatterns:
    """All that a night shows of why runs were missed."""

    modes: tuple[Frequency, ...]
    """Outcomes of missed runs as shares of all counted runs, most frequent first."""
    always_missed: tuple[AlwaysMissed, ...]
    """By level, then challenge."""
    mixed: tuple[Mixed, ...]
    """The flakiest first."""
    kinds: tuple[KindSplit, ...]
    """Of each challenge with a counted run; by level, then challenge."""
    level_kinds: tuple[KindSplit, ...]
    """Of each level with a counted run."""
    clusters: tuple[Cluster, ...]
    """Errors met on the way, those of most runs first."""
    divergences: tuple[Divergence, ...]
    """Of mixed challenges, the least likely to be chance first. Only those that are
    ``clear`` say more than how runs scatter."""
    isolation: tuple[IsolationIssue, ...]
    """The gravest first."""


def failure_patterns(
    runs: Iterable[RunRecord], ledgers: Mapping[str, LedgerFacts]
) -> FailurePatterns:
    """Find them all. Without ``ledgers`` there are no divergences, all else stands."""
    known = in_order(runs)
    counted = [run for run in known if run.counted]
    challenges = _grouped(counted, [run.test_id for run in counted])
    levels = _grouped(counted, [run.level for run in counted])
    missed = (_always_missed(members) for members in challenges.values())
    mixed = (_mixed(members) for members in challenges.values())
    return FailurePatterns(
        modes=failure_frequencies(counted),
        always_missed=tuple(one for one in missed if one),
        mixed=tuple(sorted(filter(None, mixed), key=lambda one: -one.flakiness)),
        kinds=tuple(_split(name, members) for name, members in challenges.items()),
        level_kinds=tuple(_split(name, members) for name, members in levels.items()),
        clusters=clusters_of(known),
        divergences=divergences(counted, ledgers),
        isolation=tuple(_isolation(known)),
    )


def _grouped(
    runs: Sequence[RunRecord], names: Sequence[str]
) -> dict[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for run, name in zip(runs, names, strict=True):
        found.setdefault(name, []).append(run)
    return found


def _rate(runs: Sequence[RunRecord]) -> Rate:
    return Rate(sum(run.success is True for run in runs), len(runs))


def _ids(runs: Iterable[RunRecord]) -> tuple[str, ...]:
    return tuple(run.run_id for run in runs)


def _always_missed(runs: Sequence[RunRecord]) -> AlwaysMissed | None:
    """``runs``: the counted ones of one challenge."""
    rate = _rate(runs)
    if rate.successes or rate.n < LEAST_RUNS:
        return None
    return AlwaysMissed(
        test_id=runs[0].test_id,
        level=runs[0].level,
        rate=rate,
        run_ids=_ids(runs),
        modes=failure_frequencies(runs),
        shared=_shared(runs),
        passing=matrix_of(runs, runs[0].test_id).passing,
        unasked=_ids(run for run in runs if not run.checks),
    )


def _shared(missed: Sequence[RunRecord]) -> tuple[FailedCheck, ...]:
    """Hidden tests that failed wherever they were asked; one run shares nothing."""
    return tuple(
        check
        for check in failed_checks(missed)
        if check.rate.successes == check.rate.n > 1
    )


def _mixed(runs: Sequence[RunRecord]) -> Mixed | None:
    """``runs``: the counted ones of one challenge."""
    rate = _rate(runs)
    if not 0 < rate.successes < rate.n:
        return None
    test_id = runs[0].test_id
    missed = [run for run in runs if not run.success]
    begun = sorted(runs, key=lambda run: (run.timestamp_start, run.attempt))
    series = [(float(at), run.success is True) for at, run in enumerate(begun)]
    return Mixed(
        test_id=test_id,
        level=runs[0].level,
        rate=rate,
        flakiness=flakiness(rate) or 0.0,
        trend=trend({test_id: series}),
        solved=_ids(run for run in runs if run.success),
        missed=_ids(missed),
        modes=failure_frequencies(runs),
        shared=_shared(missed),
    )


def _split(name: str, runs: Sequence[RunRecord]) -> KindSplit:
    """``runs``: the counted ones of a challenge or level."""
    missed = [run for run in runs if not run.success]
    kinds = _grouped(missed, [KINDS[Outcome(run.outcome)] for run in missed])
    shares = (
        KindShare(Kind(kind), Rate(len(members), len(runs)), _ids(members))
        for kind, members in kinds.items()
    )
    ranked = sorted(shares, key=lambda share: (-share.rate.successes, share.kind))
    return KindSplit(name, len(runs), len(missed), tuple(ranked))


TAGS = ("tampered", "escape_attempt", "orphans")
"""What a run is tagged with where it touched its walls, the gravest first."""


def _isolation(runs: Sequence[RunRecord]) -> Iterable[IsolationIssue]:
    seen = {Outcome.ISOLATION.value: [r for r in runs if r.outcome == "isolation"]}
    seen |= {tag: [run for run in runs if tag in run.tags] for tag in TAGS}
    seen |= {UNPROTECTED: [run for run in runs if not run.sandbox.protected]}
    for what, members in seen.items():
        if members:
            first = members[0]
            open_ = f"{first.sandbox.level}: {'; '.join(first.sandbox.open)}"
            detail = open_.rstrip(": ") if what == UNPROTECTED else first.detail
            yield IsolationIssue(what, _ids(members), detail)
