"""The benchmark: what it says is counted again, by the judge's own store."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "queue_model.py")))

GIVEN = HERE.parent / "environment"
REFERENCE = HERE / "reference" / "job_queue.py"
COMMAND = ["python", "benchmark.py"]
RESULTS = "benchmark_results.json"
MOST_RATIO = 24

OTHER_PLAY = '''

SIZES = {sizes}


def play(queue, clock, n):
    """Another one."""
    taken = 0
    for turn in range({times} * n):
        queue.put("x" * (turn % {salt}), turn % 3)
        clock.now += turn % 2
        while job := queue.take():
            taken += 1
            if taken % {pace} == 0:
                queue.fail(job["id"], job["attempt"], "no")
            else:
                queue.done(job["id"], job["attempt"])
    return taken
'''


def read_results(text: str) -> Any:
    assert len(text) < 1 << 16
    results = json.loads(text)
    assert type(results) is dict
    return results


def agree(results: Any, expected: dict[str, Any]) -> None:
    assert sorted(results) == sorted(expected)
    for size, entry in expected.items():
        assert type(results[size]) is dict
        assert same(sorted(results[size].items()), sorted(entry.items())), size


def in_this_process(workload: dict[str, Any]) -> dict[str, Any]:
    """What the benchmark has to say of the judge's own queue."""
    made = run_path(str(REFERENCE))["JobQueue"]
    store_kind = run_path(str(GIVEN / "store.py"))["MemoryStore"]
    expected = {}
    for n in workload["SIZES"]:
        store, clock = store_kind(), workload["Clock"]()
        taken = workload["play"](made(store, clock), clock, n)
        entry = {"taken": taken, "writes": store.writes, "bytes": store.bytes}
        expected[str(n)] = entry
    assert len(store.content) < store.bytes, "not all that is written is there"
    return expected


def test_the_given_files_are_as_they_were(files: Any) -> None:
    for name in ("store.py", "workload.py"):
        assert files.read(name) == (GIVEN / name).read_bytes(), name


def test_the_results_are_what_is_measured(code: Any, files: Any) -> None:
    workload = run_path(str(GIVEN / "workload.py"))
    expected = {}
    for n in workload["SIZES"]:
        store, clock = model.Store(code), code.clock(0)
        queue = model.open_queue(code, store, clock, {})
        taken = workload["play"](queue, clock, n)
        entry = {"taken": taken, "writes": store.writes, "bytes": store.bytes}
        expected[str(n)] = entry
    agree(read_results(files.text(RESULTS)), expected)


def test_bytes_grow_with_the_calls(files: Any) -> None:
    """The numbers are the measured ones, says the test above."""
    results = read_results(files.text(RESULTS))
    assert 0 < results["80"]["bytes"] <= MOST_RATIO * results["10"]["bytes"]


def test_the_benchmark_makes_the_same_file_again(shell: Any, files: Any) -> None:
    shell.write(RESULTS, "{}")
    assert shell.run(COMMAND).status == 0
    again = read_results(shell.text(RESULTS))
    assert same(again, read_results(files.text(RESULTS)))


def test_the_benchmark_measures_what_it_is_run_with(shell: Any, rng: Random) -> None:
    text = (GIVEN / "workload.py").read_text(encoding="utf-8") + OTHER_PLAY.format(
        sizes=(rng.randint(3, 9), rng.randint(40, 60)),
        times=rng.randint(5, 9),
        salt=rng.randint(2, 60),
        pace=rng.randint(7, 13),
    )
    workload: dict[str, Any] = {"__name__": "workload"}
    exec(text, workload)
    shell.write("workload.py", text)
    shell.write("job_queue.py", REFERENCE.read_text(encoding="utf-8"))
    assert shell.run(COMMAND).status == 0
    agree(read_results(shell.text(RESULTS)), in_this_process(workload))
