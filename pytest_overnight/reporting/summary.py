"""A night in numbers: by challenge, by level, and as a whole. Pure functions.

Everything is counted from the run records; the master log adds only what was planned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_overnight.records.record import Check
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import MeanRate
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.statistics import Spread
from pytest_overnight.reporting.statistics import bounds
from pytest_overnight.reporting.statistics import mean_rate
from pytest_overnight.reporting.statistics import population_rate
from pytest_overnight.reporting.statistics import spread


@dataclass(frozen=True, slots=True)
class Frequency:
    """One way of failing: in how many of the counted runs, and in which."""

    mode: str
    rate: Rate
    run_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """One hidden test that did not pass in some counted runs."""

    name: str
    rate: Rate
    """Runs in which it failed, of those in which it was asked."""
    run_ids: tuple[str, ...]
    message: str
    """Its first message, as recorded: text of the agent's making may be in it."""


@dataclass(frozen=True, slots=True)
class ChallengeSummary:
    """One challenge; times and rounds are over counted runs."""

    test_id: str
    level: str
    rate: Rate
    """Solved of counted."""
    void: int
    failures: tuple[Frequency, ...]
    """Missed runs by outcome, most frequent first."""
    checks: tuple[FailedCheck, ...]
    """Hidden tests that failed somewhere, most frequent first."""
    duration: Spread | None
    """Wall seconds of a run."""
    working: Spread | None
    """The agent's own seconds, waits taken off."""
    rounds: Spread | None


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """One level, or the whole night."""

    level: str
    rate: Rate
    """Solved of counted: every run has one voice."""
    planned: int | None
    """Null when there is no master log to tell."""
    void: int
    not_reached: int | None
    """Planned runs without a usable record."""
    mean: MeanRate
    """Its interval: these challenges, played again."""
    population: MeanRate
    """The same mean; its interval: other challenges like these."""

    @property
    def missed(self) -> int:
        """Counted runs that were not solved."""
        return self.rate.n - self.rate.successes

    @property
    def bounds(self) -> Interval | None:
        """Of the pooled rate, had all void and unreached runs been missed, or solved.

        Null where nothing was planned, or nobody knows what was.
        """
        if not self.planned:
            return None
        return bounds(self.rate.successes, self.missed, self.planned)


@dataclass(frozen=True, slots=True)
class NightSummary:
    """The counts and rates that everything else stands on."""

    challenges: tuple[ChallengeSummary, ...]
    """By level, then id."""
    levels: tuple[LevelSummary, ...]
    total: LevelSummary
    failures: tuple[Frequency, ...]
    """Missed runs of the night by outcome, most frequent first."""
    unreached: tuple[str, ...]
    """Planned challenges without any record."""


def failure_frequencies(runs: Sequence[RunRecord]) -> tuple[Frequency, ...]:
    """Outcomes of missed runs as shares of *all counted* runs, most frequent first."""
    counted = [run for run in runs if run.counted]
    modes: dict[str, list[str]] = {}
    for run in counted:
        if not run.success:
            modes.setdefault(run.outcome, []).append(run.run_id)
    found = (
        Frequency(mode, Rate(len(ids), len(counted)), tuple(ids))
        for mode, ids in modes.items()
    )
    return tuple(sorted(found, key=lambda f: (-f.rate.successes, f.mode)))


def failed_checks(runs: Sequence[RunRecord]) -> tuple[FailedCheck, ...]:
    """Hidden tests of one challenge that failed in counted runs, worst first."""
    asked: dict[str, list[tuple[RunRecord, bool, str]]] = {}
    for run in runs:
        for name, passed, said in _answers(run) if run.counted else ():
            asked.setdefault(name, []).append((run, passed, said))
    found = []
    for name, answers in asked.items():
        failed = [(run.run_id, said) for run, passed, said in answers if not passed]
        if failed:
            ids = tuple(run_id for run_id, _ in failed)
            said = next((said for _, said in failed if said), "")
            found.append(FailedCheck(name, Rate(len(ids), len(answers)), ids, said))
    return tuple(sorted(found, key=lambda check: (-check.rate.successes, check.name)))


