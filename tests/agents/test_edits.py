"""Edits that quote a file right, almost right, and wrong."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.edits import EditError
from pytest_overnight.agents.edits import apply_edit

FILE = """\
class Stack:
    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()
"""


def refusal(text: str, old: str, new: str) -> str:
    with pytest.raises(EditError) as caught:
        apply_edit(text, old, new)
    return str(caught.value)


def test_an_exact_match_is_replaced() -> None:
    edit = apply_edit(FILE, "items.pop()", "items.pop(0)")
    assert edit.text == FILE.replace("items.pop()", "items.pop(0)")
    assert (edit.first_line, edit.lines, edit.count, edit.repair) == (6, 1, 1, "")


texts = st.text(alphabet="ab \n", max_size=30)


@given(before=texts, old=texts, after=texts, new=texts)
def test_a_unique_exact_match_does_what_str_replace_does(
    before: str, old: str, after: str, new: str
) -> None:
    text = before + old + after
    assume(old and old != new and text.count(old) == 1)
    assume(text.find(old) == text.rfind(old))
    assert apply_edit(text, old, new).text == text.replace(old, new)


def test_blanks_at_line_ends_do_not_matter() -> None:
    edit = apply_edit("a = 1  \nb = 2\n", "a = 1\nb = 2 ", "c = 3")
    assert edit.text == "c = 3\n"
    assert edit.repair == "blanks at line ends ignored"


def test_windows_line_ends_are_kept() -> None:
    edit = apply_edit("a\r\nb\r\nc\r\n", "a\nb", "x\ny")
    assert edit.text == "x\r\ny\r\nc\r\n"
    edit = apply_edit("a\r\nb\r\nc\r\n", "b", "x\n\ny")
    assert edit.text == "a\r\nx\r\n\r\ny\r\nc\r\n"
    edit = apply_edit("  a\r\n  b\r\n", "a\nb", "x\n\ny")
    assert edit.text == "  x\r\n\r\n  y\r\n"
    edit = apply_edit("a\nb\n", "b", "x\r\ny")
    assert edit.text == "a\nx\r\ny\n"


line = st.sampled_from(["a", " a", "a ", "\ta", "b", "", " ", "a\r"])


@given(have=st.lists(line, max_size=8), quoted=st.lists(line, min_size=1, max_size=3))
def test_a_forgiven_match_is_one_line_by_line(
    have: list[str], quoted: list[str]
) -> None:
    text, old = "\n".join(have), "\n".join(quoted)
    wanted = [each.rstrip() for each in old.strip("\r\n").split("\n")]
    at: list[int] = []
    for start in range(len(have) - len(wanted) + 1):
        beside = not at or start >= at[-1] + len(wanted)
        found = [each.rstrip() for each in have[start : start + len(wanted)]]
        at += [start] if found == wanted and beside else []
    edit = None
    with suppress(EditError):
        edit = apply_edit(text, old, "NEW")
    is_forgiven = edit is not None and edit.repair == "blanks at line ends ignored"
    assert is_forgiven or not any(wanted) or len(at) != 1 or old in text
    if edit is not None and is_forgiven:
        assert len(at) == 1
        end = "\r" * have[at[0] + len(wanted) - 1].endswith("\r")
        kept = [*have[: at[0]], f"NEW{end}", *have[at[0] + len(wanted) :]]
        assert edit.text == "\n".join(kept)


def test_a_block_with_another_indentation_is_fitted() -> None:
    old = "def pop(self):\n    return self.items.pop()"
    new = "def pop(self):\n    if self.items:\n        return self.items.pop()"
    edit = apply_edit(FILE, old, new)
    assert "    def pop(self):\n        if self.items:\n            return" in edit.text
    assert edit.repair == "indentation fitted to the file"


def test_a_block_with_another_shape_is_not_fitted() -> None:
    old = "def pop(self):\nreturn self.items.pop()"
    assert "is not in the file" in refusal(FILE, old, "pass")


def test_line_numbers_of_read_file_are_taken_off() -> None:
    old = "   5|     def pop(self):\n   6|         return self.items.pop()"
    new = "   5|     def pop(self):\n   6|         return 1"
    edit = apply_edit(FILE, old, new)
    assert edit.text.endswith("    def pop(self):\n        return 1\n")
    assert edit.repair == "line numbers taken off"


def test_an_ambiguous_text_is_refused_with_its_places() -> None:
    message = refusal("x\ny\nx\n", "x", "z")
    assert "2 times, at lines 1, 3. Add neighbouring lines" in message
    message = refusal("x\n" * 12, "x", "z")
    assert "12 times, at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …. Add" in message


def test_all_places_are_replaced_when_asked() -> None:
    edit = apply_edit("x\ny\nx\n", "x", "z", replace_all=True)
    assert (edit.text, edit.count) == ("z\ny\nz\n", 2)


def test_a_miss_shows_the_nearest_lines() -> None:
    message = refusal(FILE, "self.items.append(thing)", "pass")
    assert "   3|         self.items.append(item)" in message
    assert message.endswith("Copy them exactly, without the numbers.")


def test_a_miss_shows_as_many_lines_as_were_quoted_and_their_neighbours() -> None:
    file = "".join(f"line_{n} = {n}\n" for n in range(1, 40)) + "the_end = True\n"
    quoted = "line_19 = 0\nline_20 = twenty_\nline_21 = 0"
    message = refusal(file, quoted, "pass")
    assert '"old_text" is not in the file. Searched for:\n' + quoted in message
    shown = "".join(f"\n{n:>4}| line_{n} = {n}" for n in range(18, 23))
    assert f"The nearest lines are:{shown}\nCopy" in message


def test_a_miss_without_anything_like_it_says_so() -> None:
    assert "Nothing like it is there. Call read_file" in refusal(FILE, "%%", "pass")


def test_an_edit_made_before_is_recognised() -> None:
    message = refusal("a = 0\nb = 2 \n", "a = 1", "b = 2")
    assert '"new_text" is, at line 2: already applied? Look with read_file' in message


def test_a_piece_of_a_line_is_no_edit_made_before() -> None:
    assert "already applied?" not in refusal("bypass = 2\n", "a = 1", "pass")


def test_an_empty_or_equal_text_is_refused() -> None:
    assert "use write_file" in refusal("a", "", "b")
    assert "nothing to change" in refusal("a", "a", "a")


def test_a_long_file_without_the_text_is_refused_without_a_search() -> None:
    assert "Call read_file first" in refusal("line\n" * 5000, "lime", "x")
