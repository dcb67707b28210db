"""The four functions of ``meterbill.core``, against the model."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from runpy import run_path
from typing import Any

model: Any = run_path(str(Path(__file__).with_name("model.py")))

DAY = date(2024, 2, 29)
KEEP = ("first", "last", "largest")
ROUNDING = ("half-up", "half-even", "down")
TIES = ("first", "last", "heaviest")
TIERS = [(10, 50), (20, 150), (None, 30)]


def core(code: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    return code.call(f"meterbill.core:{name}", *args, **kwargs)


def one_meter(code: Any, values: list[int]) -> list[Any]:
    days = [date(2024, 1, n) for n in range(1, len(values) + 1)]
    rows = [("M", day, n, "read") for day, n in zip(days, values, strict=True)]
    return model["make_readings"](code, rows)


def test_of_readings_on_one_day_the_wanted_one_counts(code: Any, rng: Any) -> None:
    for keep in KEEP:
        for service in ("power", "water", "heat"):
            rows = model["random_rows"](rng, service)
            made = model["make_readings"](code, rows)
            found = core(code, "clean_readings", made, keep=keep)
            assert model["rows_of"](code, found) == model["clean"](rows, keep)


def test_equal_values_on_one_day_are_told_apart(code: Any) -> None:
    for keep in KEEP:
        rows = [
            ("M", DAY, 7, "read"),
            ("M", DAY, 7, "estimated"),
            ("L", DAY, 0, "read"),
        ]
        made = model["make_readings"](code, rows)
        found = core(code, "clean_readings", made, keep=keep)
        assert model["rows_of"](code, found) == model["clean"](rows, keep)


def test_readings_may_come_from_an_iterator(code: Any, rng: Any) -> None:
    rows = model["random_rows"](rng, "heat")
    stream = code.stream(model["make_readings"](code, rows))
    found = core(code, "clean_readings", stream, keep="largest")
    assert model["rows_of"](code, found) == model["clean"](rows, "largest")
    assert core(code, "clean_readings", [], keep="first") == []


def test_a_value_below_zero_is_refused(code: Any) -> None:
    for keep in KEEP:
        rows = [("M", DAY, 5, "read"), ("M", DAY, -1, "read")]
        with code.raises("ReadingError") as caught:
            core(code, "clean_readings", model["make_readings"](code, rows), keep=keep)
        assert caught.error.message == "M, 29 Feb 2024: value below zero"


def test_units_used_are_the_steps_of_the_meter(code: Any, rng: Any) -> None:
    for digits in (1, 2, 5, 6, 9, None):
        for count in (0, 1, 2, 9, 20):
            values = model["random_values"](rng, digits, count)
            found = core(code, "consumption", one_meter(code, values), digits=digits)
            assert found == model["used"](values, digits), values


def test_a_value_of_too_many_digits_is_refused(code: Any) -> None:
    for digits in (1, 5, 6, 7):
        most = 10**digits - 1
        assert core(code, "consumption", one_meter(code, [most, 0]), digits=digits) == 1
        for values, day in (
            ([most + 1], 1),
            ([most, 3, most + 1], 3),
            ([most * 20], 1),
        ):
            with code.raises("ReadingError") as caught:
                core(code, "consumption", one_meter(code, values), digits=digits)
            text = f"M, {day} Jan 2024: more than {digits} digits"
            assert caught.error.message == text


def test_a_meter_without_digits_never_starts_again(code: Any) -> None:
    large = 10**12
    row = one_meter(code, [0, large, large, large + 5])
    assert core(code, "consumption", row, digits=None) == large + 5
    with code.raises("ReadingError") as caught:
        core(code, "consumption", one_meter(code, [5, 9, 8, 20]), digits=None)
    assert caught.error.message == "M, 3 Jan 2024: lower than before"


def test_a_cost_is_the_sum_of_its_tiers_rounded_once(code: Any, rng: Any) -> None:
    for rounding in ROUNDING:
        for _ in range(25):
            tiers = model["random_tiers"](rng)
            made = model["make_tiers"](code, tiers)
            ends = [upto for upto, _ in tiers if upto is not None]
            for units in (0, 1, rng.randrange(2500), rng.randrange(2500), *ends):
                found = core(code, "tiered_charge", units, made, rounding=rounding)
                assert found == model["charge"](units, tiers, rounding), (units, tiers)


def test_half_a_cent_is_rounded_as_wanted(code: Any) -> None:
    tiers = model["make_tiers"](code, [(None, 1)])
    for units in (0, 49, 50, 51, 99, 100, 149, 150, 151, 250, 350):
        for rounding in ROUNDING:
            found = core(code, "tiered_charge", units, tiers, rounding=rounding)
            assert found == model["charge"](units, [(None, 1)], rounding)


def test_tiers_and_units_that_make_no_sense_are_refused(code: Any) -> None:
    for units, tiers, text in (
        (5, [], "the last tier must have no end"),
        (5, [(10, 1)], "the last tier must have no end"),
        (5, [(10, 1), (10, 2), (None, 3)], "tiers must rise"),
        (5, [(0, 1), (None, 3)], "tiers must rise"),
        (5, [(None, 1), (None, 3)], "tiers must rise"),
        (-1, TIERS, "units below zero"),
    ):
        made = model["make_tiers"](code, tiers)
        for rounding in ROUNDING:
            with code.raises("RateError") as caught:
                core(code, "tiered_charge", units, made, rounding=rounding)
            assert caught.error.message == text


def test_shares_are_like_their_weights_and_sum_up(code: Any, rng: Any) -> None:
    for ties in TIES:
        for _ in range(60):
            weights, total = model["random_weights"](rng), rng.randrange(200)
            found = core(code, "share", total, weights, ties=ties)
            assert found == model["share"](total, weights, ties), (total, weights)


def test_ties_of_shares_are_broken_as_wanted(code: Any) -> None:
    # Halves of a cent: all three lost the same, and one cent is left.
    weights = [1, 3, 3, 1]
    expected = {"first": [1, 2, 1, 0], "last": [0, 1, 2, 1], "heaviest": [0, 2, 2, 0]}
    for ties, parts in expected.items():
        assert core(code, "share", 4, weights, ties=ties) == parts


def test_weights_that_make_no_sense_are_refused(code: Any) -> None:
    for ties in TIES:
        for weights in ([], [0], [0, 0], [3, -1], [-1]):
            with code.raises("RateError") as caught:
                core(code, "share", 100, weights, ties=ties)
            assert caught.error.message == "nothing to share by"


def test_any_other_word_is_refused(code: Any) -> None:
    tiers = model["make_tiers"](code, TIERS)
    for word in ("", "First", "largest ", "smallest"):
        for name, args, keyword in (
            ("clean_readings", [[]], "keep"),
            ("clean_readings", [one_meter(code, [1, 2])], "keep"),
            ("tiered_charge", [0, tiers], "rounding"),
            ("tiered_charge", [9, tiers], "rounding"),
            ("share", [0, [1]], "ties"),
            ("share", [7, [1, 1]], "ties"),
        ):
            with code.raises("ValueError"):
                core(code, name, *args, **{keyword: word})


def test_the_parameters_have_the_names_and_kinds_of_the_instruction(code: Any) -> None:
    tiers = model["make_tiers"](code, TIERS)
    named = {
        "clean_readings": {"readings": [], "keep": "last"},
        "consumption": {"readings": [], "digits": 6},
        "tiered_charge": {"units": 0, "tiers": tiers, "rounding": "down"},
        "share": {"total": 0, "weights": [1], "ties": "last"},
    }
    for name, arguments in named.items():
        assert core(code, name, **arguments) in ([], 0, [0])
        *before, last = arguments.values()
        for args in (before, [*before, last]):
            with code.raises("TypeError"):
                core(code, name, *args)
