"""Loads: one at a time for a key, and nobody else waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("cache_model.py"))))


class Slow:
    """A load that begins, and ends when it is told to."""

    def __init__(self, code: Any, error: str = "") -> None:
        self.calls: list[Any] = []
        self.gate = code.gate()
        self.code, self.error = code, error
        self.callback = code.callback(self.load, name="load")

    def load(self, key: Any) -> str:
        self.calls.append(key)
        number = len(self.calls)
        self.gate.wait()
        if self.error:
            raise self.code.error(self.error, f"load {number}")
        return f"load {number}"


@contextmanager
def loading(code: Any, cache: Any, slow: Slow, others: int = 0) -> Iterator[Any]:
    """One load of ``k`` is running, others wait for it; the crew and these jobs."""
    with code.crew() as crew:
        jobs = []
        for _ in range(1 + others):
            jobs.append(crew.start(cache.get_or_load, "k", slow.callback))
            crew.settle()
        assert slow.calls == ["k"], f"{len(slow.calls)} loads of one key"
        assert not any(job.done for job in jobs)
        yield crew, jobs


def test_many_at_once_load_once(code: Any) -> None:
    pair, slow = model.Pair(code), Slow(code)
    with loading(code, pair.cache, slow, 7) as (_, jobs):
        slow.gate.open()
        assert [job.result() for job in jobs] == ["load 1"] * 8
    assert slow.calls == ["k"]
    assert pair.cache.get("k") == "load 1"


def test_nobody_else_waits_for_a_load(code: Any) -> None:
    pair, slow = model.Pair(code), Slow(code)
    with loading(code, pair.cache, slow, 1) as (crew, jobs):

        def all_else() -> None:
            pair.put("a", 1)
            pair.get("a")
            pair.get("k")
            pair.load("b")
            pair.delete("a")
            pair.check(["a", "b", "k"])

        model.at_once(code, crew, all_else)
        slow.gate.open()
        assert [job.result() for job in jobs] == ["load 1"] * 2


def test_loads_of_different_keys_run_at_the_same_time(code: Any) -> None:
    pair = model.Pair(code)
    met = code.barrier(3)

    def load(key: str) -> str:
        met.wait()
        return key * 2

    with code.crew() as crew:
        load_it = code.callback(load, name="load")
        jobs = [crew.start(pair.cache.get_or_load, key, load_it) for key in "abc"]
        crew.settle()
        if not all(job.done for job in jobs):
            code.kill()
            raise AssertionError("one load waits for another")
        assert [job.result() for job in jobs] == ["aa", "bb", "cc"]


@pytest.mark.parametrize("error", ["ValueError", "KeyError", "KeyboardInterrupt"])
def test_an_error_goes_to_all_who_wait_and_is_not_kept(code: Any, error: str) -> None:
    pair, slow = model.Pair(code), Slow(code, error)
    with loading(code, pair.cache, slow, 2) as (_, jobs):
        slow.gate.open()
        for job in jobs:
            with pytest.raises(CodeError) as caught:
                job.result()
            assert caught.value.type == error
            assert "load 1" in caught.value.message
    assert slow.calls == ["k"]
    pair.check("k")
    with pytest.raises(CodeError) as caught:
        pair.cache.get_or_load("k", slow.callback)
    assert caught.value.type == error
    assert slow.calls == ["k", "k"]
    pair.load("k")
    pair.check("k")


def test_an_error_of_a_load_leaves_the_entries_alone(code: Any) -> None:
    pair, slow = model.Pair(code, 2), Slow(code, "ValueError")
    slow.gate.open()
    for key in "ab":
        pair.put(key)
    for _ in range(3):
        with code.raises("ValueError"):
            pair.cache.get_or_load("k", slow.callback)
    pair.check("abk")
    pair.put("c")
    pair.check("abck")


def test_a_value_of_none_is_loaded_once(code: Any) -> None:
    pair = model.Pair(code)
    calls: list[str] = []
    load = code.callback(calls.append)
    for _ in range(3):
        assert pair.cache.get_or_load("k", load) is None
    assert calls == ["k"]
    assert pair.cache.get("k", "none") is None


@pytest.mark.parametrize("ttl", [[], [4]])
def test_the_ttl_begins_when_the_load_has_returned(code: Any, ttl: list[int]) -> None:
    pair = model.Pair(code)
    end = 7 + (ttl[0] if ttl else 10)

    def load(key: str) -> int:
        pair.at(7)
        return 5

    assert pair.cache.get_or_load("k", code.callback(load), *ttl) == 5
    for now in (end - 1, end):
        pair.at(now)
        assert ("k" in pair.cache) is (now < end)


def test_what_happens_while_it_loads_counts(code: Any) -> None:
    pair = model.Pair(code, 2)
    pair.put("a", 1)
    pair.put("b", 2)

    def load(key: str) -> int:
        pair.get("a")
        pair.at(3).put("c", 3, 2)
        pair.at(4).get("a")
        pair.check("abc")
        return 5

    assert pair.cache.get_or_load("k", code.callback(load)) == 5
    pair.model.put("k", 5)
    pair.check("abck")
    pair.get("k")


def test_a_load_may_use_the_cache(code: Any) -> None:
    pair = model.Pair(code, 5)

    def load(key: int) -> int:
        if key == 0:
            return 1
        below = pair.cache.get_or_load(key - 1, load_it)
        assert key - 1 in pair.cache
        pair.cache.put("last", key)
        return int(below) * 2

    load_it = code.callback(load)
    with code.crew() as crew:
        assert model.at_once(code, crew, pair.cache.get_or_load, 6, load_it) == 64
    assert pair.cache.get("last") == 6
    assert [key in pair.cache for key in range(7)] == [False] * 3 + [True] * 4


def test_what_was_put_while_it_loads_stays(code: Any) -> None:
    pair, slow = model.Pair(code), Slow(code)
    with loading(code, pair.cache, slow, 1) as (crew, jobs):
        model.at_once(code, crew, pair.put, "k", "put")
        pair.load("k")
        slow.gate.open()
        assert [job.result() for job in jobs] == ["load 1"] * 2
    pair.get("k")
    pair.at(10).check("k")


@pytest.mark.parametrize("there", [True, False])
def test_what_was_deleted_while_it_loads_stays_away(code: Any, there: bool) -> None:
    pair, slow = model.Pair(code), Slow(code)
    with loading(code, pair.cache, slow, 1) as (crew, jobs):
        if there:
            model.at_once(code, crew, pair.put, "k", "put")
        model.at_once(code, crew, pair.delete, "k")
        slow.gate.open()
        assert [job.result() for job in jobs] == ["load 1"] * 2
    pair.check("k")
    pair.load("k")


def test_after_a_delete_a_load_begins_anew(code: Any) -> None:
    pair, slow, later = model.Pair(code), Slow(code), Slow(code)
    with loading(code, pair.cache, slow) as (crew, jobs):
        model.at_once(code, crew, pair.delete, "k")
        again = [crew.start(pair.cache.get_or_load, "k", later.callback) for _ in "ab"]
        crew.settle()
        begun, waiting = [*later.calls], [job.done for job in again]
        slow.gate.open()
        assert jobs[0].result() == "load 1"
        pair.check("k")
        later.gate.open()
        assert [job.result() for job in again] == ["load 1"] * 2
        assert begun == later.calls == ["k"]
        assert waiting == [False, False]
    assert pair.cache.get("k") == "load 1"


def test_an_outdated_load_that_fails_does_not_end_the_new_one(code: Any) -> None:
    pair, slow, later = model.Pair(code), Slow(code, "ValueError"), Slow(code)
    with loading(code, pair.cache, slow) as (crew, jobs):
        model.at_once(code, crew, pair.delete, "k")
        again = [crew.start(pair.cache.get_or_load, "k", later.callback)]
        crew.settle()
        slow.gate.open()
        with pytest.raises(CodeError):
            jobs[0].result()
        again.append(crew.start(pair.cache.get_or_load, "k", later.callback))
        crew.settle()
        later.gate.open()
        assert [job.result() for job in again] == ["load 1"] * 2
    assert later.calls == ["k"]
    assert pair.cache.get("k") == "load 1"


STEP = 11
"""Opcodes between two stops: what lies between a look and its use is longer."""


def meetings(code: Any, make: Any, first: Any, second: Any) -> Iterator[Any]:
    """The cache after two calls that met; the first stops at every eleventh opcode."""
    for at in range(1, 4000, STEP):
        cache = make()
        gate, moved = code.gate(), threading.Event()

        def hold(gate: Any = gate, moved: Any = moved) -> None:
            moved.set()
            gate.wait()

        with code.crew() as crew:
            stop = code.callback(hold, name="hold")
            one = crew.start(code.traced, cache, first, model.SOURCE, at, stop)
            while not moved.is_set() and not one.done:
                moved.wait(0.005)
            if one.done:
                one.result()
                assert at > STEP, "the call was not seen to run"
                return
            name, *arguments = second
            other = crew.start(getattr(cache, name), *arguments)
            if not other.ended_within(0.01):
                crew.settle()  # it waits for the first one
            gate.open()
            yield cache, [one.result(), other.result()]


def test_two_who_come_at_once_load_once(code: Any) -> None:
    calls: list[str] = []

    def load(key: str) -> int:
        calls.append(key)
        return len(calls)

    def make() -> Any:
        calls.clear()
        return model.open_cache(code, 2, 10, code.clock())

    request = ("get_or_load", "k", code.callback(load))
    for cache, found in meetings(code, make, request, request):
        assert calls == ["k"], found
        assert found == [1, 1]
        assert len(cache) == 1


@pytest.mark.parametrize("policy", model.POLICIES)
def test_two_who_put_at_once_stay_within_the_capacity(code: Any, policy: str) -> None:
    def make() -> Any:
        cache = model.open_cache(code, 2, 10, code.clock(), policy)
        cache.put("a", 1)
        return cache

    for cache, _ in meetings(code, make, ("put", "b", 2), ("put", "c", 3)):
        assert len(cache) == 2
        assert [cache.get(key) for key in "abc"] == [None, 2, 3]
