"""Tests of performance_optimizer: what it counts, what it proves, what it improves."""

import random
from pathlib import Path

import pytest

from performance_optimizer import compare, optimize, profile, slow_lines

HERE = Path(__file__).resolve().parent


# --- workloads ----------------------------------------------------------------------

def two_lists(n, seed):
    rng = random.Random(f"two {n} {seed}")
    return [[rng.randrange(2 * n) for _ in range(n)] for _ in range(2)]


def one_list(n, seed):
    rng = random.Random(f"one {n} {seed}")
    return [[rng.randrange(2 * n) for _ in range(n)]]


def words(n, seed):
    rng = random.Random(f"words {n} {seed}")
    return [[f"w{rng.randrange(n)}" for _ in range(n)]]


def rows(n, seed):
    """Items that cannot be hashed."""
    return [[[value] for value in items] for items in two_lists(n, seed)]


def row(n, seed):
    return rows(n, seed)[:1]


def colliding(n, seed):
    """Different items with one and the same hash."""
    return [[value * (2**61 - 1) for value in items] for items in two_lists(n, seed)]


def alternating(n, seed):
    """All lookups end at one of the first elements."""
    return [[i % 2 for i in range(n)], [i % 2 for i in range(n)]]


# --- sources ------------------------------------------------------------------------

SHARED = '''\
def shared(left, right):
    """The items of left that are in right."""
    found = []
    for item in left:
        if item in right:
            found.append(item)
    return found
'''

UNIQUE = '''\
def unique(items):
    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen
'''

SINGLES = '''\
LIMIT = 1


def other(value):
    return value


def singles(items):
    """The items that occur once."""
    return [other(item) for item in items if items.count(item) == LIMIT]
'''

COUNTS = '''\
def counts(items):
    total = 0
    for i in range(len(items)):
        total += items.count(items[i])
    return total
'''

MIXTURE = '''\
def mixture(left, right):
    seen = []
    out = []
    for item in left:
        if item in right and item not in seen:
            out.append((item, left.count(item)))
        seen.append(item)
    return out
'''

PAIRED = '''\
def paired(left, right):
    pairs = 0
    for item in left:
        if item in right:
            right.remove(item)
            pairs += 1
    return pairs
'''

SMALLER = '''\
def smaller(left, right):
    total = 0
    for a in left:
        for b in right:
            if a < b:
                total += 1
    return total
'''

LINEAR = '''\
def linear(items):
    best = items[0]
    for item in items:
        if best < item:
            best = item
    return best
'''


# --- profile ------------------------------------------------------------------------

def test_profile_counts_lines():
    assert profile(SHARED, "shared", [[1, 2, 9], [1, 2, 3]]) == {5: 1 + 2 + 3}
    assert profile(UNIQUE, "unique", [[1, 1, 2]]) == {4: 0 + 1 + 1}
    assert profile(SINGLES, "singles", [[1, 2, 3]]) == {10: 6}


def test_profile_counts_hash():
    source = "def f(items):\n    a = set(items)\n    return hash(items[0])\n"
    assert profile(source, "f", [[1, 2, 3]]) == {2: 3, 3: 1}


def test_profile_counts_hash_and_equality():
    source = "def f(left, right):\n    known = set(left)\n    return right[0] in known\n"
    assert profile(source, "f", [[1, 2], [2]]) == {2: 2, 3: 2}


def test_profile_counts_a_hash_that_fails():
    source = "def f(items):\n    return {items[0]: 1}\n"
    assert profile(source, "f", [[[1], [2]]]) == {2: 1}


@pytest.mark.parametrize("operator", ["==", "!=", "<", ">"])
def test_profile_counts_comparisons(operator):
    source = f"def f(a, b):\n    a[0] {operator} b[0]\n    return a[0] {operator} 3\n"
    assert profile(source, "f", [[1], [2]]) == {2: 1, 3: 1}


def test_profile_stops_at_an_exception():
    source = "def f(a):\n    a[0] == a[1]\n    raise ValueError\n    a[0] == a[1]\n"
    assert profile(source, "f", [[1, 2]]) == {2: 1}


