"""The benchmark: what it says is counted again, by times that ask the judge."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

from pytest_overnight.grading import same

HERE = Path(__file__).resolve().parent
model = SimpleNamespace(**run_path(str(HERE / "limiter_model.py")))

GIVEN = HERE.parent / "environment" / "workload.py"
REFERENCE = HERE / "reference" / "rate_limiter.py"
COMMAND = ["python", "benchmark.py"]
RESULTS = "benchmark_results.json"
PLENTY = 200_000
MOST_RATIO = 16

OTHER_REQUESTS = '''

SIZES = {sizes}
WINDOW = {window}


def requests(n):
    """Others."""
    whole = range({times} * n)
    return [(i * {pace} // n, f"key {{i * {salt} % 7 % 3}}") for i in whole]
'''


def read_results(text: str) -> Any:
    assert len(text) < 1 << 16
    return json.loads(text)


def measured(code: Any, strategy: str, n: int, workload: dict[str, Any]) -> Any:
    """Each operation on a time is a question to the judge, and counted there."""
    counter = code.counter(PLENTY)
    clock = code.clock()
    limiter = model.open_limiter(code, strategy, n, workload["WINDOW"], clock)
    allowed = 0
    for time, key in workload["requests"](n):
        clock.set(code.number(time, counter))
        allowed += limiter.allow(key) is True
    return {"allowed": allowed, "operations": counter.total}


def in_this_process(strategy: str, n: int, workload: dict[str, Any]) -> Any:
    """The same for the judge's own limiter."""
    made = run_path(str(REFERENCE))["RateLimiter"]
    count = workload["Count"]()
    times = workload["requests"](n)
    now: Any = None
    limiter = made(strategy, n, workload["WINDOW"], lambda: now)
    allowed = 0
    for time, key in times:
        now = workload["Moment"](time, count)
        allowed += limiter.allow(key)
    return {"allowed": allowed, "operations": count.operations}


def test_the_given_file_is_as_it_was(files: Any) -> None:
    assert files.read("workload.py") == GIVEN.read_bytes()


def test_the_results_are_what_is_measured(code: Any, files: Any) -> None:
    workload = run_path(str(GIVEN))
    results = read_results(files.text(RESULTS))
    assert type(results) is dict
    assert sorted(results) == sorted(model.STRATEGIES)
    for strategy in model.STRATEGIES:
        expected = {
            str(n): measured(code, strategy, n, workload) for n in workload["SIZES"]
        }
        found = results[strategy]
        assert type(found) is dict
        assert same(sorted(found.items()), sorted(expected.items())), strategy


def test_operations_grow_with_the_requests(files: Any) -> None:
    """The numbers are the measured ones, says the test above."""
    results = read_results(files.text(RESULTS))
    for strategy in model.STRATEGIES:
        small, large = (results[strategy][size]["operations"] for size in ("10", "80"))
        assert 0 < large <= MOST_RATIO * small, strategy


def test_the_benchmark_makes_the_same_file_again(shell: Any, files: Any) -> None:
    shell.remove(RESULTS)
    assert shell.run(COMMAND).status == 0
    again = read_results(shell.text(RESULTS))
    assert same(again, read_results(files.text(RESULTS)))


def test_the_benchmark_measures_what_it_is_run_with(shell: Any, rng: Random) -> None:
    text = GIVEN.read_text(encoding="utf-8") + OTHER_REQUESTS.format(
        sizes=(rng.randint(3, 9), rng.randint(20, 30)),
        window=rng.randint(20, 90),
        pace=rng.randint(7, 40),
        salt=rng.randint(1, 6),
        times=rng.randint(5, 12),
    )
    workload: dict[str, Any] = {"__name__": "workload"}
    exec(text, workload)
    shell.write("workload.py", text)
    shell.write("rate_limiter.py", REFERENCE.read_text(encoding="utf-8"))
    assert shell.run(COMMAND).status == 0
    found = read_results(shell.text(RESULTS))
    assert type(found) is dict
    assert sorted(found) == sorted(model.STRATEGIES)
    for strategy in model.STRATEGIES:
        expected = {
            str(n): in_this_process(strategy, n, workload) for n in workload["SIZES"]
        }
        assert same(sorted(found[strategy].items()), sorted(expected.items())), strategy
