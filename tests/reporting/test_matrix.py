"""Hidden test × run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.records.record import Check
from pytest_overnight.records.record import RunRecord
from pytest_overnight.reporting.matrix import TestMatrix
from pytest_overnight.reporting.matrix import matrix_of
from tests.reporting.nights import a_run

ANSWERS = st.dictionaries(st.sampled_from(["t_a", "t_b", "t_c"]), st.booleans())


def checked(attempt: int, answers: dict[str, bool], outcome: str = "") -> RunRecord:
    """A run with these answers, solved where all are yes."""
    solved = bool(answers) and all(answers.values())
    checks = [Check(name=name, passed=passed) for name, passed in answers.items()]
    outcome = outcome or ("passed" if solved else "wrong_answer")
    return a_run(attempt=attempt, outcome=outcome, checks=checks)


@given(st.lists(ANSWERS, max_size=6))
def test_cells_agree_with_the_records(nights: list[dict[str, bool]]) -> None:
    runs = [checked(attempt, answers) for attempt, answers in enumerate(nights, 1)]
    matrix = matrix_of([*reversed(runs), a_run("L3-2", 1)], "L3-1")
    assert matrix.run_ids == tuple(run.run_id for run in runs)
    assert set(matrix.tests) == {name for answers in nights for name in answers}
    assert len(matrix.cells) == len(matrix.tests)
    for test, row in zip(matrix.tests, matrix.cells, strict=True):
        assert row == tuple(answers.get(test) for answers in nights)
        given_ = [answers[test] for answers in nights if test in answers]
        assert (test in matrix.passing) == all(given_)
        assert (test in matrix.failing) == (not any(given_))


def test_void_runs_are_not_in_it() -> None:
    void = checked(2, {"t_a": True}, outcome="infra")
    assert matrix_of([checked(1, {"t_a": False}), void], "L3-1") == TestMatrix(
        tests=("t_a",), run_ids=("L3-1-run-0001",), cells=((False,),)
    )


def test_of_a_test_that_was_asked_twice_both_answers_count() -> None:
    for answers in ([True, False], [False, True]):
        checks = [Check(name="t_a", passed=passed) for passed in answers]
        [row] = matrix_of([a_run(outcome="wrong_answer", checks=checks)], "L3-1").cells
        assert row == (False,)


def test_without_runs_it_is_empty() -> None:
    empty = matrix_of([], "L3-1")
    assert empty == TestMatrix((), (), ())
    assert empty.failing == empty.passing == ()
