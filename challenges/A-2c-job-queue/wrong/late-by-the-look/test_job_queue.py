"""Tests of the job queue, on a clock that is moved by hand."""

import pytest
from job_queue import JobQueue
from store import MemoryStore
from workload import Clock

SETTINGS = {"lease": 10, "max_attempts": 4, "base": 2, "cap": 5, "aging": 20}


def make(content=b"", now=0, **settings):
    store, clock = MemoryStore(content), Clock()
    clock.now = now
    return JobQueue(store, clock, **(SETTINGS | settings)), store, clock


def again(store, clock):
    return JobQueue(store, clock, **SETTINGS)


def taken(queue):
    found = []
    while job := queue.take():
        found.append((job["id"], job["attempt"]))
    return found


def test_a_job_comes_and_goes():
    queue, _, _ = make()
    assert queue.take() is None
    assert queue.put({"a": [1, None, "é"]}, 2) == 1
    assert queue.put("other") == 2
    job = {"id": 1, "payload": {"a": [1, None, "é"]}, "priority": 2, "attempt": 1}
    assert queue.take() == job
    assert queue.done(1, 1)
    assert not queue.done(1, 1)
    assert not queue.done(2, 1)
    assert queue.counts() == {"ready": 1, "delayed": 0, "running": 0, "dead": 0}


def test_priority_and_then_first_come():
    queue, _, clock = make()
    for number, priority in enumerate([0, 1, 0, 1, 2]):
        clock.now = number
        queue.put("x", priority)
    assert [id for id, _ in taken(queue)] == [5, 2, 4, 1, 3]


def test_whoever_waits_long_enough_goes_ahead():
    queue, _, clock = make()
    queue.put("low", 0)
    for clock.now in range(0, 21, 4):
        queue.put("high", 1)
    assert [id for id, _ in taken(queue)] == [2, 3, 4, 5, 6, 1, 7]


def test_a_lost_worker():
    queue, _, clock = make()
    queue.put("x")
    assert taken(queue) == [(1, 1)]
    clock.now = 9
    assert queue.counts()["running"] == 1
    clock.now = 10
    assert not queue.done(1, 1)
    assert queue.counts()["delayed"] == 1
    clock.now = 11
    assert taken(queue) == []
    clock.now = 12
    assert taken(queue) == [(1, 2)]
    assert not queue.fail(1, 1, "late")
    assert queue.done(1, 2)


def test_delays_and_death():
    queue, _, clock = make()
    queue.put("x", 3)
    for attempt, delay in ((1, 2), (2, 4), (3, 5)):
        assert taken(queue) == [(1, attempt)]
        assert queue.fail(1, attempt, f"error {attempt}")
        clock.now += delay - 1
        assert taken(queue) == []
        clock.now += 1
    assert taken(queue) == [(1, 4)]
    clock.now += 100
    errors = ["error 1", "error 2", "error 3", "lease expired"]
    assert queue.dead() == [{"id": 1, "payload": "x", "priority": 3, "errors": errors}]
    assert taken(queue) == []


def test_a_new_queue_goes_on():
    queue, store, clock = make()
    for name in "abcd":
        queue.put(name)
    assert taken(queue)[:2] == [(1, 1), (2, 1)]
    queue.done(1, 1)
    queue.fail(2, 1, "no")
    clock.now = 1
    queue = again(store, clock)
    assert queue.counts() == {"ready": 0, "delayed": 1, "running": 2, "dead": 0}
    assert queue.done(3, 1)
    queue = again(store, clock)
    clock.now = 2
    assert taken(queue) == [(2, 2)]
    clock.now = 12
    assert taken(again(store, clock)) == [(4, 2)]
    assert queue.put("e") == 5


def test_a_crash_at_any_byte():
    queue, store, _ = make()
    queue.put("first")
    before = store.content
    queue.put("second")
    for size in range(len(before), len(store.content) + 1):
        queue, torn, clock = make(store.content[:size])
        there = queue.counts()["ready"]
        assert there in (1, 2)
        queue.put("third")
        assert again(torn, clock).counts()["ready"] == there + 1
        queue.put("fourth")
        queue = again(torn, clock)
        assert taken(queue) == [(n, 1) for n in range(1, there + 3)]


def test_a_store_that_fails():
    queue, store, _ = make()
    queue.put("x")

    def fail(data):
        raise OSError("full")

    store.append = store.replace = fail
    for call in (queue.take, lambda: queue.put("y")):
        with pytest.raises(OSError, match="full"):
            call()
    assert queue.counts() == {"ready": 1, "delayed": 0, "running": 0, "dead": 0}


def test_the_store_does_not_grow_for_ever():
    queue, store, _ = make()
    for _ in range(600):
        queue.put("x" * 100)
        job = queue.take()
        queue.done(job["id"], 1)
    assert len(store.content) <= 20_000


def test_bad_settings():
    for name in SETTINGS:
        with pytest.raises(ValueError):
            make(**{name: 0})
