"""L6, L9, L10: rounds without an action, and conversations that do not fit."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.finding import Finding
from pytest_overnight.rules.history import Round
from pytest_overnight.rules.round_rules import context_thrash
from pytest_overnight.rules.round_rules import unused_rounds

USED = Round()
TALK = Round("talk")
SILENT = Round("silent")
CUT = Round("cut")
BAD = Round("malformed")
TRUNCATED = Round(truncated=True)


def compacted(*freed: float) -> Round:
    return Round(compactions=freed)


def short(finding: Finding | None) -> tuple[str, int, int, bool] | None:
    if finding is None:
        return None
    return finding.rule, finding.first, finding.count, finding.stop


@pytest.mark.parametrize(
    ("rounds", "found"),
    [
        ([], None),
        ([USED], None),
        ([TALK], ("L6", 0, 1, False)),
        ([USED, TALK], ("L6", 1, 1, False)),
        ([TALK, USED], None),
        ([SILENT], None),
        ([SILENT, CUT], None),
        ([TALK, TALK], ("L6", 0, 2, False)),
        ([SILENT, TALK], ("L6", 1, 1, False)),
        ([TALK, SILENT], None),
        ([SILENT, CUT, SILENT], ("L10", 0, 3, True)),
        ([USED, SILENT, CUT, SILENT], ("L10", 1, 3, True)),
        ([SILENT, USED, CUT, SILENT], None),
        ([TALK, TALK, TALK], ("L6", 0, 3, True)),
        ([TALK, TALK, USED, TALK], ("L6", 3, 1, False)),
        ([TALK, TALK, SILENT, TALK], ("L6", 3, 1, False)),
        ([SILENT, TALK, TALK, TALK], ("L6", 1, 3, True)),
        ([SILENT, TALK, SILENT], None),
        ([TALK, SILENT, CUT], None),
        ([TALK, SILENT, CUT, SILENT], ("L10", 1, 3, True)),
        ([SILENT, CUT, TALK, SILENT, CUT], None),
        ([SILENT, CUT, SILENT, TALK], ("L6", 3, 1, False)),
        ([SILENT, CUT, SILENT, CUT], ("L10", 0, 4, True)),
        ([Round("unreadable"), Round("degenerate"), BAD], ("L10", 0, 3, True)),
        ([BAD, TALK, BAD, BAD], None),
    ],
)
def test_rounds_without_an_action(
    rounds: list[Round], found: tuple[str, int, int, bool] | None
) -> None:
    assert short(unused_rounds(rounds)) == found


def test_the_last_reason_is_named() -> None:
    finding = unused_rounds([SILENT, CUT, BAD])
    assert finding is not None
    assert "malformed" in finding.detail


@pytest.mark.parametrize("other", [SILENT, CUT, BAD])
def test_talk_and_nothing_in_turn_end_no_work(other: Round) -> None:
    rounds = [TALK, other] * 20
    found = [unused_rounds(rounds[:end]) for end in range(len(rounds) + 1)]
    assert not any(finding and finding.stop for finding in found)


HALF = compacted(0.5)
VAIN = compacted(0.1)


@pytest.mark.parametrize(
    ("rounds", "found"),
    [
        ([], None),
        ([VAIN], None),
        ([VAIN, VAIN], None),
        ([VAIN, VAIN, HALF], None),
        ([VAIN, VAIN, VAIN], (0, 3)),
        ([VAIN, HALF, VAIN, HALF, VAIN], (0, 3)),
        ([VAIN, VAIN, VAIN, *[USED] * 3], (0, 3)),
        ([VAIN, VAIN, VAIN, *[USED] * 4], None),
        ([USED, compacted(0.1, 0.2), USED, VAIN], (1, 3)),
        ([USED, compacted(0.1, 0.2, 0.0)], (1, 3)),
        ([compacted(0.1, 0.5)] * 2, None),
        ([compacted(1 / 3)] * 3, None),
        ([compacted(1 - 60 / 90)] * 3, None),
        ([compacted(1 - 61 / 90)] * 3, (0, 3)),
        ([compacted(-0.5)] * 3, (0, 3)),
        ([HALF] * 5, None),
        ([USED, *[HALF] * 5], None),
        ([HALF] * 6, (0, 6)),
        ([HALF] * 7, (1, 6)),
        ([*[HALF] * 6, USED], None),
        ([HALF, HALF, HALF, USED, HALF, HALF, HALF], None),
        ([TRUNCATED], None),
        ([TRUNCATED, TRUNCATED], (0, 2)),
        ([USED, TRUNCATED, USED, USED, USED, USED, TRUNCATED], (1, 2)),
        ([USED, USED, TRUNCATED, USED, USED, USED, TRUNCATED], (2, 2)),
        ([TRUNCATED, USED, USED, USED, USED, USED, TRUNCATED], None),
    ],
)
def test_a_conversation_that_does_not_fit(
    rounds: list[Round], found: tuple[int, int] | None
) -> None:
    expected = None if found is None else ("L9", *found, True)
    assert short(context_thrash(rounds)) == expected


compactions = st.lists(st.sampled_from([0.0, 0.3, 0.5]), max_size=2).map(tuple)
shortened = st.builds(Round, compactions=compactions, truncated=st.booleans())


@given(st.lists(shortened, max_size=10))
def test_what_is_over_for_six_rounds_is_forgotten(rounds: list[Round]) -> None:
    gone = max(0, len(rounds) - 6)
    whole, recent = context_thrash(rounds), context_thrash(rounds[gone:])
    expected = recent and (recent.rule, recent.first + gone, recent.count, recent.stop)
    assert short(whole) == expected


LETTERS = {
    "t": [TALK],
    "n": [SILENT, CUT, BAD, *map(Round, ("unreadable", "degenerate", "unknown"))],
    ".": [USED, TRUNCATED, HALF],
}
"""``t``: talk; ``n``: nothing that could be used; ``.``: an action."""
played = st.text("tn.", max_size=10).flatmap(
    lambda letters: st.tuples(
        st.just(letters), st.tuples(*(st.sampled_from(LETTERS[c]) for c in letters))
    )
)


@given(played)
def test_only_three_of_a_kind_in_a_row_end_the_work(
    pair: tuple[str, tuple[Round, ...]],
) -> None:
    letters, rounds = pair
    streak = re.search("t+$|n+$", letters)
    count = len(streak[0]) if streak else 0
    rule = "L6" if letters.endswith("t") else "L10"
    # Of talk the agent is told at once; of the rest nothing is said before the end.
    holds = count >= 3 or (count and rule == "L6")
    expected = (rule, len(rounds) - count, count, count >= 3) if holds else None
    assert short(unused_rounds(rounds)) == expected
