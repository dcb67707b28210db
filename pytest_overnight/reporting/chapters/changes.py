"""What really changed since last night: in sentences, and challenge by challenge."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_overnight.reporting.comparison import Answer
from pytest_overnight.reporting.comparison import Comparison
from pytest_overnight.reporting.markdown import NOTHING
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import chance
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import plural
from pytest_overnight.reporting.markdown import points
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.markdown import text

NOTHING_SHARED = (
    "Nothing can be compared: no challenge with counted runs in both nights stayed the "
    "same since"
)
FEW = 6
"""Challenges, below which no way that signs can fall is rarer than 5 %."""
MOST = 6
"""Differences between the nights that are listed in the first minute."""


def lines(found: Comparison | None, former: str | None) -> list[Markdown]:
    """For the executive summary: verdict first; empty where there was no last night.

    ``former``: session id of the last night.
    """
    if found is None and former:
        return [Markdown(f"{NOTHING_SHARED} {code(former)}.")]
    return [Markdown(line) for line in _lines(found)] if found else []


def _lines(found: Comparison) -> Iterator[str]:
    scripts = " (scripts were compared, no model)" if found.scripted else ""
    low_high = _interval(found.here)
    difference = (
        f"{points(found.difference)} points on {_challenges(found)}, 95 % {low_high}"
    )
    if found.verdict == "cannot tell":
        yield (
            f"Cannot tell{scripts}: {difference}. Two such nights show a difference of "
            f"{100 * found.detectable:.0f} points or more in 4 of 5 cases."
        )
    else:
        yield (
            f"**Really {found.verdict}**{scripts}: {difference} "
            f"(p {chance(found.here.chance)})."
        )
    if (found.verdict == "cannot tell") == _excludes_zero(found.here):
        yield "This is at the edge: interval and test disagree, and the test decides."
    if found.fixed:
        yield f"Solved more often, surely: {text(', '.join(found.fixed))}."
    if found.broken:
        yield f"Solved less often, surely: {text(', '.join(found.broken))}."
    if found.changed:
        more = len(found.changed) - MOST
        listed = "; ".join(text(one) for one in found.changed[:MOST])
        rest = f"; and {more} more" if more > 0 else ""
        yield f"What else differs: {listed}{rest}."


def table_of(found: Comparison) -> Markdown:
    """A row a challenge, then all."""
    rows: list[list[object]] = [
        [
            pair.test_id,
            f"{pair.before.successes}/{pair.before.n}",
            f"{pair.now.successes}/{pair.now.n}",
            points(pair.difference),
            _p(pair.chance),
            _p(pair.adjusted),
        ]
        for pair in found.pairs
    ]
    whole = [points(found.difference), _p(found.here.chance), None]
    return table(
        ["id", ">before", ">now", ">points", ">p", ">p, all asked"],
        [*rows, ["all", None, None, *whole]],
    )


def both_questions(found: Comparison) -> Markdown:
    """The mean difference as an answer to either question."""
    beyond = f"95 % {_interval(found.beyond)}, p {chance(found.beyond.chance)}"
    if len(found.pairs) < FEW:
        beyond = "so few challenges cannot tell"
    return Markdown(
        f"{code(found.session_before)} before, {code(found.session)} now: "
        f"{points(found.difference)} points on average. On these challenges: 95 % "
        f"{_interval(found.here)}, p {chance(found.here.chance)}. On others like them: "
        f"{beyond}."
    )


def _excludes_zero(answer: Answer) -> bool:
    ends = answer.interval
    return ends is not None and (ends.low > 0 or ends.high < 0)


def _interval(answer: Answer) -> str:
    if answer.interval is None:
        return NOTHING
    return f"{points(answer.interval.low)} to {points(answer.interval.high)}"


def _challenges(found: Comparison) -> str:
    return f"the same {plural(len(found.pairs), 'challenge')}"


def _p(value: float) -> str:
    return chance(value).removeprefix("= ")
