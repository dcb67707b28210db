"""What really changed since a night before: the same challenges, played again.

Two questions, two answers, never mixed. *These challenges*: are they solved more often
than they were? *Challenges like these*: would others be, too? The verdict answers the
first, and says so. It is what two nights of the same suite can tell: five challenges
with ten runs each have 100 runs to tell it from, but only five differences from which
to conclude on others, and five signs cannot be rarer than 6 %.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.differences import night_differences
from pytest_overnight.reporting.differences import run_differences
from pytest_overnight.reporting.exact import holm
from pytest_overnight.reporting.exact import sign_flip_chance
from pytest_overnight.reporting.exact import stratified_chance
from pytest_overnight.reporting.exact import table_chance
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.statistics import detectable
from pytest_overnight.reporting.statistics import mean_rate
from pytest_overnight.reporting.summary import level_order

SURE = 0.05
"""Chance below which a difference is not put down to chance."""

Verdict = Literal["better", "worse", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One challenge in both nights."""

    test_id: str
    now: Rate
    before: Rate
    chance: float
    """That chance alone makes such a difference (Boschloo's exact test)."""
    adjusted: float
    """The same after Holm's correction for having asked all challenges."""

    @property
    def difference(self) -> float:
        """Of the pass rates, -1 … 1; above 0 is better."""
        return _difference(self.now, self.before)


@dataclass(frozen=True, slots=True)
class Answer:
    """How sure the mean difference is, as the answer to one of the two questions."""

    interval: Interval | None
    """95 %, -1 … 1; null where it cannot be had."""
    chance: float
    """That chance alone makes such a difference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two nights on the challenges that both have, in the same version.

    The verdict's rule: ``better`` or ``worse`` where the chance of ``here`` is at most
    5 % and the mean difference points the same way; else ``cannot tell``. Of nights
    without any difference at most one in twenty gets a verdict, for the test is exact.
    ``fixed`` and ``broken`` are a family of their own, with 5 % of its own.

    There are no lists of challenges that became flakier or steadier: with ten runs a
    night not even 10 of 10 and 5 of 10 differ in 4p(1-p) by more than their intervals.
    """

    session: str
    """Of this night."""
    session_before: str
    scripted: bool
    """Whether scripts were compared, and no model."""
    pairs: tuple[Pair, ...]
    """By challenge id; run ids are ``<id>-run-0001`` … in either session."""
    difference: float
    """Mean over challenges of their differences, -1 … 1; above 0 is better."""
    here: Answer
    """These challenges: MOVER interval (Zou & Donner 2008), exact stratified test."""
    beyond: Answer
    """Challenges like these: t interval over challenges, exact sign-flip test. Null
    interval with one challenge."""
    detectable: float
    """Difference that two such nights find in 80 % of cases, for rates near 50 %."""
    changed: tuple[str, ...]
    """What else differs, in plain words: to be escaped on a page."""
    verdict: Verdict
    """On these challenges."""

    @property
    def fixed(self) -> tuple[str, ...]:
        """Challenges that are surely solved more often, of all that were asked."""
        return tuple(p.test_id for p in self._sure if p.difference > 0)

    @property
    def broken(self) -> tuple[str, ...]:
        """Challenges that are surely solved less often, likewise."""
        return tuple(p.test_id for p in self._sure if p.difference < 0)

    @property
    def _sure(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.adjusted <= SURE]


def compare_nights(now: Night, before: Night) -> Comparison | None:
    """Compare two nights; ``changed`` also tells of settings and machine."""
    found = compare(now.runs, before.runs)
    if found is None:
        return None
    return dataclasses.replace(found, changed=tuple(night_differences(now, before)))


