"""``metrics.json`` and ``EXPLANATION.md``, against what is counted here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "wallets_model.py")))
SCENARIOS = run_path(str(model.GIVEN / "scenarios.py"))["SCENARIOS"]

LINE = r"- race in `?(\w+)`?: order `?([AB]+)`? gives `?([^`]+?)`?"

PROBE = f"""{model.SCHEDULES}
from types import ModuleType

def measure(text, scenarios):
    module = ModuleType("wallets")
    exec(compile(text, "<wallets>", "exec"), module.__dict__)
    found = {{}}
    for name, (start, calls) in scenarios.items():
        right = in_turn(module, start, calls)
        runs = explore(module, start, calls)
        found[name] = [[*run, run[1] in right] for run in sorted(runs)]
    return found
"""


def explored(clean: Any, text: str) -> Any:
    """Scenario → ``[order, outcome, stuck, right]``, in a child without the answer."""
    return clean.define(PROBE).measure(text, SCENARIOS)


def counted(clean: Any, text: str) -> dict[str, dict[str, int]]:
    """The counts of rule 8."""
    return {
        name: {
            "orders": len({order for order, _, stuck, _ in runs if not stuck}),
            "wrong": len({run[0] for run in runs if not run[2] and not run[3]}),
            "stuck": len({order for order, _, stuck, _ in runs if stuck}),
        }
        for name, runs in explored(clean, text).items()
    }


def reported(files: Any, when: str) -> Any:
    found = json.loads(files.text("metrics.json"))
    assert type(found) is dict
    assert sorted(found) == sorted(SCENARIOS)
    for entry in found.values():
        assert type(entry) is dict
        assert sorted(entry) == ["after", "before"]
    return {name: entry[when] for name, entry in found.items()}


@pytest.mark.parametrize("name", ["schedules.py", "scenarios.py"])
def test_the_given_files_are_as_they_were(files: Any, name: str) -> None:
    assert files.read(name) == (model.GIVEN / name).read_bytes()


def test_the_counts_before_are_true(files: Any, clean: Any) -> None:
    assert same(reported(files, "before"), counted(clean, model.ORIGINAL))


def test_the_counts_after_are_true(files: Any, clean: Any) -> None:
    assert same(reported(files, "after"), counted(clean, files.text("wallets.py")))


def test_the_explanation_shows_each_race(files: Any, clean: Any) -> None:
    wrong: dict[str, dict[str, str]] = {}
    for name, runs in explored(clean, model.ORIGINAL).items():
        for order, outcome, _, right in runs:
            if not right:
                wrong.setdefault(name, {})[order] = outcome
    found = {}
    for line in files.text("EXPLANATION.md").splitlines():
        if line.startswith("- race in "):
            parts = re.fullmatch(LINE, line.rstrip())
            assert parts, line
            assert parts[1] not in found, f"a second line for {parts[1]}"
            found[parts[1]] = parts[2], parts[3]
    assert sorted(found) == sorted(wrong)
    for name, (order, outcome) in found.items():
        assert wrong[name].get(order) == outcome, name
