"""Phases: how they are named, what they select, how they share the time."""

from __future__ import annotations

import math

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.orchestration.phases import HRM
from pytest_overnight.orchestration.phases import PHASES
from pytest_overnight.orchestration.phases import REPORT
from pytest_overnight.orchestration.phases import REPORT_SECONDS
from pytest_overnight.orchestration.phases import Phase
from pytest_overnight.orchestration.phases import cut_short
from pytest_overnight.orchestration.phases import named
from pytest_overnight.orchestration.phases import narrowed
from pytest_overnight.orchestration.phases import report_reserve
from pytest_overnight.orchestration.phases import seconds_for
from pytest_overnight.orchestration.phases import selecting

PLAYING = [phase for phase in PHASES if phase != REPORT]
HOURS = st.floats(0, 1e5)


def names(phases: tuple[Phase, ...]) -> list[str]:
    return [phase.name for phase in phases]


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("L3-L5,L6,HRM,A,report", ["L3-L5", "L6", "HRM", "A", "report"]),
        ("report, l6", ["L6", "report"]),
        ("L3–L5", ["L3-L5"]),
        ("A,A,", ["A"]),
    ],
)
def test_phases_are_played_in_the_plans_order_however_they_are_named(
    text: str, phases: list[str]
) -> None:
    assert names(named(text)) == phases


@pytest.mark.parametrize("text", ["", ",", "L4", "L6,bake", "L3-L6"])
def test_an_unknown_phase_is_told_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match="there are: L3-L5, L6, HRM, A, report"):
        named(text)


@given(
    phases=st.sets(st.sampled_from([p for p in PHASES if p.levels]), min_size=1),
    own=st.sampled_from(["", " ", "L4", "not L4", "L4 or A", "slow and not A"]),
    markers=st.sets(st.sampled_from(["L3", "L4", "L5", "L6", "A", "slow"])),
)
def test_a_users_own_markers_narrow_a_phase(
    phases: set[Phase], own: str, markers: set[str]
) -> None:
    def holds(expression: str) -> bool:
        return Expression.compile(expression).evaluate(
            lambda name, /, **_: name in markers
        )

    in_phase = any(markers & set(phase.levels) for phase in phases)
    wanted = in_phase and (not own.strip() or holds(own))
    assert holds(selecting(phases, own)) == wanted


def test_narrowing_by_nothing_changes_nothing() -> None:
    assert narrowed("hrm", "") == "hrm"


def test_an_eight_hour_night_has_the_plans_hours() -> None:
    hours, left = {}, 8.0
    for number, phase in enumerate(PHASES):
        hours[phase.name] = seconds_for(PHASES[number:], left)
        left -= hours[phase.name]
    wanted = {"L3-L5": 2, "L6": 1, "HRM": 3, "A": 1, "report": 1}
    assert hours == pytest.approx(wanted)


def times(total: float, used: float) -> list[float]:
    """What each phase gets of ``total``, where the first uses a part, others all."""
    left, got = total, []
    for number in range(len(PLAYING)):
        got.append(seconds_for(PLAYING[number:], left))
        left -= got[-1] * (1 if number else used)
    return got


@given(total=st.floats(1, 1e6), used=st.floats(0, 1))
def test_what_a_phase_leaves_flows_on_by_the_others_shares(
    total: float, used: float
) -> None:
    in_full, got = times(total, 1), times(total, used)
    assert math.isclose(sum(in_full), total)
    assert math.isclose(in_full[0] * used + sum(got[1:]), total), "nothing is lost"
    grown = [more / less for more, less in zip(got[1:], in_full[1:], strict=True)]
    assert grown == pytest.approx([grown[0]] * len(grown))
    assert grown[0] >= 1 - 1e-9


@given(st.floats(1, 1e7))
def test_the_report_keeps_little_back(seconds: float) -> None:
    reserve = report_reserve(seconds, PHASES)
    assert 0 < reserve <= min(REPORT_SECONDS, seconds / 8 + 1e-9)
    assert report_reserve(seconds, PLAYING) == 0


def test_a_night_without_end_has_time_for_all() -> None:
    assert report_reserve(math.inf, PHASES) == 0
    assert seconds_for(PLAYING, math.inf) == math.inf
    assert cut_short(PLAYING, {"L6": 1e9}, 1e99) == []


def test_who_has_too_little_is_cut_and_who_needs_none_gives_it_on() -> None:
    l3, l6, _, series = PLAYING
    needs = {l3.name: 9000.0, l6.name: 1000.0, series.name: 3600.0}
    # HRM has nothing to do in this night.
    assert cut_short([l3, l6, series], needs, 4 * 3600) == [l3]
    assert cut_short([l3, l6, series], {**needs, l3.name: 7200.0}, 4 * 3600) == []
    assert cut_short([l6, HRM, series], needs, 100) == [l6, series]


@given(st.lists(HOURS, min_size=4, max_size=4), HOURS)
def test_nobody_is_cut_in_a_night_as_long_as_all_need_in_any_order(
    needs: list[float], more: float
) -> None:
    by_name = {phase.name: need for phase, need in zip(PLAYING, needs, strict=True)}
    total = sum(phase.share for phase in PLAYING)
    enough = max(need * total / p.share for p, need in zip(PLAYING, needs, strict=True))
    assert cut_short(PLAYING, by_name, enough * (1 + 1e-9) + more) == []
