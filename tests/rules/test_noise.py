"""What is taken out of an observation, and what must stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_overnight.rules.noise import without_noise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 failed in 0.12s", "1 failed in 4.56s"),
        ("1 failed in 62.12s (0:01:02)", "1 failed in 71.90s (0:01:11)"),
        ("Ran 3 tests in 0.001s", "Ran 3 tests in 1.2e-05s"),
        ("real\t0m0.012s", "real\t1m59.250s"),
        ("5 loops, best of 5: 4.67 usec per loop", "5 loops, best of 5: 5 µs per loop"),
        ("took 3 seconds", "took 12 milliseconds"),
        ("exit status 0 after 0.1 s", "exit status 0 after 2.0 s"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;196mred\x1b[K", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\text", "text"),
        ("<object at 0x7f12>", "<object at 0x7fab>"),
        ("0x00007f3a2c1d9e50", "0x00007f3a2c1d0000"),
        ("2026-01-01 10:00:00,123 start", "2026-01-02T11:59:59.5+02:00 start"),
        ("[09:59:59] start", "[23:00:01.250] start"),
        ("pid 12 died", "pid 4711 died"),
        ("Popen(PID=12)", "Popen(PID: 4711)"),
        ("[1] 4711\nok", "[1] 815\nok"),
        ("==4711== Invalid read", "==815== Invalid read"),
        ("sh: line 1:  4711 Killed  x.py", "sh: line 1:  15 Killed  x.py"),
        ("/tmp/tmpab12_x9z/x.py:3", "/tmp/tmpqq34cd7e/x.py:3"),
        ("/tmp/tmp.Ab12Cd34Ef/x", "/tmp/tmp.9876543210/x"),
        ("/tmp/pytest-of-me/pytest-1/t0", "/tmp/pytest-of-me/pytest-22/t0"),
        ("  text\n", "text"),
    ],
)
def test_noise_does_not_hide_a_repeat(one: str, other: str) -> None:
    assert without_noise(one) == without_noise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 passed", "4 passed"),
        ("line 3: error", "line 4: error"),
        ("a", "b"),
        ("exit status 0 after 0.1 s", "exit status 1 after 0.1 s"),
        ("value 0x1f", "value 0x20"),
        ("2026-01-01", "2026-01-02"),
        ("worked 2h 30m", "worked 3h 30m"),
        ("5 hours", "6 hours"),
        ("3 sheets", "4 sheets"),
        ("/tmp/a.txt", "/tmp/b.txt"),
        ("/tmp/tmpab12_x9z/a.py", "/tmp/tmpab12_x9z/b.py"),
        ("src/tmpfolders1/x", "src/tmpfolders2/x"),
        ("10:15", "10:16"),
        ("12 Killers", "13 Killers"),
        ("[1] 12 apples", "[1] 13 apples"),
        ("stupid 12", "stupid 13"),
    ],
)
def test_what_means_something_is_no_noise(one: str, other: str) -> None:
    assert without_noise(one) != without_noise(other)


pieces = st.sampled_from(
    "\x1b [ ] 0m m 1 12 0x 0xdeadbeef at pid = : 10:00:00 2026-01-01 T s ms e- . <pid> "
    "/tmp/ tmp. tmp tmpabcdefgh pytest- == Killed \n \t ( ) x \x07 \\".split(" ")
) | st.sampled_from([" ", "\n"])


@given(st.lists(pieces | st.text(max_size=3), max_size=25).map("".join))
def test_what_is_tidy_stays_as_it_is(text: str) -> None:
    once = without_noise(text)
    assert without_noise(once) == once


@given(st.text(st.characters(exclude_categories=["Cc", "Nd"])))
def test_without_digits_and_controls_only_the_ends_are_touched(text: str) -> None:
    assert without_noise(text) == text.strip()
