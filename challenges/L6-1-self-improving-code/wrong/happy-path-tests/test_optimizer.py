"""Tests of the optimizer: by counts of operations only."""

import random
from pathlib import Path

from performance_optimizer import compare
from performance_optimizer import optimize
from performance_optimizer import profile
from performance_optimizer import slow_lines

HERE = Path(__file__).resolve().parent
GIVEN = (HERE / "slow_functions.py").read_text(encoding="utf-8")

SHARED = """\
def shared(left, right):
    found = []
    for item in left:
        if item in right:
            found.append(item)
    return found
"""

FAST = """\
def shared(left, right):
    known = set(right)
    return [item for item in left if item in known]
"""

PAIRED = """\
def paired(left, right):
    pairs = 0
    for item in left:
        if item in right:
            right.remove(item)
            pairs += 1
    return pairs
"""


def numbers(n, seed):
    rng = random.Random(100 * n + seed)
    return [[rng.randrange(n) for _ in range(n)] for _ in "ab"]


def one_list(n, seed):
    return numbers(n, seed)[:1]


def load(source, name):
    module = {}
    exec(source, module)
    return module[name]


def test_comparisons_and_hashes_are_counted_by_line():
    source = (
        "def f(left, right):\n"
        "    known = set(right)\n"
        "    return [x for x in left if x in known], left[0] < left[1]\n"
    )
    assert profile(source, "f", [[1, 2, 3], [4, 5]]) == {2: 2, 3: 4}


def test_equal_items_are_counted_one_by_one():
    assert profile(SHARED, "shared", [[7, 7], [8, 9, 7]]) == {4: 6}


def test_an_exception_ends_the_count():
    source = "def f(items):\n    items[0] == items[1]\n    raise KeyError\n"
    assert profile(source, "f", [[1, 2]]) == {2: 1}


def test_only_lines_that_grow_are_slow():
    source = SHARED.replace("    return found", "    return sorted(found), max(left)")
    assert slow_lines(source, "shared", numbers) == [4]
    assert slow_lines(FAST, "shared", numbers) == []


def test_a_faster_equal_function_is_proved():
    found = compare(SHARED, FAST, "shared", numbers)
    assert found["proved"] is True
    assert found["reason"] == ""
    assert 8 * found["after"][1] < found["before"][1]


def test_other_results_are_found():
    candidate = FAST.replace("[item for", "[-item for")
    found = compare(SHARED, candidate, "shared", numbers)
    assert (found["proved"], found["reason"]) == (False, "results")


def test_changed_arguments_are_found():
    candidate = FAST.replace("    known", "    right.append(None)\n    known")
    assert compare(SHARED, candidate, "shared", numbers)["reason"] == "arguments"


def test_a_smaller_constant_is_no_better_growth():
    source = SHARED.replace("in right", "in right * 2").replace("item)", "0)")
    candidate = SHARED.replace("item)", "0)")
    found = compare(source, candidate, "shared", numbers)
    assert found["after"][1] < found["before"][1]
    assert (found["proved"], found["reason"]) == (False, "growth")


def check_improved(source, name, make_input):
    """The promised counts are those of the new source, and they are better."""
    found = optimize(source, name, make_input)
    assert found["improved"] is True
    proof = compare(source, found["source"], name, make_input)
    assert proof["proved"] is True
    assert found["before"] == proof["before"]
    assert found["after"] == proof["after"]
    for seed in range(3):
        old = load(source, name)(*make_input(20, seed))
        assert load(found["source"], name)(*make_input(20, seed)) == old


def test_a_search_in_a_parameter_is_improved():
    check_improved(SHARED, "shared", numbers)
    check_improved(GIVEN, "shared", numbers)


def test_a_search_in_a_growing_list_is_improved():
    check_improved(GIVEN, "unique", one_list)


def test_counting_is_improved():
    check_improved(GIVEN, "singles", one_list)


def test_what_cannot_be_proved_is_refused():
    source = SHARED.replace("    return", "    [x < y for x in left for y in left]\n    return")
    for text, name in ((PAIRED, "paired"), (source, "shared")):
        found = optimize(text, name, numbers)
        if found["improved"]:
            assert compare(text, found["source"], name, numbers)["proved"]
        else:
            assert found["source"] == text
            assert found["after"] == found["before"]


def test_a_fast_function_is_refused():
    found = optimize(FAST, "shared", numbers)
    assert found["improved"] is False
    assert found["source"] == FAST
    assert found["slow_lines"] == []
