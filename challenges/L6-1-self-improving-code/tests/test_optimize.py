"""``optimize``: what it must improve, what it must refuse, and that it tells the truth.

Whatever it says is improved is measured here once more, in a child without the
answer, on items that cannot be compared without asking this process.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("optimizer_model.py"))))

KEYS = ["after", "before", "improved", "slow_lines", "source"]


def optimized(code: Any, clean: Any, rng: Random, case: Any) -> dict[str, Any]:
    """What ``optimize`` says, which must be true."""
    found = code.call(
        "performance_optimizer:optimize",
        case.source,
        case.name,
        code.callback(case.make_input),
    )
    assert type(found) is dict
    assert sorted(found) == KEYS
    before, slow = model.counts_and_slow_lines(case)
    assert same(found["before"], before)
    assert same(found["slow_lines"], slow)
    assert type(found["source"]) is str
    if same(found["improved"], True):
        after = found["after"]
        assert type(after) is list
        assert [type(count) for count in after] == [int, int]
        model.check_counts(clean, rng, found["source"], case, after)
        assert model.grows_better(before, after), f"{before} operations, then {after}"
    else:
        assert same(found["improved"], False)
        assert found["source"] == case.source
        assert same(found["after"], before)
    return dict(found)


GROUPS = [sorted(model.IMPROVABLE)[start::3] for start in range(3)]


@pytest.mark.parametrize("group", range(3))
def test_what_can_be_improved_is(
    code: Any, clean: Any, rng: Random, group: int
) -> None:
    for body in GROUPS[group]:
        make_input = model.two_lists(rng, rng.choice(["int", "half"]))
        case = model.function_case(rng, model.IMPROVABLE[body], make_input)
        assert optimized(code, clean, rng, case)["improved"], body


def test_items_of_any_type_that_has_a_hash(code: Any, clean: Any, rng: Random) -> None:
    for kind in ("text", "tuple"):
        make_input = model.two_lists(rng, kind)
        body = model.IMPROVABLE["in a parameter"]
        case = model.function_case(rng, body, make_input)
        assert optimized(code, clean, rng, case)["improved"]


def test_the_improved_function_is_right_on_other_inputs(
    code: Any, clean: Any, rng: Random
) -> None:
    for body in rng.sample(sorted(model.IMPROVABLE), 4):
        make_input = model.two_lists(rng, "int")
        case = model.function_case(rng, model.IMPROVABLE[body], make_input)
        found = code.call(
            "performance_optimizer:optimize",
            case.source,
            case.name,
            code.callback(make_input),
        )
        function = getattr(clean.define(found["source"]), case.name)
        for n in (1, 2, 3, 30):
            arguments = make_input(n, rng.randrange(1000))
            _, expected = model.outcome(case.source, case.name, arguments)
            assert same(function(*arguments), expected), body


def test_what_is_said_to_be_improved_is(code: Any, clean: Any, rng: Random) -> None:
    for body in model.OTHERS.values():
        make_input = model.two_lists(rng, "int")
        optimized(code, clean, rng, model.function_case(rng, body, make_input))


def test_items_without_a_hash_are_not_looked_up(
    code: Any, clean: Any, rng: Random
) -> None:
    two_lists = model.two_lists(rng, "int")

    def make_input(n: int, seed: int) -> list[Any]:
        return [[[item] for item in one] for one in two_lists(n, seed)]

    for name in ("in a parameter", "a list that grows"):
        case = model.function_case(rng, model.IMPROVABLE[name], make_input)
        found = code.call(
            "performance_optimizer:optimize",
            case.source,
            case.name,
            code.callback(make_input),
        )
        assert found["improved"] is False
        assert found["source"] == case.source
        assert same(
            found["slow_lines"], model.slow_lines(case.source, case.name, make_input)
        )


def test_one_input_is_no_proof(code: Any, clean: Any, rng: Random) -> None:
    """The list shrinks with one seed only, at 80."""
    seed = rng.choice(model.SEEDS[1:])
    body = """
        pairs = 0
        for value in left:
            if value in right:
                pairs += 1
                if value < 0:
                    right.remove(value)
        return pairs
    """
    two_lists = model.two_lists(rng, "int")

    def make_input(n: int, number: int) -> list[Any]:
        odd = [-1, -1] if (n, number) == (80, seed) else []
        left, right = two_lists(n, number)
        return [left + odd, right + odd[:1]]

    optimized(code, clean, rng, model.function_case(rng, body, make_input))


def test_a_function_without_slow_lines_is_refused(
    code: Any, clean: Any, rng: Random
) -> None:
    for body in model.FAST.values():
        case = model.function_case(rng, body, model.two_lists(rng, "int"))
        found = optimized(code, clean, rng, case)
        assert found["improved"] is False
        assert found["slow_lines"] == []


def test_a_search_of_few_items_is_not_slow(code: Any, clean: Any, rng: Random) -> None:
    two_lists = model.two_lists(rng, "int")

    def make_input(n: int, seed: int) -> list[Any]:
        left, right = two_lists(n, seed)
        return [left, right[:4]]

    body = model.IMPROVABLE["in a parameter"]
    found = optimized(code, clean, rng, model.function_case(rng, body, make_input))
    assert found["improved"] is False


SEVERAL = '''\
"""Two functions and a constant."""
LIMIT = 2


def helper(items, item):
    """Counts."""
    return items.count(item)


def task(left, right):
    """Says "how often".

    In two lines.
    """
    found = [helper(left[:3], item) for item in left]
    return [item for item in left if right.count(item) < LIMIT], found


def later(items, *, limit=LIMIT, more=0):
    """Comes last."""
    return [item for item in items if items.count(item) < limit + more]
'''


def test_only_the_body_of_the_function_changes(
    code: Any, clean: Any, rng: Random
) -> None:
    case = model.Case(SEVERAL, "task", model.two_lists(rng, "int"))
    found = optimized(code, clean, rng, case)
    assert found["improved"]
    probe = clean.define(found["source"])
    assert (
        clean.attr(probe.task, "__doc__")
        == 'Says "how often".\n\n    In two lines.\n    '
    )
    assert clean.attr(probe.later, "__doc__") == "Comes last."
    assert same(probe.helper([1, 2, 1], 1), 2)
    counter = clean.counter(100)
    items = [clean.key(number, counter) for number in (4, 5, 6, 4, 5, 7)]
    assert same(model.bare(probe.later(items)), [6, 7])
    assert counter.total == 36 - 6, "a function that was not named has changed"


def test_the_function_may_be_the_last_or_the_first(
    code: Any, clean: Any, rng: Random
) -> None:
    two_lists = model.two_lists(rng, "int")
    case = model.Case(SEVERAL, "later", lambda n, seed: two_lists(n, seed)[:1])
    assert optimized(code, clean, rng, case)["improved"]


def test_a_function_that_raises_is_improved_if_the_exceptions_stay(
    code: Any, clean: Any, rng: Random
) -> None:
    body = """
        again = [value for value in left if value in right]
        if len(again) != len(left):
            raise KeyError(again)
        return again
    """
    case = model.function_case(rng, body, model.two_lists(rng, "int"))
    assert optimized(code, clean, rng, case)["improved"]
