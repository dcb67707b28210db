"""Why runs were missed, found in records made by hand and in ledgers on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.ledger import Ledger
from pytest_overnight.records.record import Check
from pytest_overnight.records.record import RunRecord
from pytest_overnight.records.record import SandboxInfo
from pytest_overnight.records.store import RunStore
from pytest_overnight.reporting.failures import KINDS
from pytest_overnight.reporting.failures import FailurePatterns
from pytest_overnight.reporting.failures import IsolationIssue
from pytest_overnight.reporting.failures import Kind
from pytest_overnight.reporting.failures import failure_patterns
from pytest_overnight.reporting.ledgers import read_ledgers
from pytest_overnight.reporting.statistics import Rate
from pytest_overnight.rules.outcome import Outcome
from tests.reporting.nights import a_run


def runs_of(test_id: str, *outcomes: str) -> list[RunRecord]:
    """One run an outcome, in order, started a minute apart."""
    return [
        a_run(
            test_id,
            attempt,
            outcome,
            timestamp_start=f"2025-01-21T22:{attempt:02d}:00.000Z",
        )
        for attempt, outcome in enumerate(outcomes, 1)
    ]


def answered(run: RunRecord, **answers: bool) -> RunRecord:
    """The same run with these answers of hidden tests."""
    checks = [
        Check(name=name, passed=passed, message="" if passed else f"{name} failed")
        for name, passed in answers.items()
    ]
    return run.model_copy(update={"checks": checks})


def patterns(*nights: list[RunRecord]) -> FailurePatterns:
    return failure_patterns([run for runs in nights for run in runs], {})


def test_every_missed_outcome_has_a_kind_and_no_other() -> None:
    missed = {outcome for outcome in Outcome if outcome.category == "missed"}
    assert set(KINDS) == missed
    assert set(KINDS.values()) == set(Kind)


def test_a_challenge_that_nobody_solves_is_named_with_the_tests_it_fails() -> None:
    one, two, three = runs_of("L3-1", "wrong_answer", "wrong_answer", "timeout")
    runs = [
        answered(one, t_in=True, t_out=False, t_all=False),
        answered(two, t_in=True, t_out=True, t_all=False),
        three,
    ]
    [found] = patterns(runs).always_missed
    assert (found.test_id, found.level, found.rate) == ("L3-1", "L3", Rate(0, 3))
    assert found.run_ids == tuple(run.run_id for run in runs)
    [shared] = found.shared
    assert (shared.name, shared.rate) == ("t_all", Rate(2, 2))
    assert shared.run_ids == (one.run_id, two.run_id)
    assert shared.message == "t_all failed"
    assert found.passing == ("t_in",)
    assert found.unasked == (three.run_id,)
    assert [mode.mode for mode in found.modes] == ["wrong_answer", "timeout"]


def test_two_missed_runs_are_not_always() -> None:
    assert patterns(runs_of("L3-1", "loop", "loop", "infra")).always_missed == ()
    assert (
        patterns(runs_of("L3-1", "loop", "loop", "loop", "passed")).always_missed == ()
    )


def test_the_flakiest_challenge_comes_first() -> None:
    rarely = runs_of("L3-1", *["passed"] * 9, "loop")
    often = runs_of("L3-2", *["passed", "loop"] * 5)
    never = runs_of("L3-3", *["passed"] * 10)
    found = patterns(rarely, often, never).mixed
    assert [(one.test_id, one.flakiness) for one in found] == [
        ("L3-2", pytest.approx(1)),
        ("L3-1", pytest.approx(0.36)),
    ]
    assert found[1].missed == ("L3-1-run-0010",)
    assert found[1].solved == tuple(run.run_id for run in rarely[:9])
    assert found[1].rate.interval.low == pytest.approx(0.596, abs=5e-4)


def test_the_trend_goes_by_the_time_of_start() -> None:
    outcomes = ["passed"] * 5 + ["loop", "passed", "loop", "loop", "loop", "loop"]
    runs = runs_of("L3-1", *outcomes)
    [found] = patterns(runs).mixed
    assert found.trend is not None
    assert found.trend.slope is not None
    assert found.trend.slope < 0
    # Repetitions in the other order, started as before.
    starts = [run.timestamp_start for run in runs]
    turned = [
        run.model_copy(update={"timestamp_start": start})
        for run, start in zip(runs, reversed(starts), strict=True)
    ]
    [other] = patterns(turned).mixed
    assert other.trend is not None
    assert other.trend.slope == pytest.approx(-found.trend.slope)


def test_missed_runs_of_a_mixed_challenge_share_tests() -> None:
    good, bad, worse = runs_of("L3-1", "passed", "wrong_answer", "wrong_answer")
    runs = [
        answered(good, t_a=True, t_b=True),
        answered(bad, t_a=False, t_b=True),
        answered(worse, t_a=False, t_b=False),
    ]
    [found] = patterns(runs).mixed
    assert [check.name for check in found.shared] == ["t_a"]
    [alone] = patterns(runs[:2]).mixed
    assert alone.shared == ()  # what one run fails is no pattern


OUTCOMES = st.sampled_from([outcome.value for outcome in Outcome])
NIGHTS = st.lists(
    st.tuples(st.sampled_from(["L3-1", "L3-2", "L4-1"]), OUTCOMES), max_size=14
)


@given(NIGHTS)
def test_kinds_add_up_to_the_missed_runs(night: list[tuple[str, str]]) -> None:
    runs = [a_run(test_id, at, word) for at, (test_id, word) in enumerate(night, 1)]
    found = failure_patterns(runs, {})
    counted = [run for run in runs if run.counted]
    for splits, name_of in [
        (found.kinds, lambda run: run.test_id),
        (found.level_kinds, lambda run: run.level),
    ]:
        assert [split.name for split in splits] == sorted({name_of(r) for r in counted})
        for split in splits:
            mine = [run for run in counted if name_of(run) == split.name]
            missed = {run.run_id for run in mine if not run.success}
            named = [run_id for share in split.shares for run_id in share.run_ids]
            assert sorted(named) == sorted(missed)
            assert (split.counted, split.missed) == (len(mine), len(missed))
            assert sum(split.of(kind) for kind in Kind) == len(missed)
            assert all(
                share.rate == Rate(len(share.run_ids), len(mine)) and share.run_ids
                for share in split.shares
            )


@given(NIGHTS)
def test_each_challenge_is_in_its_place_only(night: list[tuple[str, str]]) -> None:
    runs = [a_run(test_id, at, word) for at, (test_id, word) in enumerate(night, 1)]
    found = failure_patterns(runs, {})
    for test_id in {run.test_id for run in runs}:
        words = [r.outcome for r in runs if r.test_id == test_id and r.counted]
        solved = words.count("passed")
        named = [one.test_id for one in found.always_missed]
        assert (test_id in named) == (len(words) >= 3 and not solved)
        named = [one.test_id for one in found.mixed]
        assert (test_id in named) == (0 < solved < len(words))


@given(NIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_changes_nothing(
    night: list[tuple[str, str]], random: object
) -> None:
    runs = [a_run(test_id, at, word) for at, (test_id, word) in enumerate(night, 1)]
    shuffled = list(runs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert failure_patterns(shuffled, {}) == failure_patterns(runs, {})


def test_what_touched_the_walls_is_named_run_by_run() -> None:
    plain, reached, tried, open_ = runs_of(
        "L3-1", "passed", "isolation", "infra", "passed"
    )
    reached = reached.model_copy(
        update={"detail": "It wrote into the harness.", "tags": ["tampered"]}
    )
    tried = tried.model_copy(update={"tags": ["escape_attempt", "orphans"]})
    box = SandboxInfo(
        level="process", protected=False, open=["hidden tests", "network"]
    )
    open_ = open_.model_copy(update={"sandbox": box})
    found = patterns([plain, reached, tried, open_]).isolation
    assert found == (
        IsolationIssue("isolation", (reached.run_id,), "It wrote into the harness."),
        IsolationIssue("tampered", (reached.run_id,), "It wrote into the harness."),
        IsolationIssue("escape_attempt", (tried.run_id,), ""),
        IsolationIssue("orphans", (tried.run_id,), ""),
        IsolationIssue(
            "unprotected", (open_.run_id,), "process: hidden tests; network"
        ),
    )
    assert patterns([plain]).isolation == ()


def test_ledgers_on_disk_tell_where_missed_runs_part(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.logs.mkdir()
    runs = runs_of("L3-1", *["passed"] * 5, *["wrong_answer"] * 6)
    for run in runs:
        ledger = Ledger(store.events_log(run.run_id), store.ledger_log(run.run_id))
        steps = ["read_file", "run_command", "write_file"][:: 1 if run.success else 2]
        for at, tool in enumerate(steps, 1):
            asked = {"command": "pytest -q"} if "run" in tool else {"path": "a.py"}
            ledger.write("round", number=at, prompt_tokens=10, output_tokens=1)
            ledger.write("action", round=at, tool=tool, arguments=asked, ok=True)
        ledger.close()
    [found] = failure_patterns(runs, read_ledgers(tmp_path, runs)).divergences
    assert (str(found.after), str(found.ways[0].move)) == (
        "read_file a.py",
        "write_file a.py",
    )
    assert str(found.solved_ways[0].move) == "run_command pytest"
    assert found.clear
    assert set(found.missed) == {run.run_id for run in runs if not run.success}


def test_a_night_without_runs_has_no_patterns() -> None:
    nothing = FailurePatterns((), (), (), (), (), (), (), ())
    assert patterns() == nothing
    assert patterns(runs_of("L3-1", "infra", "harness")) == nothing
    assert patterns(runs_of("L3-1", "passed")).modes == ()


def test_looking_for_patterns_needs_no_heavy_library_to_be_imported() -> None:
    script = (
        "import sys; import pytest_overnight.reporting.failures;"
        "print(sorted({'numpy', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr
