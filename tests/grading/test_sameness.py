"""Equality that means it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pytest_overnight.grading import same


@pytest.mark.parametrize(
    ("got", "want", "where"),
    [
        (1, True, "at the top: 1 is not True"),
        (1, 1.0, "at the top: 1 is not 1.0"),
        (0.0, -0.0, "at the top: 0.0 is not -0.0"),
        ([1, [2, 3]], [1, [2, 4]], "at [1][1]: 3 is not 4"),
        ([1, 2], [1, 2, 3], "at the top: 2 items, not 3"),
        ((1,), [1], "at the top: (1,) is not [1]"),
        ({"a": {"b": 1}}, {"a": {"b": True}}, "at ['a']['b']: 1 is not True"),
        ({"a": 1}, {"b": 1}, "at the top: key 'a' is too many"),
        ({}, {"b": 1}, "at the top: key 'b' is missing"),
        ({1: 0}, {True: 0}, "at the top: key 1 is too many"),
        ({1}, {True}, "at the top: {1} is not {True}"),
        ("a" * 99, "b", f"at the top: '{'a' * 78}… is not 'b'"),
    ],
)
def test_a_difference_is_said(got: Any, want: Any, where: str) -> None:
    found = same(got, want)
    assert not found
    assert repr(found) == where


def test_what_is_the_same() -> None:
    assert same(math.nan, math.nan)
    assert same([{"b": 1, "a": (2, {3})}], [{"a": (2, {3}), "b": 1}])
    assert same(0.0, -0.0, zero=True)
    assert same({math.nan: 1}, {float("nan"): 1})


def test_an_object_that_equals_everything_is_only_itself() -> None:
    class Always:
        def __eq__(self, other: object) -> bool:
            return True

    one = Always()
    assert same(one, one)
    assert not same(one, Always())
    assert not same(one, 3)


def test_values_too_deep_are_not_the_same() -> None:
    def nest() -> Any:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        return deep

    assert not same(nest(), nest())
