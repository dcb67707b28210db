"""Statistics beside the rates: reliability, order, rounds, tools, tokens, time."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.ledgers import LedgerFacts
from pytest_overnight.reporting.ledgers import ToolRate
from pytest_overnight.reporting.ledgers import tool_rates
from pytest_overnight.reporting.statistics import PassAt
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.statistics import mean_pass
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.times import Part
from pytest_overnight.reporting.times import time_split
from pytest_overnight.reporting.trends import RunsTest
from pytest_overnight.reporting.trends import Shares
from pytest_overnight.reporting.trends import Trend
from pytest_overnight.reporting.trends import runs_test
from pytest_overnight.reporting.trends import trend
from pytest_overnight.reporting.trends import variance_shares

ATTEMPTS = (1, 2, 3, 5, 10)
"""The k of pass@k, as far as there are runs for them."""


@dataclass(frozen=True, slots=True)
class Order:
    """Whether one challenge's solved and missed runs lie in clumps."""

    test_id: str
    test: RunsTest


@dataclass(frozen=True, slots=True)
class RoundClass:
    """Counted runs that took about so many rounds."""

    low: int
    high: int
    """Both ends are in it."""
    rate: Rate


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the counted runs of a level, or of the night, cost."""

    level: str
    runs: int
    prompt: int
    """Sum over runs and rounds: what the model read, caches not regarded."""
    output: int
    median_output: float
    """Of a run."""
    per_solved: float | None
    """Prompt and output tokens of all runs for each solved one; null: none was."""
    speed: float | None
    """Median over runs of output tokens per second of decoding; null: none known."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All of it."""

    passes: tuple[PassAt, ...]
    shares: Shares | None
    """Where the variance of outcomes lies; null: it cannot be told."""
    trend: Trend | None
    """Of solving, over the repetitions; null: no challenge has both outcomes."""
    orders: tuple[Order, ...]
    """By challenge, the least likely first."""
    rounds: tuple[RoundClass, ...]
    tools: tuple[ToolRate, ...]
    """Empty where no ledger could be read."""
    tokens: tuple[Tokens, ...]
    """By level, then all; empty where no token was counted."""
    times: tuple[Part, ...]


def break_down(
    runs: Sequence[RunRecord],
    summary: NightSummary,
    ledgers: Mapping[str, LedgerFacts],
) -> Breakdown:
    """``runs`` in any order; only those that count are looked at."""
    counted = [run for run in runs if run.counted]
    series = by_challenge(counted)
    rates = [one.rate for one in summary.challenges]
    most = max((rate.n for rate in rates), default=0)
    orders = (
        Order(test_id, test)
        for test_id, outcomes in series.items()
        if (test := runs_test([solved for _, solved in outcomes]))
    )
    known = {
        run.run_id: ledgers[run.run_id] for run in counted if run.run_id in ledgers
    }
    return Breakdown(
        passes=tuple(mean_pass(rates, k) for k in ATTEMPTS if k <= most),
        shares=variance_shares(rates),
        trend=trend(series),
        orders=tuple(sorted(orders, key=lambda one: (one.test.chance, one.test_id))),
        rounds=_round_classes(counted),
        tools=tool_rates(known),
        tokens=_tokens(counted, [level.level for level in summary.levels]),
        times=tuple(time_split(counted)),
    )


def by_challenge(
    counted: Iterable[RunRecord],
) -> dict[str, list[tuple[float, bool]]]:
    """Challenge → its repetitions in order, each solved or not."""
    series: dict[str, list[tuple[float, bool]]] = {}
    for run in counted:
        point = (float(run.attempt), run.success is True)
        series.setdefault(run.test_id, []).append(point)
    return {test_id: sorted(points) for test_id, points in series.items()}


def round_bins(rounds: Sequence[int]) -> list[tuple[int, int]]:
    """Classes that double in width, both ends inside: 0, 1, 2–3, 4–7, 8–15, …"""
    if not rounds:
        return []
    first, last = min(rounds).bit_length(), max(rounds).bit_length()
    return [(2**k // 2, 2**k - 1) for k in range(first, last + 1)]


def _round_classes(counted: Sequence[RunRecord]) -> tuple[RoundClass, ...]:
    solved: dict[int, list[bool]] = {}
    for run in counted:
        solved.setdefault(run.rounds.bit_length(), []).append(run.success is True)
    bins = round_bins([run.rounds for run in counted])
    classes = ((low, high, solved.get(high.bit_length(), [])) for low, high in bins)
    return tuple(
        RoundClass(low, high, Rate(sum(inside), len(inside)))
        for low, high, inside in classes
    )


def _tokens(counted: Sequence[RunRecord], levels: Sequence[str]) -> tuple[Tokens, ...]:
    if not any(run.performance.output_tokens for run in counted):
        return ()
    members = [(level, [r for r in counted if r.level == level]) for level in levels]
    return tuple(
        _cost(name, runs) for name, runs in [*members, ("all", counted)] if runs
    )


def _cost(level: str, runs: Sequence[RunRecord]) -> Tokens:
    spent = [run.performance for run in runs]
    prompt = sum(one.prompt_tokens for one in spent)
    output = sum(one.output_tokens for one in spent)
    solved = sum(run.success is True for run in runs)
    speeds = [one.tokens_per_second for one in spent if one.tokens_per_second]
    return Tokens(
        level=level,
        runs=len(runs),
        prompt=prompt,
        output=output,
        median_output=statistics.median(one.output_tokens for one in spent),
        per_solved=(prompt + output) / solved if solved else None,
        speed=statistics.median(speeds) if speeds else None,
    )
