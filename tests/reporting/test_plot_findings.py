"""Titles of plots: they say the finding, and no more than intervals carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.record import Check
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.hrm import hrm_progress
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.plots import durations
from pytest_overnight.reporting.plots import hrm
from pytest_overnight.reporting.plots import levels
from pytest_overnight.reporting.plots import matrix
from pytest_overnight.reporting.plots import modes
from pytest_overnight.reporting.plots import rounds
from pytest_overnight.reporting.plots import style
from pytest_overnight.reporting.plots.panels import MOST_PANELS
from pytest_overnight.reporting.plots.panels import panels_of
from pytest_overnight.reporting.summary import NightSummary
from pytest_overnight.reporting.summary import summarise_night
from tests.reporting.nights import a_run
from tests.reporting.pictures import a_metric
from tests.reporting.pictures import an_hrm_record


def runs_of(test_id: str, *outcomes: str) -> list[RunRecord]:
    """One run an outcome."""
    return [a_run(test_id, n, outcome) for n, outcome in enumerate(outcomes, 1)]


def solved_of(test_id: str, solved: int, n: int) -> list[RunRecord]:
    """Runs of which the first so many are solved."""
    return runs_of(test_id, *["passed"] * solved, *["loop"] * (n - solved))


def summary_of(*runs: RunRecord) -> NightSummary:
    return summarise_night(Night(None, runs, ()))


# Levels


def test_a_level_whose_interval_lies_below_all_others_is_the_weakest() -> None:
    runs = [
        *solved_of("L3-1", 19, 20),
        *solved_of("L4-1", 17, 20),
        *solved_of("L5-1", 2, 20),
    ]
    said = levels.finding(summary_of(*runs))
    assert said == "Solved 38 of 60 counted runs; L5 (2 of 20) the weakest level"


def test_a_level_whose_interval_lies_above_all_others_is_the_strongest() -> None:
    runs = [
        *solved_of("L3-1", 19, 20),
        *solved_of("L4-1", 4, 20),
        *solved_of("L5-1", 2, 20),
    ]
    said = levels.finding(summary_of(*runs))
    assert said.endswith("; L3 (19 of 20) the strongest level")


def test_of_levels_that_overlap_in_a_chain_only_the_ends_are_compared() -> None:
    runs = [
        *solved_of("L3-1", 17, 20),
        *solved_of("L4-1", 11, 20),
        *solved_of("L5-1", 6, 20),
    ]
    said = levels.finding(summary_of(*runs))
    assert said.endswith("; L5 (6 of 20) below L3 (17 of 20)")


def test_levels_whose_intervals_overlap_are_not_ranked() -> None:
    runs = [*solved_of("L3-1", 6, 10), *solved_of("L4-1", 3, 10)]
    said = levels.finding(summary_of(*runs))
    assert said.endswith("; no level is clearly apart from the others")


@pytest.mark.parametrize(
    ("solved", "said"),
    [(4, "Solved all 4 counted runs"), (0, "Solved none of the 4 counted runs")],
)
def test_all_or_nothing_is_said_so(solved: int, said: str) -> None:
    assert levels.finding(summary_of(*solved_of("L3-1", solved, 4))) == said


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), min_size=2))
def test_a_level_is_called_weakest_only_below_all_others(
    cells: list[tuple[int, int]],
) -> None:
    runs = [
        run
        for at, (solved, n) in enumerate(cells)
        for run in solved_of(f"L{at}-1", min(solved, n), n)
    ]
    summary = summary_of(*runs)
    weakest = [
        one.level
        for one in summary.levels
        if all(
            one.mean.interval.high < other.mean.interval.low
            for other in summary.levels
            if other is not one
        )
    ]
    said = levels.finding(summary)
    assert said.endswith("the weakest level") is bool(weakest)
    assert all(f"; {level} (" in said for level in weakest)


# Ways of failing


def test_a_way_of_failing_that_clearly_leads_is_named_with_its_share() -> None:
    runs = runs_of("L3-1", *["wrong_answer"] * 12, *["loop"] * 3, "passed")
    said = modes.finding(summary_of(*runs))
    assert said == "Missed 15 of 16 counted runs; 80 % of the misses: wrong_answer"


def test_ways_of_failing_as_good_as_equal_are_not_ranked() -> None:
    runs = runs_of("L3-1", *["wrong_answer"] * 4, *["loop"] * 3)
    said = modes.finding(summary_of(*runs))
    assert said.endswith("; no way clearly leads (wrong_answer 4, loop 3)")


def test_a_single_way_of_failing_is_all_there_is() -> None:
    said = modes.finding(summary_of(*runs_of("L3-1", "loop", "passed")))
    assert said == "Missed 1 of 2 counted runs, all of them: loop"


# Rounds


def of_rounds(test_id: str, **outcomes: list[int]) -> list[RunRecord]:
    """Runs by outcome, of these rounds."""
    pairs = [(outcome, n) for outcome, many in outcomes.items() for n in many]
    return [
        a_run(test_id, attempt, outcome, rounds=n)
        for attempt, (outcome, n) in enumerate(pairs, 1)
    ]


def test_a_link_of_rounds_and_success_within_challenges_is_said() -> None:
    runs = of_rounds("L3-1", passed=[2, 3, 4, 5, 6, 9], loop=[8, 20, 25, 30, 35, 40])
    said = "Within a challenge, runs of more rounds were solved less often"
    assert rounds.finding(runs) == said
    runs = of_rounds("L3-1", loop=[2, 3, 4, 5, 6, 9], passed=[8, 20, 25, 30, 35, 40])
    assert rounds.finding(runs) == said.replace("less", "more")


def test_that_hard_challenges_take_more_rounds_is_no_link() -> None:
    runs = [
        *of_rounds("L3-1", passed=[2] * 9 + [3], loop=[3]),
        *of_rounds("L5-1", passed=[40], loop=[40] * 9 + [41]),
    ]
    said = "Within a challenge, no clear link between rounds and success"
    assert rounds.finding(runs) == said


def test_where_no_challenge_tells_nothing_is_said_of_a_link() -> None:
    runs = [*of_rounds("L3-1", passed=[2, 3]), *of_rounds("L5-1", loop=[20, 30])]
    assert rounds.finding(runs).startswith("No challenge was both solved and missed")


# Times


def test_the_longest_run_is_named_and_time_limits_are_counted() -> None:
    runs = [a_run("L3-1", n, duration=10.0 * n) for n in (1, 2, 3)]
    said = "The median run took 20.0 s, the longest 30.0 s (L3-1-run-0003)"
    assert durations.finding(runs) == said
    runs.append(a_run("L3-1", 4, "timeout", duration=720.0))
    said = "The median run took 25.0 s; 1 was stopped by the time limit"
    assert durations.finding(runs) == said


# Hidden tests


def asked(test_id: str, attempt: int, outcome: str, **answers: bool) -> RunRecord:
    """A run with these hidden tests' answers."""
    checks = [Check(name=f"test_{name}", passed=ok) for name, ok in answers.items()]
    return a_run(test_id, attempt, outcome, checks=checks)