def _answers(run: RunRecord) -> Iterator[tuple[str, bool, str]]:
    """Each hidden test once; one that a record lists twice passed where both did."""
    by_name: dict[str, list[Check]] = {}
    for check in run.checks:
        by_name.setdefault(check.name, []).append(check)
    for name, checks in by_name.items():
        said = next((check.message for check in checks if not check.passed), "")
        yield name, all(check.passed for check in checks), said


def summarise_challenge(runs: Sequence[RunRecord]) -> ChallengeSummary:
    """Numbers of one challenge; ``runs`` is not empty and of one challenge."""
    counted = [run for run in runs if run.counted]
    return ChallengeSummary(
        test_id=runs[0].test_id,
        level=runs[0].level,
        rate=Rate(sum(run.success is True for run in counted), len(counted)),
        void=len(runs) - len(counted),
        failures=failure_frequencies(runs),
        checks=failed_checks(runs),
        duration=spread(run.duration for run in counted),
        working=spread(run.performance.working_seconds for run in counted),
        rounds=spread(run.rounds for run in counted),
    )


def summarise_level(
    level: str, members: Sequence[ChallengeSummary], planned: int | None
) -> LevelSummary:
    """Sum up the challenges of a level; extra repetitions count as planned."""
    rate = Rate(
        sum(member.rate.successes for member in members),
        sum(member.rate.n for member in members),
    )
    void = sum(member.void for member in members)
    if planned is not None:
        planned = max(planned, rate.n + void)
    rates = [member.rate for member in members]
    return LevelSummary(
        level=level,
        rate=rate,
        planned=planned,
        void=void,
        not_reached=None if planned is None else planned - rate.n - void,
        mean=mean_rate(rates),
        population=population_rate(rates),
    )


def summarise_night(night: Night) -> NightSummary:
    """Add up the records; the master log tells what was planned."""
    runs = in_order(night.runs)
    by_id: dict[str, list[RunRecord]] = {}
    for run in runs:
        by_id.setdefault(run.test_id, []).append(run)
    challenges = [summarise_challenge(members) for members in by_id.values()]
    plan = night.master.results_by_level if night.master else {}
    titles = night.master.titles if night.master else {}
    names = {one.level for one in challenges} | set(plan)
    levels = [
        summarise_level(
            level,
            [one for one in challenges if one.level == level],
            _planned(night, level),
        )
        for level in sorted(names, key=level_order)
    ]
    planned = sum(level.planned or 0 for level in levels) if night.master else None
    return NightSummary(
        challenges=tuple(challenges),
        levels=tuple(levels),
        total=summarise_level("all", challenges, planned),
        failures=failure_frequencies(runs),
        unreached=tuple(sorted(titles.keys() - by_id.keys(), key=natural)),
    )


def _planned(night: Night, level: str) -> int | None:
    if night.master is None:
        return None
    known = night.master.results_by_level.get(level)
    return known.planned if known else 0


def in_order(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """By level, challenge and repetition, as every list of the report goes."""
    return sorted(runs, key=lambda run: (level_order(run.level), natural(run.run_id)))


@lru_cache(maxsize=1 << 15)
def level_order(level: str) -> tuple[bool, tuple[tuple[str, int], ...]]:
    """Sort key of levels: ``L3`` … ``L6`` in the plan's order, then ``A``."""
    return (not level.startswith("L"), natural(level))


@lru_cache(maxsize=1 << 15)
def natural(name: str) -> tuple[tuple[str, int], ...]:
    """Sort key that puts ``L3-2`` before ``L3-10``."""
    return tuple(
        (letters, int(digits or 0))
        for letters, digits in re.findall(r"(\D*)(\d*)", name)
        if letters or digits
    )
