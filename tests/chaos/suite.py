"""The suite that these nights play: four small challenges, and one of them slower."""

from __future__ import annotations

import random
from pathlib import Path

from tests.support.suites import TESTS
from tests.support.suites import write_challenge
from tests.support.suites import write_suite

IDS = ("L3-1", "L4-1", "L5-1", "L6-1")
SLOW = IDS[-1]
SLOW_TESTS = f"""\
import time

import pytest

{TESTS}

@pytest.mark.parametrize("number", range(3))
def test_slowly(code, number):
    time.sleep(0.15)
    assert code.call("answer:answer") == 42
"""
FILES = 120
FILE_BYTES = 20_000
"""So that a snapshot takes a while, too."""


def write_chaos_suite(folder: Path) -> Path:
    """Levels L3 to L6; that of L6 is slow to keep and slow to judge."""
    write_suite(folder, IDS[:-1])
    slow = write_challenge(folder, SLOW, SLOW_TESTS)
    draw = random.Random(0)
    for number in range(FILES):
        data = slow / "environment" / "data" / f"{number:03d}.bin"
        data.parent.mkdir(exist_ok=True)
        data.write_bytes(draw.randbytes(FILE_BYTES))
    return folder
