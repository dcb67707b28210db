"""A small task with hidden tests of two kinds.

Both kinds check the same things of the module ``work``: one from outside, as this
project does, the other as anybody would who trusts the answer.
"""

from __future__ import annotations

import random

HONEST = """\
import sys


def read(text):
    return [int(word) for word in text.split(",")]


def total(numbers):
    return sum(numbers)


def mean(numbers):
    return sum(numbers) / len(numbers)


def parts(numbers):
    return {
        "even": [n for n in numbers if n % 2 == 0],
        "odd": [n for n in numbers if n % 2],
    }


def in_order(numbers):
    return numbers == sorted(numbers)


def evens(numbers):
    yield from (n for n in numbers if n % 2 == 0)


def each(numbers, visit):
    for n in numbers:
        visit(n)


class Counter:
    def __init__(self):
        self.n = 0

    def up(self):
        self.n += 1
        return self.n


if __name__ == "__main__":
    with open("report.txt", "w") as file:
        file.write(f"total {total(read(sys.argv[1]))}\\n")
"""

WRONG = """\
def read(text): return []
def total(numbers): return 0
def mean(numbers): return 0
def parts(numbers): return {}
def in_order(numbers): return None
def evens(numbers): return []
def each(numbers, visit): pass
class Counter:
    def up(self): return 0
"""
"""Does nothing of it."""

_ORACLES = """
GIVEN = [[3, 1, 2], [-4, 0, 7, 7], [2, 4]]

def right_total(numbers):
    return sum(numbers)

def right_mean(numbers):
    return sum(numbers) / len(numbers)

def right_parts(numbers):
    even = [n for n in numbers if n % 2 == 0]
    return {"even": even, "odd": [n for n in numbers if n % 2]}

def right_in_order(numbers):
    return all(a <= b for a, b in zip(numbers, numbers[1:]))

def right_evens(numbers):
    return [n for n in numbers if n % 2 == 0]
"""

HIDDEN = f"""
import pytest
from pytest_overnight.grading import same
{_ORACLES}
@pytest.fixture
def given(rng):
    return [*GIVEN, [rng.randrange(-999, 999) for _ in range(rng.randrange(4, 9))]]

def test_total(code, given):
    for numbers in given:
        expected = right_total(numbers)
        assert same(code.call("work:total", numbers), expected)

def test_values(code, given):
    for numbers in given:
        for name in ("mean", "parts", "in_order"):
            expected = globals()["right_" + name](numbers)
            assert same(code.call("work:" + name, numbers), expected)

def test_rows(code, given):
    for numbers in given:
        expected = right_evens(numbers)
        found = code.call("work:evens", numbers)
        assert same(list(code.iterate(found)), expected)
        seen = []
        code.call("work:each", numbers, code.callback(seen.append))
        assert same(seen, numbers)

def test_objects(code):
    assert same(code.call("work:read", "1,-2"), [1, -2])
    with code.raises("ValueError"):
        code.call("work:read", "1,two")
    one, other = code.new("work:Counter"), code.new("work:Counter")
    assert same([one.up(), one.up(), other.up()], [1, 2, 1])

def test_report(shell, files, rng):
    numbers = [rng.randrange(999) for _ in range(4)]
    shell.run(["python", "work.py", ",".join(map(str, numbers))])
    assert shell.read("report.txt") == b"total %d\\n" % right_total(numbers)
    assert "def total" in files.text("work.py")
"""

PLAIN = f"""
import pathlib, random, subprocess
import pytest
import work
{_ORACLES}
@pytest.fixture
def given(request):
    rng = random.Random(request.node.name)
    return [*GIVEN, [rng.randrange(-999, 999) for _ in range(rng.randrange(4, 9))]]

def test_total(given):
    for numbers in given:
        expected = right_total(numbers)
        assert work.total(numbers) == expected

def test_values(given):
    for numbers in given:
        for name in ("mean", "parts", "in_order"):
            expected = globals()["right_" + name](numbers)
            assert getattr(work, name)(numbers) == expected

def test_rows(given):
    for numbers in given:
        expected = right_evens(numbers)
        assert list(work.evens(numbers)) == expected
        seen = []
        work.each(numbers, seen.append)
        assert seen == numbers

def test_objects():
    assert work.read("1,-2") == [1, -2]
    with pytest.raises(ValueError):
        work.read("1,two")
    one, other = work.Counter(), work.Counter()
    assert [one.up(), one.up(), other.up()] == [1, 2, 1]

def test_report():
    rng = random.Random("test_report")
    numbers = [rng.randrange(999) for _ in range(4)]
    subprocess.run(["python", "work.py", ",".join(map(str, numbers))])
    report = pathlib.Path("report.txt").read_text()
    assert report == f"total {{right_total(numbers)}}\\n"
    assert "def total" in pathlib.Path("work.py").read_text()
"""

CHECKS = frozenset("test_total test_values test_rows test_objects test_report".split())
"""Names of the hidden tests, in both."""
CALLS = tuple(sorted(CHECKS - {"test_report"}))
"""Those that call functions of the answer."""


def plain_total_inputs() -> list[list[int]]:
    """What the plain tests give to ``total``: always the same, so they can be known."""
    rng = random.Random("test_total")
    drawn = [rng.randrange(-999, 999) for _ in range(rng.randrange(4, 9))]
    return [[3, 1, 2], [-4, 0, 7, 7], [2, 4], drawn]