def panels_said(*runs: RunRecord) -> str:
    night = Night(None, runs, ())
    return matrix.finding(panels_of(night, summarise_night(night)))


def test_a_test_that_fails_in_every_missed_run_is_the_finding() -> None:
    runs = [
        asked("L3-1", 1, "passed", a=True, b=True),
        asked("L3-1", 2, "wrong_answer", a=False, b=True),
        asked("L3-1", 3, "loop", a=False, b=False),
    ]
    assert panels_said(*runs) == "L3-1: both missed runs fail test_a"
    runs.append(asked("L3-1", 4, "crash"))
    said = "L3-1: both missed runs that were tested fail test_a"
    assert panels_said(*runs) == said


def test_one_missed_run_is_no_pattern() -> None:
    said = panels_said(asked("L3-1", 1, "loop", a=False), a_run("L3-1", 2))
    assert said == "No hidden test fails in every missed run of a challenge"


def test_other_challenges_with_such_a_test_are_counted() -> None:
    runs = [asked("L3-1", n, "loop", a=False) for n in (1, 2, 3)]
    runs += [asked("L4-1", n, "loop", b=False) for n in (1, 2)]
    runs += [asked("L5-1", n, "loop", c=n == 1, d=n == 2) for n in (1, 2)]
    said = "L3-1: all 3 missed runs fail test_a; 1 of the 2 others has such a test"
    assert panels_said(*runs) == said


