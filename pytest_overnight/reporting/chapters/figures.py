"""The statistical breakdown: where every run went, and how sure each rate is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from pytest_overnight.reporting.breakdown import Order
from pytest_overnight.reporting.breakdown import RoundClass
from pytest_overnight.reporting.breakdown import Tokens
from pytest_overnight.reporting.ledgers import ToolRate
from pytest_overnight.reporting.markdown import NOTHING
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import chance
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import interval
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import seconds
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.statistics import PassAt
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import Frequency
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.times import WHAT
from pytest_overnight.reporting.times import Part
from pytest_overnight.reporting.trends import Shares
from pytest_overnight.reporting.trends import Trend

TITLE_WIDTH = 30
SURE = 0.05
"""Chance of a pattern where there is none, below which it is called one."""


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
    """The pooled rate with its bounds, and the mean over challenges, two intervals."""
    return table(
        [
            "level",
            ">solved of counted",
            ">worst–best",
            ">challenges",
            ">their mean",
            ">on these",
            ">on others",
        ],
        (
            [
                level.level,
                share(level.rate),
                interval(level.bounds) if level.bounds else None,
                level.mean.challenges,
                percent(level.mean.estimate),
                interval(level.mean.interval),
                interval(level.population.interval),
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


def rounds_table(classes: Sequence[RoundClass]) -> Markdown:
    """A row a class of rounds: how many counted runs took so many."""
    total = sum(one.rate.n for one in classes)
    return table(
        [">rounds", ">runs", ">of counted", ">solved", ">rate", ">95 %"],
        (
            [
                str(one.low) if one.low == one.high else f"{one.low}–{one.high}",
                one.rate.n,
                percent(one.rate.n / total),
                one.rate.successes,
                percent(one.rate.estimate),
                interval(one.rate.interval) if one.rate.n else None,
            ]
            for one in classes
        ),
    )


def pass_table(passes: Sequence[PassAt]) -> Markdown:
    """A row a k."""
    return table(
        [">k", ">pass@k", ">pass^k", ">challenges", ">with too few runs"],
        (
            [one.k, percent(one.at), percent(one.hat), one.challenges, one.too_few]
            for one in passes
        ),
    )


def shares_line(shares: Shares) -> str:
    """Whether more repetitions or more challenges would tell more."""
    more = "more challenges" if shares.between > shares.within else "more repetitions"
    return (
        f"{percent(shares.within)} of the squared error of the night's rate, for "
        "challenges like these, is luck from run to run, "
        f"{percent(shares.between)} that challenges differ, as far as this night "
        f"tells: {more} would make it surer."
    )


def trend_line(trend: Trend | None) -> str:
    """Whether later repetitions went otherwise than early ones."""
    if trend is None:
        return (
            "Over the repetitions: no trend can be told, since no challenge was both "
            "solved and missed."
        )
    about = f"p {chance(trend.chance)}, {plural(trend.runs, 'run')}"
    if trend.slope is not None and trend.interval is not None:
        low, high = trend.interval.low, trend.interval.high
        about += (
            f", log-odds per repetition {trend.slope:+.2f}, {low:+.2f} to {high:+.2f}"
        )
    if trend.chance >= SURE:
        return f"Over the repetitions: no clear trend ({about})."
    if trend.slope is None:
        return f"**Over the repetitions: a trend ({about}).**"
    way = "less" if trend.slope < 0 else "more"
    return f"Over the repetitions: later ones were solved {way} often ({about})."


def order_line(orders: Sequence[Order]) -> str:
    """Whether solved and missed runs of a challenge come in clumps."""
    if not orders:
        return "Clumps of solved and missed runs: too few runs to look for any."
    first, most = orders[0], len(orders)
    adjusted = min(1.0, first.test.chance * most)  # Bonferroni: Holm's first step
    about = (
        f"least likely: {first.test_id}, {first.test.runs} runs of equal outcomes in a "
        f"row where {first.test.expected:.1f} were to be expected, p "
        f"{chance(adjusted)} for {plural(most, 'challenge')}"
    )
    if adjusted >= SURE:
        return f"Clumps of solved and missed runs: none beyond chance ({about})."
    return f"Solved and missed runs do not alternate as by chance ({about})."


def tool_table(tools: Sequence[ToolRate]) -> Markdown:
    """A row a tool; agents of a user's own may call theirs what they like."""
    return table(
        ["tool", ">calls", ">in runs", ">succeeded", ">rate"],
        (
            [
                code(one.tool, 40),
                one.rate.n,
                len(one.runs),
                one.rate.successes,
                percent(one.rate.estimate),
            ]
            for one in tools
        ),
    )


def token_table(tokens: Sequence[Tokens]) -> Markdown:
    """A row a level, then all."""
    return table(
        [
            "level",
            ">runs",
            ">read",
            ">written",
            ">written, median run",
            ">a solved run",
            ">tokens/s, median",
        ],
        (
            [
                one.level,
                one.runs,
                f"{one.prompt:,}",
                f"{one.output:,}",
                f"{one.median_output:,.0f}",
                None if one.per_solved is None else f"{one.per_solved:,.0f}",
                None if one.speed is None else f"{one.speed:.1f}",
            ]
            for one in tokens
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
