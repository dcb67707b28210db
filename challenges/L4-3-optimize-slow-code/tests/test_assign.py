"""``assign``: each rule by itself, and seeded random jobs."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("series_model.py"))))


def test_each_job_goes_to_the_worker_who_is_free_first(code: Any, rng: Random) -> None:
    for _ in range(30):
        durations = [rng.randint(0, 1000) for _ in range(rng.randint(0, 30))]
        workers = rng.randint(1, 8)
        found = code.call("series:assign", durations, workers)
        assert same(found, model.assign(durations, workers))


def test_of_workers_free_at_one_time_the_lowest_number_is_chosen(
    code: Any, rng: Random
) -> None:
    expected = [(0, 0), (1, 0), (2, 0), (0, 2), (1, 2), (2, 2)]
    assert same(code.call("series:assign", [2] * 6, 3), expected)
    expected = [(0, 0), (1, 0), (0, 1), (0, 2), (1, 2)]
    assert same(code.call("series:assign", [1, 2, 1, 5, 5], 2), expected)
    for _ in range(30):
        durations = [rng.randint(0, 2) for _ in range(rng.randint(0, 30))]
        workers = rng.randint(1, 8)
        found = code.call("series:assign", durations, workers)
        assert same(found, model.assign(durations, workers))


def test_jobs_of_no_duration_keep_their_worker_free(code: Any) -> None:
    expected = [(0, 0), (0, 0), (1, 0), (1, 0)]
    assert same(code.call("series:assign", [0, 4, 0, 4], 2), expected)


def test_starts_are_exact_sums_of_the_durations(code: Any, rng: Random) -> None:
    for _ in range(10):
        durations = [rng.choice([0.1, 0.2, 0.7, 1e16, 3]) for _ in range(30)]
        workers = rng.randint(1, 3)
        found = code.call("series:assign", durations, workers)
        assert same(found, model.assign(durations, workers))


@pytest.mark.parametrize("kind", [Fraction, Decimal])
def test_durations_are_numbers_of_any_type(code: Any, rng: Random, kind: Any) -> None:
    durations = [kind(rng.randint(0, 9)) / 8 for _ in range(20)]
    found = code.call("series:assign", durations, 4)
    assert same(found, model.assign(durations, 4))


def test_large_numbers_stay_exact(code: Any, rng: Random) -> None:
    durations = [10**30 + rng.randint(0, 3) for _ in range(20)]
    found = code.call("series:assign", durations, 3)
    assert same(found, model.assign(durations, 3))


def test_more_workers_than_jobs(code: Any) -> None:
    assert same(code.call("series:assign", [3, 3], 5), [(0, 0), (1, 0)])
    assert same(code.call("series:assign", [], 5), [])
    assert same(code.call("series:assign", [3, 4], 1), [(0, 0), (0, 3)])


def test_workers_below_one_are_refused(code: Any, rng: Random) -> None:
    for workers in (0, -1, -rng.randint(2, 99)):
        for durations in ([], [3], [3, 1, 2]):
            with pytest.raises(CodeError) as caught:
                code.call("series:assign", durations, workers)
            assert caught.value.type == "ValueError"
            assert caught.value.message == f"workers below 1: {workers}"
