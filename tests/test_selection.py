"""Which command lines ask for challenge runs."""

from __future__ import annotations

import itertools

import pytest

from pytest_overnight.selection import asks_for_night
from pytest_overnight.selection import family
from pytest_overnight.selection import wanted_words


def asks(*, m: str = "", k: str = "", challenge: str = "", argument: str = "") -> bool:
    """One command line, with three challenges known."""
    return asks_for_night(
        markexpr=m,
        keyword=k,
        challenges=[challenge] if challenge else [],
        arguments=[argument] if argument else [],
        catalogued=lambda: ["L3-1", "L3-2", "L6-3", "A-1b"],
    )


@pytest.mark.parametrize(
    "options",
    [
        {"m": "overnight"},
        {"m": "overnight and not hrm"},
        {"m": "(L3 or gpu)"},
        {"m": "not (not L3)"},
        {"m": "A"},
        {"k": "L3"},
        {"k": "l3-2"},
        {"k": "L6-3-run-0001"},
        {"k": "[L6-3-"},
        {"k": "A-1"},
        {"k": "slow or L3"},
        {"k": "not slow and L3-1"},
        {"k": "L3 and not L3-2"},
        {"challenge": "L3-1"},
        {"argument": "challenges/test_challenges.py::test_challenge[L3-1-run-0001]"},
        {"argument": "challenges/test_challenges.py::test_challenge"},
    ],
    # Not by content: `-k L3` must not select the tests of this file.
    ids=itertools.count(),
)
def test_asks_for_a_night(options: dict[str, str]) -> None:
    assert asks(**options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"m": "not hrm"},
        {"m": "not overnight"},
        {"m": "not (L3 or overnight)"},
        {"m": "slow"},
        {"k": "not slow"},
        {"k": "challenge"},
        {"k": "not L3"},
        {"k": "not (L3 or L6)"},
        {"k": "html3"},
        {"k": "test_l3_cache"},
        {"k": "L34"},
        {"k": "a"},
        {"argument": "challenges/test_challenges.py"},
        {"argument": "challenges"},
    ],
    # Not by content: `-k L3` must not select the tests of this file.
    ids=itertools.count(),
)
def test_does_not_ask_for_a_night(options: dict[str, str]) -> None:
    assert not asks(**options)


def test_a_double_negation_is_wanted_again() -> None:
    words = list(wanted_words("a and not (b or not c) and not not d"))
    assert words == ["a", "c", "d"]


def test_a_family_is_what_comes_before_the_last_part() -> None:
    assert [family(name) for name in ("L6-3", "A-1b", "A-2c")] == ["L6", "A-1", "A-2"]