def compare(now: Sequence[RunRecord], before: Sequence[RunRecord]) -> Comparison | None:
    """Compare the runs of two nights.

    Only counted runs, and only challenges with the same content in both. ``None``
    where there are none, or where scripts did the work of one night and a model that
    of the other.
    """
    scripted = {run.agent.scripted for run in (*now, *before)}
    pairs = _pairs(now, before)
    if not pairs or len(scripted) > 1:
        return None
    differences = [pair.difference for pair in pairs]
    rates = [(pair.now, pair.before) for pair in pairs]
    verdict, chance = judge(rates)
    return Comparison(
        session=now[0].session_id,
        session_before=before[0].session_id,
        scripted=scripted == {True},
        pairs=pairs,
        difference=statistics.fmean(differences),
        here=Answer(interval_here(rates), chance),
        beyond=Answer(_interval_beyond(pairs), sign_flip_chance(differences)),
        detectable=detectable(
            [pair.now.n for pair in pairs], [pair.before.n for pair in pairs]
        ),
        changed=tuple(run_differences(now, before)),
        verdict=verdict,
    )


def judge(rates: Sequence[tuple[Rate, Rate]]) -> tuple[Verdict, float]:
    """The verdict, and the chance behind it, on rates of this night and one before.

    Of each challenge, with runs in both. The rule stands at :class:`Comparison`. The
    test gives a challenge with more runs more weight; where the plain mean points the
    other way, there is no verdict.
    """
    chance, direction = stratified_chance(rates)
    mean = statistics.fmean(_difference(now, before) for now, before in rates)
    if chance > SURE or mean * direction <= 0:
        return "cannot tell", chance
    return ("better" if mean > 0 else "worse"), chance


def _difference(now: Rate, before: Rate) -> float:
    return now.successes / now.n - before.successes / before.n


def _pairs(now: Iterable[RunRecord], before: Iterable[RunRecord]) -> tuple[Pair, ...]:
    """Two of a challenge where both nights met two versions of it."""
    ours, theirs = _rates(now), _rates(before)
    shared = sorted(ours.keys() & theirs.keys(), key=lambda one: level_order(one[0]))
    chances = [table_chance(ours[one], theirs[one]) for one in shared]
    return tuple(
        Pair(one[0], ours[one], theirs[one], chance, adjusted)
        for one, chance, adjusted in zip(shared, chances, holm(chances), strict=True)
    )


def _rates(runs: Iterable[RunRecord]) -> dict[tuple[str, str], Rate]:
    """Challenge and its digest (empty where not recorded) → solved of counted."""
    solved: dict[tuple[str, str], list[bool]] = {}
    for run in runs:
        if run.counted:
            version = (run.test_id, run.digests.get("challenge", ""))
            solved.setdefault(version, []).append(run.success is True)
    return {version: Rate(sum(each), len(each)) for version, each in solved.items()}


def interval_here(rates: Sequence[tuple[Rate, Rate]]) -> Interval:
    """Of the mean difference, from the intervals of both nights' means (MOVER).

    Zou & Donner 2008. Simulated for 1 to 23 challenges with ten runs and rates from 0
    to 1, it holds the truth in at least 94 of 100 pairs of nights.
    """
    now, before = (mean_rate(side) for side in zip(*rates, strict=True))
    assert now.estimate is not None
    assert before.estimate is not None
    difference = now.estimate - before.estimate
    below = (now.estimate - now.interval.low, before.interval.high - before.estimate)
    above = (now.interval.high - now.estimate, before.estimate - before.interval.low)
    return Interval(difference - math.hypot(*below), difference + math.hypot(*above))


def _interval_beyond(pairs: Sequence[Pair]) -> Interval | None:
    """Mean ± t · s/√T over challenges (Miller 2024), T - 1 degrees of freedom.

    The error is never less than that of the runs within challenges, of which it is
    made, too: ten differences of 0 do not make it certain that all others are 0.
    """
    if len(pairs) < 2:
        return None
    from scipy.special import stdtrit

    differences = [pair.difference for pair in pairs]
    within = math.sqrt(sum(map(_variance, pairs))) / len(pairs)
    between = statistics.stdev(differences) / math.sqrt(len(pairs))
    half = float(stdtrit(len(pairs) - 1, 0.975)) * max(within, between)
    mean = statistics.fmean(differences)
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))


def _variance(pair: Pair) -> float:
    """Of the difference, by the runs' chance alone; of shares smoothed by one each."""
    shares = [((r.successes + 1) / (r.n + 2), r.n) for r in (pair.now, pair.before)]
    return sum(share * (1 - share) / n for share, n in shares)