def test_a_panel_has_solved_runs_first_and_the_worst_test_on_top() -> None:
    night = Night(
        None,
        (
            asked("L3-1", 1, "loop", a=True, b=False, c=False, d=True),
            asked("L3-1", 2, "passed", a=True, b=True, c=True, d=True),
            asked("L3-1", 3, "loop", a=False, b=True, c=False, d=True),
            asked("L3-1", 4, "crash"),
            asked("L3-1", 5, "infra"),
        ),
        (),
    )
    (panel,) = panels_of(night, summarise_night(night))
    assert panel.attempts == (2, 1, 3, 4)
    assert panel.tests == ("test_c", "test_a", "test_b")
    assert panel.cells == (
        (True, False, False, None),
        (True, True, False, None),
        (True, False, True, None),
    )
    assert panel.passing == 1
    assert panel.shared == ("test_c",)
    assert (panel.solved, panel.asked) == (1, 2)


def test_the_challenges_with_most_missed_runs_have_panels() -> None:
    runs = [
        asked(f"L3-{number}", attempt, "loop", a=False)
        for number in range(1, MOST_PANELS + 3)
        for attempt in range(number)
    ]
    night = Night(None, tuple(runs), ())
    shown = [panel.test_id for panel in panels_of(night, summarise_night(night))]
    assert shown == [f"L3-{number}" for number in range(3, MOST_PANELS + 3)]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_rows_are_shared_out_without_leaving_any_unused(wanted: list[int]) -> None:
    given_out = matrix.shared_out(wanted)
    most = [min(number, matrix.MOST_TESTS) for number in wanted]
    assert all(1 <= got <= limit for got, limit in zip(given_out, most, strict=True))
    assert sum(given_out) == min(sum(most), matrix.MOST_ROWS)


# HRM


def test_completed_tasks_and_met_bars_are_counted() -> None:
    records = [
        an_hrm_record(1, completed=5, begun=5, metrics=(a_metric(2.0), a_metric(0.5))),
        an_hrm_record(2, completed=2, metrics=(a_metric(3.0, bar=None),)),
    ]
    said = "HRM-JEPA: 1 of 6 tasks completed; 1 of 2 bars met"
    assert hrm.finding(hrm_progress(records)) == said
    quick = an_hrm_record(3, profile="quick", metrics=(a_metric(1, bar=None),))
    said = "HRM-JEPA: 0 of 6 tasks completed (quick profile: no results)"
    assert hrm.finding(hrm_progress([quick])) == said


@given(
    value=st.integers(-1000, 1000),
    below=st.integers(0, 1000),
    above=st.integers(0, 1000),
    bar=st.integers(-1000, 1000),
    direction=st.sampled_from(["at least", "at most"]),
)
def test_a_metric_stands_on_the_side_of_its_bar_that_it_is_on(
    value: int, below: int, above: int, bar: int, direction: str
) -> None:
    metric = a_metric(
        value, bar, low=value - below, high=value + above, direction=direction
    )
    place, low, high = hrm.positions(metric)
    assert -1 <= low <= place <= high <= 1
    assert (low >= 0) is metric.met


def test_a_metric_is_said_in_words() -> None:
    metric = a_metric(0.912, 0.85, low=0.88, high=0.93)
    assert hrm.said_of(metric) == "met: 0.912 (0.88 to 0.93), bar ≥ 0.85"
    slow = a_metric(2500.0, 2000.0, direction="at most", unit="ms")
    assert hrm.said_of(slow) == "missed: 2,500, bar ≤ 2,000 ms"


# Words


@given(st.text(), st.integers(5, 40))
def test_a_name_is_one_printable_line_of_bounded_length(text: str, most: int) -> None:
    shown = style.name(text, most)
    assert len(shown) <= most
    assert shown.isprintable()


@given(st.lists(st.text("abc", min_size=1, max_size=20)), st.integers(20, 80))
def test_a_title_is_as_few_lines_as_wrapping_gives(
    words: list[str], columns: int
) -> None:
    lines = style.balanced(" ".join(words), columns)
    assert " ".join(lines) == " ".join(words)
    assert all(len(line) <= columns for line in lines)
