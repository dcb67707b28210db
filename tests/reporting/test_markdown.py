"""Text of an agent's making stays text; tables look right unrendered."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.reporting.markdown import WIDTH
from pytest_overnight.reporting.markdown import Markdown
from pytest_overnight.reporting.markdown import code
from pytest_overnight.reporting.markdown import percent
from pytest_overnight.reporting.markdown import seconds
from pytest_overnight.reporting.markdown import span
from pytest_overnight.reporting.markdown import table
from pytest_overnight.reporting.markdown import text
from pytest_overnight.reporting.markdown import wrap

nasty = st.text(
    alphabet=st.sampled_from("<>&`*_[]()!#|\\~-+=1.) \n\t\x1b\u202e\ud800x")
)


@given(nasty)
def test_no_text_brings_html_or_a_second_line(anything: str) -> None:
    shown = text(anything)
    assert not set("<>\n\t\x1b\u202e\ud800") & set(shown)
    assert not re.search(r"&(?!amp;|lt;|gt;|#\d+;)", shown)


@given(nasty)
def test_no_text_brings_an_unescaped_mark(anything: str) -> None:
    bare = re.sub(r"\\.", "x", text(anything))
    assert not set("`*[]~\\") & set(bare)
    assert not re.match(r"[-+=|:#]|\d+[.)](\s|$)", bare)


@given(nasty)
def test_a_quotation_cannot_be_closed_from_inside(anything: str) -> None:
    shown = code(anything)
    fence = re.match("`+", shown)
    assert fence
    inside = shown[len(fence[0]) : -len(fence[0])]
    assert shown.endswith(fence[0])
    assert fence[0] not in re.findall("`+", inside)
    assert shown.isprintable()


def test_control_characters_are_visible() -> None:
    assert code("a\x1b[31mb\nc\x00\u202ed") == r"`a\x1b[31mb\nc\x00\u202ed`"


def test_a_long_quotation_is_cut_and_says_so() -> None:
    assert code("x" * 200, 10) == f"`{'x' * 10}…`"


def test_words_of_ours_stay_readable() -> None:
    assert text("wrong_answer") == "wrong_answer"
    assert text("L3-1-run-0001") == "L3-1-run-0001"


def test_a_table_is_aligned_as_plain_text() -> None:
    shown = table(["id", ">n"], [["L3-1", 7], ["A-1a", None]])
    assert shown.splitlines() == [
        "| id   |   n |",
        "|------|----:|",
        "| L3-1 |   7 |",
        "| A-1a |   – |",
    ]


def test_a_bar_in_a_cell_makes_no_new_column() -> None:
    row = table(["name"], [[code("test[a|b]")]]).splitlines()[-1]
    assert row == r"| `test[a\|b]` |"


@given(st.lists(nasty, max_size=30))
def test_no_wrapped_line_begins_a_block(words: list[str]) -> None:
    _, *others = wrap(" ".join(["word", *words]), 2).split("\n")
    for line in others:
        assert line.startswith("  ")
        assert not re.match(r"\s*([-+=#>|:`*]|\d+[.)](\s|$))", line)


def test_long_lists_are_wrapped_between_words() -> None:
    lines = wrap(", ".join(f"L3-1-run-{n:04d}" for n in range(40)), 2).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(re.fullmatch(r"( {2})?(L3-1-run-\d{4},? ?)+", line) for line in lines)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.676, "68 %"), (0.999, "99 %"), (0.001, "1 %")],
)
def test_only_all_is_100_percent_and_only_none_is_0(share: float, shown: str) -> None:
    assert percent(share) == shown
    assert percent(None) == "–"


def test_times_are_shown_in_the_unit_that_fits() -> None:
    assert [span(t) for t in (3.21, 725, 28680)] == [
        "3.2 s",
        "12 min 5 s",
        "7 h 58 min",
    ]
    assert [seconds(t) for t in (0.123, 59.94, 719.6, None)] == [
        "0.12",
        "59.9",
        "720",
        "–",
    ]


@given(st.text(alphabet="ab` #>-1.", min_size=1), st.integers(0, 4))
def test_a_quotation_is_never_broken(said: str, words: int) -> None:
    quoted = code(said)
    lead = " ".join(["word"] * (words + 18))
    page = wrap(Markdown(f"{lead} {quoted} {lead}"))
    assert quoted in page
