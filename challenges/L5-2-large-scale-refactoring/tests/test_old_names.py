"""The twelve deprecated names: what they do, and what they say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

model: Any = run_path(str(Path(__file__).with_name("model.py")))

OLD = {
    "power.tidy_power": "clean_readings",
    "power.power_used": "consumption",
    "power.power_cost": "tiered_charge",
    "power.split_power": "share",
    "water.clean_water": "clean_readings",
    "water.water_used": "consumption",
    "water.water_price": "tiered_charge",
    "water.share_water": "share",
    "heat.heat_readings": "clean_readings",
    "heat.heat_used": "consumption",
    "heat.heat_charge": "tiered_charge",
    "heat.heat_parts": "share",
}
PARAMETERS = {
    "clean_readings": ["readings"],
    "consumption": ["readings"],
    "tiered_charge": ["units", "tiers"],
    "share": ["total", "weights"],
    "water.water_price": ["volume", "tiers"],
    "heat.heat_parts": ["amount", "weights"],
}
CUT = """
def _cut(*args, **kwargs):
    raise RuntimeError("cut")

def cut(function):
    function.__code__ = _cut.__code__
"""
SERVICES = ("power", "water", "heat")
DAY = date(2024, 12, 1)


def old_name(service: str, new: str) -> str:
    return next(o for o in OLD if o.startswith(service) and OLD[o] == new)


def target(old: str) -> str:
    return "meterbill.{}:{}".format(*old.split("."))


def text(old: str) -> str:
    return f"meterbill.{old} is deprecated: use meterbill.core.{OLD[old]}"


def fine_arguments(code: Any, new: str) -> list[Any]:
    """With these all three copies return something."""
    rows = [("M", DAY, 1, "read"), ("M", date(2024, 12, 2), 5, "read")]
    return {
        "clean_readings": lambda: [model["make_readings"](code, rows)],
        "consumption": lambda: [model["make_readings"](code, rows)],
        "tiered_charge": lambda: [3, model["make_tiers"](code, [(None, 70)])],
        "share": lambda: [10, [1, 2]],
    }[new]()


def bad_arguments(code: Any, old: str) -> list[Any]:
    """With these the copy raises."""
    negative = model["make_readings"](code, [("M", DAY, -1, "read")])
    values = (5, 4) if old == "heat.heat_used" else (10**7, 10**7)
    rows = [("M", date(2024, 1, i), n, "read") for i, n in enumerate(values, 1)]
    return {
        "clean_readings": lambda: [negative],
        "consumption": lambda: [model["make_readings"](code, rows)],
        "tiered_charge": lambda: [3, []],
        "share": lambda: [10, []],
    }[OLD[old]]()


def test_old_names_choose_among_readings_as_before(code: Any, rng: Any) -> None:
    for service in SERVICES:
        old = old_name(service, "clean_readings")
        for _ in range(3):
            rows = model["random_rows"](rng, service)
            # The same value twice, from two sources.
            rows += [(*rows[0][:3], "read"), (*rows[0][:3], "estimated")]
            found = code.call(target(old), model["make_readings"](code, rows))
            wanted = model["clean"](rows, model["KEEP"][service])
            assert model["rows_of"](code, found) == wanted


def test_old_names_count_units_as_before(code: Any, rng: Any) -> None:
    for service in SERVICES:
        old, digits = f"{service}.{service}_used", model["DIGITS"][service]
        for count in (0, 1, 2, 12):
            values = model["random_values"](rng, digits, count)
            days = model["random_days"](rng, count)
            rows = [("M", d, n, "read") for d, n in zip(days, values, strict=True)]
            found = code.call(target(old), model["make_readings"](code, rows))
            assert found == model["used"](values, digits)
        if digits is not None:
            rows = [
                ("M", date(2024, 1, 1), 10**digits - 2, "read"),
                ("M", DAY, 3, "read"),
            ]
            assert code.call(target(old), model["make_readings"](code, rows)) == 5
        for size in (5, 6, 7):
            made = model["make_readings"](code, [("M", DAY, 10**size, "read")])
            if digits is None or size < digits:
                assert code.call(target(old), made) == 0
            else:
                with code.raises("ReadingError", match=f"more than {digits} digits$"):
                    code.call(target(old), made)


def test_old_names_round_a_cost_as_before(code: Any, rng: Any) -> None:
    for service in SERVICES:
        old = old_name(service, "tiered_charge")
        for _ in range(10):
            tiers, units = model["random_tiers"](rng), rng.randrange(2500)
            found = code.call(target(old), units, model["make_tiers"](code, tiers))
            assert found == model["charge"](units, tiers, model["ROUNDING"][service])
        for units in (50, 150, 151):
            found = code.call(
                target(old), units, model["make_tiers"](code, [(None, 1)])
            )
            assert found == model["charge"](
                units, [(None, 1)], model["ROUNDING"][service]
            )


def test_old_names_share_as_before(code: Any, rng: Any) -> None:
    for service in SERVICES:
        old = old_name(service, "share")
        cases = [(rng.randrange(200), model["random_weights"](rng)) for _ in range(20)]
        for total, weights in [*cases, (4, [1, 3, 3, 1]), (1, [2, 2])]:
            found = code.call(target(old), total, weights)
            assert found == model["share"](total, weights, model["TIES"][service])


def test_each_call_of_an_old_name_warns_once(code: Any) -> None:
    for old in OLD:
        arguments = fine_arguments(code, OLD[old])
        function = code.ref(target(old))
        assert code.warnings() == [], "warned before the call"
        for _ in range(3):
            function(*arguments)
            assert code.warnings() == [("DeprecationWarning", text(old))]


def test_an_old_name_warns_also_when_it_raises(code: Any) -> None:
    for old in OLD:
        arguments = bad_arguments(code, old)
        with code.raises("BillingError"):
            code.call(target(old), *arguments)
        assert code.warnings() == [("DeprecationWarning", text(old))]


def test_an_old_name_keeps_its_parameters(code: Any) -> None:
    for old in OLD:
        names = PARAMETERS.get(old, PARAMETERS[OLD[old]])
        arguments = fine_arguments(code, OLD[old])
        named = dict(zip(names, arguments, strict=True))
        results = [code.call(target(old), *arguments), code.call(target(old), **named)]
        if OLD[old] == "clean_readings":
            results = [model["rows_of"](code, found) for found in results]
        assert results[0] == results[1]
        with code.raises("TypeError"):
            code.call(target(old), *arguments, "last")


def test_a_script_is_told_where_it_uses_an_old_name(shell: Any) -> None:
    call = {"clean_readings": "([])", "consumption": "([])", "share": "(1, [1])"}
    call["tiered_charge"] = "(1, [Tier(None, 5)])"
    lines = ["from meterbill import Tier, heat, power, water"]
    lines += [f"{old}{call[new]}" for old, new in OLD.items()]
    shell.write("caller.py", "\n".join(lines) + "\n")
    result = shell.run(["python", "caller.py"])
    assert result.status == 0
    said = bytes(result.err).decode()
    for number, old in enumerate(OLD, start=2):
        line = f"caller.py:{number}: DeprecationWarning: {text(old)}\n"
        assert said.count(line) == 1, old
    assert said.count("Warning: ") == len(OLD)


def test_importing_warns_nobody(shell: Any) -> None:
    lines = [f"from meterbill.{name} import *" for name in (*SERVICES, "core")]
    lines += ["import meterbill.registry", "from meterbill import *"]
    for old in OLD:
        module, name = old.split(".")
        lines.append(f"from meterbill.{module} import {name}")
    shell.write("caller.py", "\n".join(lines) + "\n")
    result = shell.run(["python", "-W", "error", "caller.py"])
    assert (result.status, bytes(result.err)) == (0, b"")


def test_nothing_but_the_old_names_warns(code: Any, shell: Any, rng: Any) -> None:
    file = "examples/house.txt"
    for words in ("statement", "prices"):
        argv = ["python", "-W", "error", "-m", "meterbill", words, file]
        result = shell.run(argv)
        assert (result.status, bytes(result.err)) == (0, b"")
    house = code.call("meterbill:parse_house", model["random_house"](rng).text())
    bills = code.call("meterbill:bill_house", house)
    for bill in bills:
        bill.text()
    code.call("meterbill:summary_text", house)
    tiers = model["make_tiers"](code, [(None, 5)])
    flats = model["make_flats"](code, [("A", 1, 40)])
    for service in SERVICES:
        code.call(f"meterbill.{service}:bill", [], tiers, flats)
    code.call("meterbill.core:share", 4, [1, 3], ties="first")
    assert code.warnings() == []


@pytest.mark.parametrize(
    "new", ["clean_readings", "consumption", "tiered_charge", "share"]
)
def test_old_names_and_bills_go_through_the_core(code: Any, new: str) -> None:
    flats = model["make_flats"](code, [("A", 1, 40), ("B", 2, 60)])
    readings = fine_arguments(code, "clean_readings")[0]
    tiers = fine_arguments(code, "tiered_charge")[1]
    arguments = fine_arguments(code, new)
    old_names = [old for old in OLD if OLD[old] == new]
    for service in SERVICES:
        code.new(f"meterbill.{service}:bill", readings, tiers, flats)
    for old in old_names:
        code.call(target(old), *arguments)
    # Replaced where it is, the function is cut for everybody who has imported it.
    code.define(CUT).cut(code.ref(f"meterbill.core:{new}"))
    for old in old_names:
        with code.raises("RuntimeError", match="^cut$"):
            code.call(target(old), *arguments)
    for service in SERVICES:
        with code.raises("RuntimeError", match="^cut$"):
            code.call(f"meterbill.{service}:bill", readings, tiers, flats)