def test_profile_leaves_the_arguments():
    arguments = [[1, 2, 3], [3, 1]]
    profile(PAIRED, "paired", arguments)
    assert arguments == [[1, 2, 3], [3, 1]]


def test_profile_starts_anew():
    source = "memory = []\ndef f(a):\n    memory.append(a[0])\n    return a[0] in memory[:-1]\n"
    for _ in range(2):
        assert profile(source, "f", [[1]]) == {}


def test_other_functions_of_the_module():
    source = "def g(a, b):\n    return a == b\n\ndef f(a):\n    return g(a[0], a[1])\n"
    assert profile(source, "f", [[1, 2]]) == {2: 1}


# --- slow_lines ---------------------------------------------------------------------

def test_slow_lines():
    assert slow_lines(SHARED, "shared", two_lists) == [5]
    assert slow_lines(PAIRED, "paired", two_lists) == [4, 5]
    assert slow_lines(LINEAR, "linear", one_list) == []


def steps(small, large):
    """A source with one line and exact counts (of one call)."""
    return (
        "def f(items):\n"
        f"    for _ in range({small} if len(items) == 10 else {large}):\n"
        "        items[0] == items[1]\n"
    )


def test_slow_is_more_than_24_times():
    assert slow_lines(steps(2, 48), "f", one_list) == []
    assert slow_lines(steps(2, 49), "f", one_list) == [3]
    assert slow_lines(steps(0, 4), "f", one_list) == []  # 20 to 1
    assert slow_lines(steps(0, 5), "f", one_list) == [3]  # 25 to 1


# --- compare ------------------------------------------------------------------------

def reason(source, candidate, make_input=one_list, name="f"):
    answer = compare(source, candidate, name, make_input)
    assert answer["proved"] is (answer["reason"] == "")
    return answer["reason"]


def test_compare_proves():
    fast = "def shared(left, right):\n    r = set(right)\n    return [x for x in left if x in r]\n"
    answer = compare(SHARED, fast, "shared", two_lists)
    assert answer["proved"] is True and answer["reason"] == ""
    for text, counts in (SHARED, answer["before"]), (fast, answer["after"]):
        assert counts == totals(text, "shared", two_lists)


def test_compare_looks_at_the_growth():
    assert reason(steps(2, 80), steps(2, 40)) == ""  # exactly half
    assert reason(steps(2, 80), steps(2, 41)) == "growth"
    assert reason(steps(2, 80), steps(1, 39)) == "growth"
    assert reason(steps(2, 80), steps(4, 79)) == ""
    assert reason(steps(2, 80), steps(4, 80)) == "growth"
    assert reason(steps(2, 80), steps(2, 80)) == "growth"
    half = "def smaller(left, right):\n    return sum(b > a for a in left for b in right[1:])" \
        " + sum(a < right[0] for a in left[:0])\n"
    answer = compare(SMALLER, half, "smaller", lambda n, seed: [[1] * n, [0] * n])
    assert answer["after"][1] < answer["before"][1]
    assert answer["reason"] == "growth"


def returning(value, small=1, large=1):
    return steps(small, large) + f"    return {value}\n"


@pytest.mark.parametrize(
    "one, other",
    [
        ("1", "2"),
        ("1", "True"),
        ("1", "1.0"),
        ("[1]", "(1,)"),
        ("[1, 2]", "[1]"),
        ("None", "0"),
    ],
)
def test_compare_looks_at_the_results(one, other):
    assert reason(returning(one, 1, 80), returning(other)) == "results"
    assert reason(returning(one, 1, 80), returning(one)) == ""


@pytest.mark.parametrize("n", [10, 80])
@pytest.mark.parametrize("seed", range(5))
def test_compare_looks_at_every_seed(n, seed):
    def make_input(size, number):
        return [[0] * size, (size, number)]

    body = (
        "def f(items, case):\n"
        "    for _ in range({} if len(items) == 10 else {}):\n"
        "        items[0] == items[1]\n"
        "    return {}\n"
    )
    before = body.format(1, 80, "0")
    after = body.format(1, 2, f"int(case == ({n}, {seed}))")
    assert reason(before, after, make_input) == "results"
    assert reason(before, body.format(1, 2, "0"), make_input) == ""


