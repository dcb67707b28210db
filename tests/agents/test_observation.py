"""Texts made fit to be answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.agents.observation import printable
from pytest_overnight.agents.observation import shorten
from pytest_overnight.agents.observation import status_text


def test_shortening_keeps_three_quarters_at_the_front() -> None:
    short = shorten("a" * 500 + "z" * 500, 280, "look at less")
    front, notice, end = short.split("\n")
    assert (len(front), len(end)) == (141, 47)
    assert notice == "… 812 characters cut; look at less …"
    assert (set(front), set(end)) == ({"a"}, {"z"})
    assert len(short) <= 280


def test_what_was_dropped_before_is_counted() -> None:
    short = shorten("a" * 1000, 280, "look at less", dropped=10_000_000)
    assert "… 10000812 characters cut; look at less …" in short


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"plain \xc3\xa9\tx\n", "plain é\tx\n"),
        (b"\x1b[1;31mred\x1b[0m \x1b[?25l", "red "),
        (b"\x1b]0;title\x07after \x1b]8;;http://x\x1b\\link", "after link"),
        (b"10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        (b"a\0b\x7f\xff\xc2\x85", "a\ufffdb\ufffd\ufffd\ufffd"),
        (b"\x1bc", "\ufffdc"),
    ],
)
def test_output_is_shown_as_a_terminal_would(output: bytes, text: str) -> None:
    assert printable(output) == text


@given(output=st.binary() | st.text(alphabet="\x1b[]0;m\r\n\\\x07 é").map(str.encode))
def test_output_is_always_printable(output: bytes) -> None:
    text = printable(output)
    assert not set(text) & {chr(code) for code in range(160)} - set(map(chr, SHOWN))


SHOWN = [*range(32, 127), 9, 10]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (3, "exit status 3"),
        (-9, "ended by signal SIGKILL"),
        (-99, "ended by signal 99"),
    ],
)
def test_statuses_have_names(status: int, text: str) -> None:
    assert status_text(status) == text
