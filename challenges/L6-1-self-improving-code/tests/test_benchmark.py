"""The command, and the two files that it has made from the given ones."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
GIVEN = HERE.parent / "environment"
model = SimpleNamespace(**run_path(str(HERE / "optimizer_model.py")))

SOURCE = (GIVEN / "slow_functions.py").read_text(encoding="utf-8")
WORKLOADS = run_path(str(GIVEN / "workloads.py"))["WORKLOADS"]
COMMAND = ["python", "performance_optimizer.py"]
KEYS = ["after", "before", "improved", "slow_lines"]


def check_results(clean: Any, results: Any, text: str, cases: dict[str, Any]) -> None:
    """Each entry against the counts, and the text against the source."""
    assert type(results) is dict
    assert sorted(results) == sorted(cases)
    for name, case in cases.items():
        entry = results[name]
        assert type(entry) is dict
        assert sorted(entry) == KEYS, name
        before, slow = model.counts_and_slow_lines(case)
        assert same(entry["before"], before), name
        assert same(entry["slow_lines"], slow), name
        if same(entry["improved"], False):
            assert same(entry["after"], before), name
            model.check_unchanged(clean, text, case)
            continue
        assert same(entry["improved"], True), name
        after = model.measured(clean, text, case)
        assert same(entry["after"], after), name
        assert model.grows_better(before, after), name


def given_cases() -> dict[str, Any]:
    return {
        name: model.Case(SOURCE, name, make_input)
        for name, make_input in WORKLOADS.items()
    }


def test_the_given_files_are_as_they_were(files: Any) -> None:
    for name in ("slow_functions.py", "workloads.py"):
        assert files.read(name) == (GIVEN / name).read_bytes(), name


def test_the_benchmark_results_are_what_is_measured(files: Any, clean: Any) -> None:
    results = json.loads(files.text("benchmark_results.json"))
    check_results(clean, results, files.text("improved_functions.py"), given_cases())


def test_three_of_the_given_functions_are_improved(files: Any) -> None:
    results = json.loads(files.text("benchmark_results.json"))
    for name in ("shared", "unique", "singles"):
        assert same(results[name]["improved"], True), name
    assert same(results["largest"]["improved"], False)


def test_the_command_makes_the_same_files_again(shell: Any, files: Any) -> None:
    for name in ("benchmark_results.json", "improved_functions.py"):
        shell.remove(name)
    assert shell.run(COMMAND).status == 0
    again = json.loads(shell.text("benchmark_results.json"))
    assert same(again, json.loads(files.text("benchmark_results.json")))
    assert shell.exists("improved_functions.py")


NAMES = {
    "pick": "in a parameter",
    "often": "count",
    "both": "all at once",
    "rest": "a parameter that shrinks",
    "fast": "a set",
}

OTHER_WORKLOADS = """\
from random import Random as R

def numbers(n, seed):
    rng = R({salt} * 1000 + n * 10 + seed)
    return [[rng.randrange(2 * n) for _ in range(n)] for _ in "ab"]

def make_input(n, seed):
    return numbers(n, seed)

WORKLOADS = {{{entries}}}
"""


def test_the_command_on_other_functions(shell: Any, clean: Any, rng: Random) -> None:
    bodies = model.IMPROVABLE | model.OTHERS | model.FAST
    source = '"""Not measured: größer"""\n\nLIMIT = "é"\n\n\n'
    for name in rng.sample(sorted(NAMES), len(NAMES)):
        body = model.indented(bodies[NAMES[name]])
        source += model.renamed(rng, f"def {name}(left, right):\n{body}\n\n")
    source += "def unmeasured(items):\n    return items.count(items[0]), LIMIT\n"
    entries = ", ".join(f'"{name}": make_input' for name in sorted(NAMES))
    workloads = OTHER_WORKLOADS.format(salt=rng.randrange(1000), entries=entries)
    shell.write("slow_functions.py", source)
    shell.write("workloads.py", workloads)
    assert shell.run(COMMAND).status == 0
    namespace: dict[str, Any] = {}
    exec(workloads, namespace)
    make_input = namespace["make_input"]
    cases = {name: model.Case(source, name, make_input) for name in NAMES}
    text = shell.text("improved_functions.py")
    results = json.loads(shell.text("benchmark_results.json"))
    check_results(clean, results, text, cases)
    for name in ("pick", "often", "both"):
        assert results[name]["improved"], name
    assert not results["fast"]["improved"]
    assert same(clean.define(text).unmeasured([1, 2, 1]), (2, "é"))


def test_the_improved_functions_are_right_on_other_inputs(
    files: Any, clean: Any, rng: Random
) -> None:
    probe = clean.define(files.text("improved_functions.py"))
    for name, make_input in WORKLOADS.items():
        for n in (1, 2, 5, 40):
            seed = rng.randrange(1000)
            got = getattr(probe, name)(*make_input(n, seed))
            _, expected = model.outcome(SOURCE, name, make_input(n, seed))
            assert same(got, expected), name
