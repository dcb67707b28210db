"""Counting a night: challenges, levels, failures."""

from __future__ import annotations

from pytest_overnight.records.record import Check
from pytest_overnight.records.record import MasterLog
from pytest_overnight.records.record import Performance
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.night import Night
from pytest_overnight.reporting.statistics import Interval
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.reporting.summary import failed_checks
from pytest_overnight.reporting.summary import failure_frequencies
from pytest_overnight.reporting.summary import natural
from pytest_overnight.reporting.summary import summarise_challenge
from pytest_overnight.reporting.summary import summarise_night
from tests.reporting.nights import a_master
from tests.reporting.nights import a_run


def a_night(*runs: RunRecord, master: MasterLog | None = None) -> Night:
    return Night(master, runs, ())


def test_a_void_run_is_in_no_rate_and_in_no_duration() -> None:
    found = summarise_challenge(
        [
            a_run("L3-1", 1, duration=10.0),
            a_run("L3-1", 2, "timeout", duration=30.0),
            a_run("L3-1", 3, "infra", duration=900.0),
        ]
    )
    assert found.rate == Rate(1, 2)
    assert found.void == 1
    assert found.duration is not None
    assert found.duration.high == 30.0


def test_working_time_and_rounds_are_told_beside_wall_time() -> None:
    run = a_run(duration=20.0, rounds=9, performance=Performance(working_seconds=8.0))
    found = summarise_challenge([run])
    assert found.working is not None
    assert found.rounds is not None
    assert (found.working.median, found.rounds.median) == (8.0, 9)


def test_failures_are_shares_of_all_counted_runs_most_frequent_first() -> None:
    runs = [
        a_run("L3-1", 1),
        a_run("L3-1", 2, "loop"),
        a_run("L3-1", 3, "timeout"),
        a_run("L3-1", 4, "timeout"),
        a_run("L3-1", 5, "harness"),
    ]
    first, second = failure_frequencies(runs)
    assert (first.mode, first.rate) == ("timeout", Rate(2, 4))
    assert first.run_ids == ("L3-1-run-0003", "L3-1-run-0004")
    assert (second.mode, second.rate) == ("loop", Rate(1, 4))


def test_a_hidden_test_is_counted_over_the_counted_runs_that_asked_it() -> None:
    good, bad = Check(name="test_a", passed=True), Check(name="test_b", passed=False)
    said = Check(name="test_b", passed=False, message="assert 3 == 4")
    runs = [
        a_run("L3-1", 1, "wrong_answer", checks=[good, bad]),
        a_run("L3-1", 2, "wrong_answer", checks=[said]),
        a_run("L3-1", 3, "timeout", checks=[]),
        a_run("L3-1", 4, "infra", checks=[bad]),
    ]
    [check] = failed_checks(runs)
    assert (check.name, check.rate) == ("test_b", Rate(2, 2))
    assert check.run_ids == ("L3-1-run-0001", "L3-1-run-0002")
    assert check.message == "assert 3 == 4"


def test_each_planned_run_is_in_exactly_one_place() -> None:
    runs = [a_run("L3-1", 1), a_run("L3-2", 1, "loop"), a_run("L3-1", 2, "infra")]
    summary = summarise_night(a_night(*runs, master=a_master({"L3": 10, "L6": 5})))
    l3, l6 = summary.levels
    assert (l3.planned, l3.rate, l3.missed) == (10, Rate(1, 2), 1)
    assert (l3.void, l3.not_reached) == (1, 7)
    assert (l6.planned, l6.rate, l6.not_reached) == (5, Rate(0, 0), 5)
    assert (summary.total.planned, summary.total.not_reached) == (15, 12)
    assert l3.bounds == Interval(0.1, 0.9)
    assert summary.unreached == ()


def test_without_a_master_log_what_was_planned_is_not_invented() -> None:
    total = summarise_night(a_night(a_run())).total
    assert total.planned is None
    assert total.not_reached is None
    assert total.bounds is None


def test_a_planned_challenge_without_a_record_is_named() -> None:
    titles = {"L3-10": "Last", "L3-2": "Middle", "L3-1": "First"}
    night = a_night(a_run("L3-1"), master=a_master({"L3": 3}, titles=titles))
    assert summarise_night(night).unreached == ("L3-2", "L3-10")


def test_extra_repetitions_never_make_more_solved_than_planned() -> None:
    runs = [a_run("L3-1", number) for number in (1, 2, 3)]
    total = summarise_night(a_night(*runs, master=a_master({"L3": 2}))).total
    assert (total.planned, total.not_reached) == (3, 0)


def test_levels_go_in_the_order_of_the_plan() -> None:
    runs = [a_run(name) for name in ("A-1a", "L6-1", "L3-10", "L3-2")]
    summary = summarise_night(a_night(*runs))
    assert [level.level for level in summary.levels] == ["L3", "L6", "A"]
    names = [one.test_id for one in summary.challenges]
    assert names == ["L3-2", "L3-10", "L6-1", "A-1a"]


def test_numbers_in_names_are_compared_as_numbers() -> None:
    assert sorted(["L3-10", "L3-2", "L3-1"], key=natural) == ["L3-1", "L3-2", "L3-10"]


def test_an_empty_night_adds_up_to_nothing() -> None:
    summary = summarise_night(a_night())
    assert summary.total.rate == Rate(0, 0)
    assert summary.levels == ()