def test_compare_looks_at_exceptions():
    slow = steps(1, 80) + "    raise {}\n"
    fast = steps(1, 1) + "    raise {}\n"
    assert reason(slow.format("KeyError"), fast.format("KeyError(1)")) == ""
    assert reason(slow.format("KeyError"), fast.format("IndexError")) == "results"
    assert reason(slow.format("KeyError"), steps(1, 1)) == "results"
    assert reason(steps(1, 80), fast.format("KeyError")) == "results"


def test_compare_looks_at_the_arguments():
    assert reason(steps(1, 80), steps(1, 1) + "    items.append(1)\n") == "arguments"
    assert reason(steps(1, 80), steps(1, 80) + "    items.append(1)\n") == "arguments"
    assert reason(steps(1, 80), steps(1, 1) + "    items.pop()\n    return 1\n") == "results"


# --- optimize -----------------------------------------------------------------------

def totals(source, name, make_input):
    return [
        sum(sum(profile(source, name, make_input(n, seed)).values()) for seed in range(5))
        for n in (10, 80)
    ]


def call(source, name, arguments):
    space = {"__name__": "tested"}
    exec(source, space)
    try:
        return repr(space[name](*arguments)), repr(arguments)
    except Exception as error:
        return type(error).__name__, repr(arguments)


def check(source, name, make_input):
    """Whatever optimize says has to be true. Returns whether it has improved."""
    result = optimize(source, name, make_input)
    assert result["slow_lines"] == slow_lines(source, name, make_input)
    assert result["before"] == totals(source, name, make_input)
    assert result["after"] == totals(result["source"], name, make_input)
    if result["improved"] is False:
        assert result["source"] == source
        assert result["after"] == result["before"]
        return False
    assert result["improved"] is True
    assert result["source"] != source
    before, after = result["before"], result["after"]
    assert after[1] < before[1]
    assert 2 * after[1] * max(before[0], 1) <= before[1] * max(after[0], 1)
    assert compare(source, result["source"], name, make_input)["proved"] is True
    for n in 10, 25:
        for seed in range(5):
            assert call(result["source"], name, make_input(n, seed)) == call(
                source, name, make_input(n, seed)
            )
    return True


@pytest.mark.parametrize(
    "source, name, make_input",
    [
        (SHARED, "shared", two_lists),
        (UNIQUE, "unique", words),
        (SINGLES, "singles", one_list),
        (COUNTS, "counts", one_list),
        (MIXTURE, "mixture", two_lists),
    ],
)
def test_has_to_improve(source, name, make_input):
    assert check(source, name, make_input)


@pytest.mark.parametrize(
    "source, name, make_input",
    [
        (SHARED, "shared", rows),
        (SHARED, "shared", colliding),
        (SHARED, "shared", alternating),
        (UNIQUE, "unique", row),
        (UNIQUE, "unique", lambda n, seed: colliding(n, seed)[:1]),
        (SINGLES, "singles", row),
        (PAIRED, "paired", two_lists),
        (SMALLER, "smaller", two_lists),
    ],
)
def test_improves_only_what_is_proved(source, name, make_input):
    check(source, name, make_input)


def test_refuses_without_slow_lines():
    assert not check(LINEAR, "linear", one_list)
    assert not check(SHARED, "shared", lambda n, seed: [[1, 2], [2, 3]])


def test_given_files():
    source = (HERE / "slow_functions.py").read_text(encoding="utf-8")
    space = {"__name__": "workloads"}
    exec((HERE / "workloads.py").read_text(encoding="utf-8"), space)
    improved = {
        name: check(source, name, make_input)
        for name, make_input in space["WORKLOADS"].items()
    }
    assert improved["shared"] and improved["unique"] and improved["singles"]
    assert not improved["largest"]
