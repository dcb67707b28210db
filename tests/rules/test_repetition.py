"""When a text has got stuck, and when it is only long."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.repetition import FILLED
from pytest_overnight.rules.repetition import LONGEST_UNIT
from pytest_overnight.rules.repetition import SAME_LINES
from pytest_overnight.rules.repetition import TAIL
from pytest_overnight.rules.repetition import is_degenerate

PACKAGE = Path(__file__).parents[2] / "pytest_overnight"
NUMBERS = "".join(f"{n}\n" for n in range(TAIL))
"""Ordinary text, longer than what is looked at."""

lines = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300)
spoken = lines.filter(str.strip)


def test_equal_lines_are_counted() -> None:
    assert not is_degenerate("Let me think.\n" * 14)
    assert is_degenerate("Let me think.\n" * 15)


def test_blank_lines_between_do_not_count() -> None:
    assert is_degenerate("Wait.\n\n  \n" * SAME_LINES)
    assert not is_degenerate("Wait.\n\n  \n" * (SAME_LINES - 1))


def test_another_line_in_between_begins_anew() -> None:
    half = "Wait.\n" * (SAME_LINES - 1)
    assert not is_degenerate(f"{half}No.\n{half}")


def test_brackets_that_close_nested_data_are_different_lines() -> None:
    closing = "".join(" " * depth + "}\n" for depth in range(40, 0, -1))
    assert not is_degenerate(closing)


def test_a_line_that_is_cut_at_the_window_is_not_looked_at() -> None:
    same = "x\n" * (SAME_LINES - 1)
    rest = NUMBERS[-(TAIL - len(same) - 2) :]
    assert not is_degenerate("yx\n" + same + rest)
    assert not is_degenerate("x\n" + same + rest + "1234")
    assert is_degenerate("x\n" + same + rest)


def test_a_piece_must_fill_the_end() -> None:
    assert not is_degenerate("ab" * 999 + "a")
    assert is_degenerate("ab" * 1000)
    assert not is_degenerate("ab" * 1000 + ".")


def test_a_longer_piece_is_not_looked_for() -> None:
    unit = "".join(f"{n:03}," for n in range(100))
    assert is_degenerate(unit[:200] * 14)
    assert not is_degenerate(unit[:201] * 14)


@given(st.text(max_size=500), st.text(min_size=1, max_size=LONGEST_UNIT))
def test_what_comes_before_does_not_matter(before: str, unit: str) -> None:
    text = before + unit * FILLED
    # Blank pieces are no talk; those with line breaks may be equal lines as well.
    assert is_degenerate(text) or not unit.strip()


@given(st.lists(lines, max_size=5), spoken, st.text(" \t\n", max_size=5))
def test_whatever_the_line(before: list[str], line: str, blank: str) -> None:
    repeated = f"{line}\n{blank}\n" * SAME_LINES
    assert is_degenerate("\n".join([*before, repeated]))


@given(st.text(" \t\n\r", max_size=3).map(lambda blank: blank * TAIL))
def test_blank_text_is_never_degenerate(text: str) -> None:
    assert not is_degenerate(text)


@given(st.lists(spoken, unique_by=str.rstrip, max_size=40))
def test_lines_that_all_differ_are_none(different: list[str]) -> None:
    text = "\n".join(different)[: FILLED - 1]
    assert not is_degenerate(text)


@pytest.mark.parametrize(
    "text",
    [
        NUMBERS,
        "".join(f"| item {n} | {n % 7} |\n" for n in range(300)),
        "".join(f"2026-01-{day:02},shop,0,0,0,0\n" for day in range(1, 32)) * 5,
        "\n" * 3000 + "def f():\n" + "\n" * 3000,
        "[" + ", ".join("0" for _ in range(300)) + "]",
        f"{'-' * 500}\n" * (SAME_LINES - 12),
    ],
    ids=["numbers", "table", "csv", "blank lines", "zeros", "rules"],
)
def test_ordinary_text_is_none(text: str) -> None:
    assert not is_degenerate(text)


def test_code_is_none_however_far_it_has_come() -> None:
    for path in PACKAGE.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        ends = range(0, len(code), 997)
        assert not any(is_degenerate(code[:end]) for end in ends), path
