"""``compare``: planted candidates, each with one fault or none."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("optimizer_model.py"))))

SHARED = """\
def f(left, right):
    found = []
    for x in left:
        if x in right:
            found.append(x)
    return found
"""

FAST = """\
def f(left, right):
    known = set(right)
    return [x for x in left if x in known]
"""


def check(code: Any, candidate: str, case: Any, reason: str) -> None:
    """The verdict, and the counts of both."""
    found = code.call(
        "performance_optimizer:compare",
        case.source,
        candidate,
        "f",
        code.callback(case.make_input),
    )
    expected = {
        "after": model.counts(candidate, "f", case.make_input),
        "before": model.counts(case.source, "f", case.make_input),
        "proved": reason == "",
        "reason": reason,
    }
    assert type(found) is dict
    assert same(sorted(found.items()), sorted(expected.items()))


def fast(result: str = "found") -> str:
    """A faster candidate for SHARED, with this result."""
    return (
        "def f(left, right):\n"
        "    known = set(right)\n"
        "    found = [x for x in left if x in known]\n"
        f"    return {result}\n"
    )


def shared(rng: Random, kind: str = "") -> Any:
    return model.Case(SHARED, "f", model.two_lists(rng, kind))


def test_a_faster_equal_candidate_is_proved(code: Any, rng: Random) -> None:
    for kind in model.KINDS:
        check(code, FAST, shared(rng, kind), "")


def test_other_results_are_not_proved(code: Any, rng: Random) -> None:
    case = model.Case(FAST, "f", model.two_lists(rng))
    for result in (
        "found[1:] or found",
        "found[::-1]",
        "sorted(found)",
        "list(dict.fromkeys(found))",
        "tuple(found)",
        "[found]",
        "found + [None]",
        "found * (len(found) == len(set(found)))",
        "None",
        "len(found)",
        "found[len(left)]",
    ):
        check(code, fast(result), case, "results")


def test_the_types_of_results_count_at_any_depth(code: Any) -> None:
    for old, new in (
        ("1", "True"),
        ("1", "1.0"),
        ("[1, (2, [3])]", "[1, (2, (3,))]"),
        ("[1, (2, [3])]", "[1, (2, [3.0])]"),
        ("([], {})", "([], [])"),
        ("([], None)", "([],)"),
        ("'a'", "b'a'"),
        ("0", "None"),
        ("[[0]]", "[[False]]"),
    ):
        source = f"def f(items): return [x == items[0] for x in items] and {old}"
        case = model.Case(source, "f", lambda n, seed: [[seed] * n])
        check(code, f"def f(items): return {new}", case, "results")
        check(code, f"def f(items): return {old}", case, "")


def one_odd_input(two_lists: Any, odd: tuple[int, int]) -> Any:
    """The workload with one more item, -1, in both lists of one input."""

    def make_input(n: int, seed: int) -> list[Any]:
        more = [-1] if (n, seed) == odd else []
        return [one + more for one in two_lists(n, seed)]

    return make_input


def test_every_input_is_looked_at(code: Any, rng: Random) -> None:
    two_lists = model.two_lists(rng, "int")
    for odd in [(n, seed) for n in model.SIZES for seed in model.SEEDS]:
        case = model.Case(FAST, "f", one_odd_input(two_lists, odd))
        check(code, fast("[x for x in found if x > -1]"), case, "results")
        drop = fast("[right.remove(x) for x in found if x < 0] and found or found")
        check(code, drop, case, "arguments")


def raising(old: str) -> str:
    """A slow function that raises in the end."""
    return (
        "class Odd(Exception): pass\n"
        "class Even(Exception): pass\n"
        "def f(left, right):\n"
        "    [x in right for x in left]\n"
        f"    {old}\n"
    )


def test_exceptions_are_compared_by_the_names_of_their_classes(
    code: Any, rng: Random
) -> None:
    fast = raising("raise Odd(2)").replace("[x in right for x in left]", "set(right)")
    case = model.Case(raising("raise Odd(1)"), "f", model.two_lists(rng))
    check(code, fast, case, "")
    check(code, fast.replace("Odd(2)", "Even(1)"), case, "results")
    check(code, fast.replace("raise Odd(2)", "return Odd(1)"), case, "results")
    check(code, fast.replace("raise Odd(2)", "return 'Odd'"), case, "results")
    case = model.Case(raising("return 'Odd'"), "f", model.two_lists(rng))
    check(code, fast, case, "results")


def test_a_lookup_error_of_another_class_is_another_result(
    code: Any, rng: Random
) -> None:
    source = "def f(left, right):\n    return [left.index(x) for x in left + [None]]\n"
    candidate = (
        "def f(left, right):\n"
        "    places = {}\n"
        "    for place, x in enumerate(left):\n"
        "        places.setdefault(x, place)\n"
        "    return [places[x] for x in left + [None]]\n"
    )
    case = model.Case(source, "f", model.two_lists(rng))
    check(code, candidate, case, "results")


CHANGES = [
    "right.sort()",
    "left.clear()",
    "left.append(1)",
    "right.__setitem__(0, [right[0]])",
    "left.__setitem__(slice(None), [(x,) for x in left])",
]


def test_changed_arguments_are_not_proved(code: Any, rng: Random) -> None:
    case = model.Case(FAST, "f", model.two_lists(rng))
    for change in CHANGES:
        check(code, fast(f"({change}, found)[1]"), case, "arguments")
        other = fast("[]").replace("return", f"{change}; return")
        check(code, other, case, "results")
        also = fast(f"({change}, found)[1]")
        check(code, FAST, model.Case(also, "f", case.make_input), "arguments")


def test_arguments_of_equal_values_and_other_types_are_changed(
    code: Any, rng: Random
) -> None:
    case = shared(rng, "int")
    check(code, fast("(left.append(float(left.pop())), found)[1]"), case, "arguments")


def test_arguments_changed_before_an_exception_are_compared(
    code: Any, rng: Random
) -> None:
    case = model.Case(raising("left.pop(); raise Odd"), "f", model.two_lists(rng))
    check(code, "def f(left, right): left.pop(); raise Odd", case, "results")
    odd = "class Odd(Exception): pass\n"
    check(code, odd + "def f(left, right): left.pop(); raise Odd", case, "")
    check(code, odd + "def f(left, right): raise Odd", case, "arguments")


def test_neither_sees_what_the_other_has_changed(code: Any, rng: Random) -> None:
    take = "(left.clear(), right.clear(), found)[2]"
    slow = SHARED.replace("return found", f"return {take}")
    check(code, fast(take), model.Case(slow, "f", model.two_lists(rng)), "")


def test_nothing_is_gained_by_remembering(code: Any, rng: Random) -> None:
    remembering = (
        "memory = {}\n"
        "def slow(left, right):\n"
        "    return [x for x in left if x in right]\n"
        "def f(left, right):\n"
        "    key = len(left), len(right), left[0]\n"
        "    if key not in memory:\n"
        "        memory[key] = slow(left, right)\n"
        "    return memory[key]\n"
    )
    check(code, remembering, shared(rng), "growth")
    once = (
        "calls = []\n"
        "def f(left, right):\n"
        "    calls.append(1)\n"
        "    known = set(right)\n"
        "    return [x for x in left if x in known] * len(calls)\n"
    )
    check(code, once, shared(rng), "")


def test_the_same_function_and_a_faster_constant_are_not_proved(
    code: Any, rng: Random
) -> None:
    check(code, SHARED, shared(rng), "growth")
    half = SHARED.replace("x in right", "x in right[:1] or x in right[1:]")
    check(code, half, shared(rng), "growth")
    known = "    right = list(dict.fromkeys(right))\n    found = []\n"
    check(code, SHARED.replace("    found = []\n", known), shared(rng), "growth")


STEPS = "def f(items, before, after):\n    for _ in range({}): hash(items[0])\n"


def steps(before: tuple[int, int], after: tuple[int, int]) -> Any:
    """A workload of so many operations at 10 and at 80, for each seed."""
    place = {10: 0, 80: 1}
    return lambda n, seed: [[seed], before[place[n]], after[place[n]]]


GROWTH = [
    ((10, 640), (10, 320), ""),
    ((10, 640), (10, 321), "growth"),
    ((10, 640), (10, 80), ""),
    ((10, 640), (20, 639), ""),
    ((10, 640), (20, 640), "growth"),
    ((10, 640), (30, 640), "growth"),
    ((10, 640), (99, 641), "growth"),
    ((7, 150), (3, 32), ""),
    ((7, 150), (3, 33), "growth"),
    ((10, 640), (0, 6), ""),
    ((10, 640), (0, 7), "growth"),
    ((0, 10), (0, 5), ""),
    ((0, 10), (0, 6), "growth"),
    ((0, 10), (1, 9), ""),
    ((640, 10), (640, 5), ""),
    ((640, 10), (640, 6), "growth"),
    ((5, 5), (0, 0), ""),
    ((0, 0), (0, 0), "growth"),
]


def test_growth_is_compared_exactly(code: Any) -> None:
    for before, after, reason in GROWTH:
        case = model.Case(STEPS.format("before"), "f", steps(before, after))
        check(code, STEPS.format("after"), case, reason)


def test_counts_are_summed_over_the_seeds(code: Any) -> None:
    steps = {10: [1, 0, 0, 0, 9], 80: [0, 0, 0, 640, 0]}
    less = {10: [0, 2, 3, 5, 0], 80: [100, 220, 0, 0, 0]}

    def make_input(n: int, seed: int) -> list[Any]:
        return [[seed], steps[n][seed], less[n][seed]]

    case = model.Case(STEPS.format("before"), "f", make_input)
    check(code, STEPS.format("after"), case, "")
    less[80][2] = 1
    check(code, STEPS.format("after"), case, "growth")
