"""``peaks``: each rule by itself, and seeded random rows."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError
from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("series_model.py"))))


def test_peaks_of_every_width(code: Any, rng: Random) -> None:
    for kind in model.KINDS.values():
        items = [kind(number) for number in model.few(rng, 14)]
        for width in range(1, len(items) + 3):
            found = code.call("series:peaks", items, width)
            assert same(found, model.peaks(items, width)), width


def test_of_equal_peaks_the_first_in_reach_is_returned(code: Any, rng: Random) -> None:
    assert same(code.call("series:peaks", [1, 1.0, True, 1], 2), [1, 1.0, True])
    for _ in range(40):
        items = [model.real(rng, number) for number in model.few(rng, 20)]
        width = rng.randint(1, 6)
        found = code.call("series:peaks", items, width)
        assert same(found, model.peaks(items, width))


def test_peaks_need_no_hash_and_are_the_objects_given(code: Any, rng: Random) -> None:
    counter = code.counter(100_000)
    numbers = [rng.randint(1, 4) for _ in range(30)]
    items = [code.key(number, counter, "eq lt le") for number in numbers]
    width = rng.randint(2, 9)
    found = code.call("series:peaks", items, width)
    expected = [items[place] for place in model.peak_places(numbers, width)]
    assert [id(one) for one in found] == [id(one) for one in expected]
    rows = [[number // 4, number % 4] for number in numbers]
    found = code.call("series:peaks", rows, width)
    assert same(found, model.peaks(rows, width))


def test_fewer_items_than_the_width_have_no_peak(code: Any) -> None:
    for items, width in (([], 1), ([], 5), ([4], 2), ([4, 9, 1], 4), ([4, 9], 99)):
        assert same(code.call("series:peaks", items, width), [])
    assert same(code.call("series:peaks", [4, 9, 1], 3), [9])


def test_a_width_below_one_is_refused(code: Any, rng: Random) -> None:
    for width in (0, -1, -rng.randint(2, 99)):
        for items in ([], [3], [3, 1, 2]):
            with pytest.raises(CodeError) as caught:
                code.call("series:peaks", items, width)
            assert caught.value.type == "ValueError"
            assert caught.value.message == f"width below 1: {width}"
