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
model = SimpleNamespace(**run_path(str(HERE / "cache_model.py")))

GIVEN = HERE.parent / "environment" / "workload.py"
REFERENCE = HERE / "reference" / "cache.py"
COMMAND = ["python", "benchmark.py"]
RESULTS = "benchmark_results.json"
PLENTY = 200_000
MOST_RATIO = 24

OTHER_REQUESTS = '''

SIZES = {sizes}
TTL = {ttl}


def requests(n):
    """Others."""
    whole = range({times} * n)
    return [(i * {pace} // n, i * i * {salt} % (2 * n + 1)) for i in whole]
'''


def read_results(text: str) -> Any:
    assert len(text) < 1 << 16
    return json.loads(text)


def measured(code: Any, policy: str, n: int, workload: dict[str, Any]) -> Any:
    """Each operation on a key or time is a question to the judge, and counted there."""
    counter = code.counter(PLENTY)
    now, loads = 0, []
    clock = code.callback(lambda: code.number(now, counter), name="clock")
    load = code.callback(lambda key: loads.append(key.value), name="load")
    cache = model.open_cache(code, n, workload["TTL"], clock, policy)
    for now, number in workload["requests"](n):  # noqa: B007
        cache.get_or_load(code.key(number, counter, "hash eq"), load)
    return {"loads": len(loads), "operations": counter.total}


def in_this_process(policy: str, n: int, workload: dict[str, Any]) -> Any:
    """The same for the judge's own cache."""
    made = run_path(str(REFERENCE))["Cache"]
    count, loads, now = workload["Count"](), [], 0
    cache = made(
        n, workload["TTL"], lambda: workload["Moment"](now, count), policy=policy
    )
    for now, number in workload["requests"](n):  # noqa: B007
        cache.get_or_load(workload["Key"](number, count), loads.append)
    return {"loads": len(loads), "operations": count.operations}


def loads_by_model(policy: str, n: int, workload: dict[str, Any]) -> int:
    cache, loads = model.Model(n, workload["TTL"], policy), 0
    for now, number in workload["requests"](n):
        cache.hear(now)
        if cache.get(number, "none") == "none":
            cache.put(number, 0)
            loads += 1
    return loads


def test_the_given_file_is_as_it_was(files: Any) -> None:
    assert files.read("workload.py") == GIVEN.read_bytes()


def test_the_results_are_what_is_measured(code: Any, files: Any) -> None:
    workload = run_path(str(GIVEN))
    results = read_results(files.text(RESULTS))
    assert type(results) is dict
    assert sorted(results) == sorted(model.POLICIES)
    for policy in model.POLICIES:
        expected = {
            str(n): measured(code, policy, n, workload) for n in workload["SIZES"]
        }
        for n in workload["SIZES"]:
            assert expected[str(n)]["loads"] == loads_by_model(policy, n, workload)
        found = results[policy]
        assert type(found) is dict
        assert same(sorted(found.items()), sorted(expected.items())), policy


def test_operations_grow_with_the_requests(files: Any) -> None:
    """The numbers are the measured ones, says the test above."""
    results = read_results(files.text(RESULTS))
    for policy in model.POLICIES:
        small, large = (results[policy][size]["operations"] for size in ("10", "80"))
        assert 0 < large <= MOST_RATIO * small, policy


def test_the_benchmark_makes_the_same_file_again(shell: Any, files: Any) -> None:
    shell.write(RESULTS, "{}")
    assert shell.run(COMMAND).status == 0
    again = read_results(shell.text(RESULTS))
    assert same(again, read_results(files.text(RESULTS)))


def test_the_benchmark_measures_what_it_is_run_with(shell: Any, rng: Random) -> None:
    text = GIVEN.read_text(encoding="utf-8") + OTHER_REQUESTS.format(
        sizes=(rng.randint(3, 9), rng.randint(20, 30)),
        ttl=rng.randint(20, 90),
        pace=rng.randint(7, 40),
        salt=rng.randint(1, 6),
        times=rng.randint(5, 12),
    )
    workload: dict[str, Any] = {"__name__": "workload"}
    exec(text, workload)
    shell.write("workload.py", text)
    shell.write("cache.py", REFERENCE.read_text(encoding="utf-8"))
    assert shell.run(COMMAND).status == 0
    found = read_results(shell.text(RESULTS))
    assert type(found) is dict
    assert sorted(found) == sorted(model.POLICIES)
    for policy in model.POLICIES:
        expected = {
            str(n): in_this_process(policy, n, workload) for n in workload["SIZES"]
        }
        assert same(sorted(found[policy].items()), sorted(expected.items())), policy
