"""``metrics.json`` and ``EXPLANATION.md``, against what is measured here."""

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
model = SimpleNamespace(**run_path(str(HERE / "visits_model.py")))

LINE = r"- `?(\w+)`?: `?(\w+)`? at line ([0-9]{1,9}), ([0-9]{1,9}) operations"
KINDS = {
    "sessions": "hoard",
    "leaders": "recount",
    "merged": "recount",
    "between": "walk",
    "percentile": "hoard",
}

MEASURE = """\
import gc
import sys
from types import ModuleType
gc.disable()

def load(name, text):
    sys.modules[name] = module = ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    return module

def measure(counted, workloads, visits, names):
    found = {}
    for name in names:
        found[name] = {}
        for size in ("small", "large"):
            for module in ("counted", "workloads", "visits"):
                sys.modules.pop(module, None)
            here = load("counted", counted)
            given = load("workloads", workloads)
            module = load("visits", visits)
            given.WORKLOADS[name](module, given.SIZES[size])
            most = here.lines.most_common(1) or [(0, 0)]
            found[name][size] = [dict(here.counts), *most[0]]
            kept.append((here, given, module))
    return found

kept = []
"""


def measured(clean: Any, text: str) -> Any:
    """Workload → size → counts, line, operations at it; in a child of its own."""
    given = [
        (model.GIVEN / name).read_text(encoding="utf-8")
        for name in ("counted.py", "workloads.py")
    ]
    return clean.define(MEASURE).measure(*given, text, [*KINDS])


def counts(clean: Any, text: str) -> dict[str, Any]:
    """The counts of rule 11."""
    return {
        name: {size: found[0] for size, found in sizes.items()}
        for name, sizes in measured(clean, text).items()
    }


def reported(files: Any, when: str) -> Any:
    found = json.loads(files.text("metrics.json"))
    assert type(found) is dict
    assert sorted(found) == sorted(KINDS)
    for entry in found.values():
        assert type(entry) is dict
        assert sorted(entry) == ["after", "before"]
    return {name: entry[when] for name, entry in found.items()}


def explained(files: Any) -> dict[str, tuple[str, int, int]]:
    """Name → kind, line and number of operations."""
    found: dict[str, tuple[str, int, int]] = {}
    for line in files.text("EXPLANATION.md").splitlines():
        parts = re.fullmatch(LINE, line.rstrip())
        if parts:
            assert parts[1] not in found, f"a second line for {parts[1]}"
            found[parts[1]] = parts[2], int(parts[3]), int(parts[4])
    return found


@pytest.mark.parametrize("name", ["counted.py", "workloads.py"])
def test_the_given_files_are_as_they_were(files: Any, name: str) -> None:
    assert files.read(name) == (model.GIVEN / name).read_bytes()


def test_the_counts_before_are_true(files: Any, clean: Any) -> None:
    assert same(reported(files, "before"), counts(clean, model.ORIGINAL))


def test_the_counts_after_are_true(files: Any, clean: Any) -> None:
    assert same(reported(files, "after"), counts(clean, files.text("visits.py")))


def test_the_explanation_names_the_kind_of_each_function(files: Any) -> None:
    assert {name: kind for name, (kind, _, _) in explained(files).items()} == KINDS


def test_the_explanation_tells_the_line_of_most_operations(
    files: Any, clean: Any
) -> None:
    found = {name: rest for name, (_, *rest) in explained(files).items()}
    expected = {
        name: sizes["large"][1:]
        for name, sizes in measured(clean, model.ORIGINAL).items()
    }
    assert same(found, expected)
