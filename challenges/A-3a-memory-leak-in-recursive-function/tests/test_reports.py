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

model = SimpleNamespace(
    **run_path(str(Path(__file__).resolve().with_name("parts_model.py")))
)

LINE = r"- leak in `?(\w+)`?: `?(\w+)`?, ([0-9]{1,9}) books"
WORKLOADS = "fresh changing levels failing night".split()

MEASURE = """\
import gc
import sys
from types import ModuleType
gc.disable()

def load(name, text):
    sys.modules[name] = module = ModuleType(name)
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    return module

def measure(books, workloads, parts, names):
    found = {}
    for name in names:
        for module in ("books", "workloads", "parts"):
            sys.modules.pop(module, None)
        counts = load("books", books).counts
        given = load("workloads", workloads).WORKLOADS
        module = load("parts", parts)
        given[name](module)
        found[name] = dict(counts)
        kept.append((counts, given, module))
    return found

kept = []
"""


def measured(clean: Any, text: str, names: list[str]) -> Any:
    """Workload → counts, with a text of ``parts.py``, in a child without the answer."""
    given = [
        (model.GIVEN / name).read_text(encoding="utf-8")
        for name in ("books.py", "workloads.py")
    ]
    return clean.define(MEASURE).measure(*given, text, names)


def reported(files: Any) -> Any:
    found = json.loads(files.text("metrics.json"))
    assert type(found) is dict
    assert sorted(found) == sorted(WORKLOADS)
    for entry in found.values():
        assert type(entry) is dict
        assert sorted(entry) == ["after", "before"]
    return found


@pytest.mark.parametrize("name", ["books.py", "workloads.py"])
def test_the_given_files_are_as_they_were(files: Any, name: str) -> None:
    assert files.read(name) == (model.GIVEN / name).read_bytes()


def test_the_counts_before_are_true(files: Any, clean: Any) -> None:
    found = {name: entry["before"] for name, entry in reported(files).items()}
    assert same(found, measured(clean, model.ORIGINAL, WORKLOADS))


def test_the_counts_after_are_true(files: Any, clean: Any) -> None:
    found = {name: entry["after"] for name, entry in reported(files).items()}
    assert same(found, measured(clean, files.text("parts.py"), WORKLOADS))


def test_nothing_is_left_after_the_workloads(files: Any, clean: Any) -> None:
    before = measured(clean, model.ORIGINAL, WORKLOADS)
    after = measured(clean, files.text("parts.py"), WORKLOADS)
    for name in WORKLOADS:
        assert (after[name]["books"], after[name]["names"]) == (0, 0), name
        assert after[name]["reads"] <= before[name]["reads"], name


def explained(files: Any) -> dict[str, tuple[str, int]]:
    """Name → kind and number of books."""
    found: dict[str, tuple[str, int]] = {}
    for line in files.text("EXPLANATION.md").splitlines():
        if line.startswith("- leak in "):
            parts = re.fullmatch(LINE, line.rstrip())
            assert parts, line
            assert parts[1] not in found, line
            found[parts[1]] = parts[2], int(parts[3])
    return found


def test_the_explanation_names_each_leak_and_its_kind(files: Any) -> None:
    found = {name: kind for name, (kind, _) in explained(files).items()}
    assert found == {name: kind for name, (kind, _) in model.MENDED.items()}


def test_the_explanation_says_what_each_leak_does_alone(files: Any, clean: Any) -> None:
    found = explained(files)
    for name in model.MENDED:
        counts = measured(clean, model.alone(name), ["night"])
        assert name in found
        assert found[name][1] == counts["night"]["books"], name
