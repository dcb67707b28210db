"""File patterns: the box's own small matcher against the library's."""

from __future__ import annotations

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.sandbox.inside.tools import matches


@given(st.text(alphabet="ab.\n", max_size=8), st.text(alphabet="ab.*?", max_size=8))
def test_without_slashes_it_agrees_with_fnmatch(name: str, pattern: str) -> None:
    assert matches(name, pattern) == fnmatch.fnmatchcase(name, pattern)


def test_a_pattern_without_a_slash_looks_at_the_name() -> None:
    assert matches("deep/er/file.py", "*.py")
    assert not matches("deep.py/er/file", "*.py")


def test_two_stars_are_any_number_of_folders() -> None:
    assert matches("file.py", "**/*.py")
    assert matches("a/b/file.py", "**/*.py")
    assert matches("tests/a/test_x.py", "tests/**/test_*.py")
    assert matches("tests/test_x.py", "tests/**/test_*.py")
    assert not matches("other/test_x.py", "tests/**/test_*.py")


def test_a_hostile_pattern_is_no_trap() -> None:
    assert not matches("a" * 3000, "*a" * 200 + "b")
