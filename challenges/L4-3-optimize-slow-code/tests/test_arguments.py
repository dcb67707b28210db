"""What holds for all five functions: what they take, and what they leave alone."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("series_model.py"))))

FUNCTIONS = ["repeated", "out_of_order", "peaks", "assign", "in_force"]


def some_input(rng: Random, function: str) -> dict[str, Any]:
    """Arguments by name."""
    items = rng.sample([1, 2, 3, 4, 5, 6, 7, 8, 9] * 2, 18)
    if function == "peaks":
        return {"items": items, "width": rng.randint(2, 5)}
    if function == "assign":
        return {"durations": items, "workers": rng.randint(2, 5)}
    if function == "in_force":
        changes = [(number, place) for place, number in enumerate(items)]
        return {"changes": changes, "times": rng.sample(range(12), 12)}
    return {"items": items}


def expected(function: str, values: dict[str, Any]) -> Any:
    """What the model says."""
    return getattr(model, function)(*values.values())


def test_parameters_keep_their_names(code: Any, rng: Random) -> None:
    for function in FUNCTIONS:
        values = some_input(rng, function)
        found = code.call(f"series:{function}", **values)
        assert same(found, expected(function, values))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_arguments_are_not_changed(code: Any, rng: Random, function: str) -> None:
    values = some_input(rng, function)
    made = {name: code.make(value) for name, value in values.items()}
    code.call(f"series:{function}", **made)
    for name, value in values.items():
        if type(value) is list:
            assert same(code.plain(made[name]), value), name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_iterables_that_can_be_read_only_once(
    code: Any, rng: Random, function: str
) -> None:
    values = some_input(rng, function)
    streams = {
        name: code.stream(value) if type(value) is list else value
        for name, value in values.items()
    }
    found = code.call(f"series:{function}", **streams)
    assert same(found, expected(function, values))


def test_other_iterables_than_lists(code: Any, rng: Random) -> None:
    for function in FUNCTIONS:
        values = some_input(rng, function)
        rows = {
            name: tuple(value) if type(value) is list else value
            for name, value in values.items()
        }
        found = code.call(f"series:{function}", **rows)
        assert same(found, expected(function, values))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_list_changed_between_two_calls_is_a_new_input(
    code: Any, rng: Random, function: str
) -> None:
    first, second = some_input(rng, function), some_input(rng, function)
    made = {name: code.make(value) for name, value in first.items()}
    found = code.call(f"series:{function}", **made)
    assert same(found, expected(function, first))
    for name, value in second.items():
        if type(value) is list:
            for place, one in enumerate(value):
                made[name][place] = one
            first[name] = value
    found = code.call(f"series:{function}", **made)
    assert same(found, expected(function, first))


SPOIL = """
def spoil(function, **values):
    function(**values).clear()
"""


def test_every_result_is_a_new_list(code: Any, rng: Random) -> None:
    spoil = code.define(SPOIL).spoil
    for function in ("repeated", "peaks", "assign", "in_force"):
        values = some_input(rng, function)
        made = {name: code.make(value) for name, value in values.items()}
        spoil(code.ref(f"series:{function}"), **made)
        found = code.call(f"series:{function}", **made)
        assert same(found, expected(function, values))
