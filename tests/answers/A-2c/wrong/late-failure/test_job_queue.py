import threading

import pytest

from job_queue import JobQueue
from store import FileStore, MemoryStore


class Clock:
    def __init__(self, now=0):
        self.now = now

    def __call__(self):
        return self.now


def make(**settings):
    clock = Clock()
    return JobQueue(MemoryStore(), clock, **settings), clock


def counts(ready=0, delayed=0, running=0, dead=0):
    return {"ready": ready, "delayed": delayed, "running": running, "dead": dead}


def job(id, payload, priority=0, attempt=1):
    return {"id": id, "payload": payload, "priority": priority, "attempt": attempt}


# One job.


def test_put_take_done():
    queue, _ = make()
    assert queue.take() is None
    assert queue.put({"a": [1, None]}, 2) == 1
    assert queue.put("b") == 2
    assert queue.counts() == counts(ready=2)
    assert queue.take() == job(1, {"a": [1, None]}, 2)
    assert queue.counts() == counts(ready=1, running=1)
    assert queue.done(1, 1) is True
    assert queue.done(1, 1) is False
    assert queue.fail(1, 1, "x") is False
    assert queue.done(2, 1) is False
    assert queue.counts() == counts(ready=1)
    assert queue.take() == job(2, "b")
    assert queue.done(2, 1) is True
    assert queue.put("c") == 3
    assert queue.dead() == []


@pytest.mark.parametrize("name", ["lease", "max_attempts", "base", "cap", "aging"])
def test_settings(name):
    with pytest.raises(ValueError):
        make(**{name: 0})
    make(**{name: 1})


def test_copies():
    queue, _ = make(max_attempts=1)
    payload = {"a": [1]}
    queue.put(payload)
    payload["a"].append(2)
    taken = queue.take()
    assert taken["payload"] == {"a": [1]}
    taken["payload"]["a"].append(3)
    queue.fail(1, 1, "x")
    found = queue.dead()
    assert found == [{"id": 1, "payload": {"a": [1]}, "priority": 0, "errors": ["x"]}]
    found[0]["payload"]["a"].append(4)
    found[0]["errors"].append("y")
    found.clear()
    assert queue.dead() == [{"id": 1, "payload": {"a": [1]}, "priority": 0, "errors": ["x"]}]


# Order.


def test_first_ready_comes_first():
    queue, clock = make()
    for number in range(5):
        queue.put(number)
        clock.now += 1
    assert [queue.take()["payload"] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_same_time_lowest_id():
    queue, _ = make()
    for number in range(12):
        queue.put(number)
    assert [queue.take()["id"] for _ in range(12)] == list(range(1, 13))


def test_ready_again_queues_behind():
    queue, clock = make(base=4)
    queue.put("a")
    queue.take()
    clock.now = 1
    queue.fail(1, 1, "x")  # ready since 5
    clock.now = 4
    queue.put("b")
    clock.now = 6
    queue.put("c")
    assert [queue.take()["payload"] for _ in range(3)] == ["b", "a", "c"]


def test_higher_priority_first():
    queue, clock = make()
    for priority in (0, 2, -3, 1):
        queue.put(priority, priority)
    clock.now = 5
    queue.put(7, 7)
    assert [queue.take()["priority"] for _ in range(5)] == [7, 2, 1, 0, -3]


def test_aging():
    queue, clock = make(aging=10)
    queue.put("low")
    clock.now = 9
    queue.put("soon", 1)
    clock.now = 10
    queue.put("tie", 1)
    clock.now = 11
    queue.put("late", 1)
    clock.now = 29
    queue.put("high", 3)
    found = [queue.take()["payload"] for _ in range(5)]
    assert found == ["soon", "high", "low", "tie", "late"]


def test_low_priority_does_not_wait_for_ever():
    queue, clock = make(aging=5)
    queue.put("low")
    for _ in range(40):
        clock.now += 1
        queue.put("high", 2)
        taken = queue.take()
        queue.done(taken["id"], 1)
        if taken["payload"] == "low":
            break
    assert taken["payload"] == "low"
    assert clock.now == 10


# Leases.


def test_lease_expires():
    queue, clock = make(lease=10, base=3, max_attempts=2)
    queue.put("a")
    queue.take()
    clock.now = 9
    assert queue.counts() == counts(running=1)
    clock.now = 10
    assert queue.counts() == counts(delayed=1)
    clock.now = 12
    assert queue.take() is None
    clock.now = 13
    assert queue.counts() == counts(ready=1)
    assert queue.take() == job(1, "a", 0, 2)
    clock.now = 23
    assert queue.take() is None
    assert queue.counts() == counts(dead=1)
    assert queue.dead()[0]["errors"] == ["lease expired"] * 2


@pytest.mark.parametrize("late", [10, 11, 13, 50])
def test_too_late(late):
    queue, clock = make(lease=10, base=3)
    queue.put("a")
    queue.take()
    clock.now = late
    assert queue.done(1, 1) is False
    assert queue.fail(1, 1, "x") is False
    clock.now = late + 3
    assert queue.take() == job(1, "a", 0, 2)
    assert queue.done(1, 1) is False
    assert queue.fail(1, 1, "x") is False
    assert queue.counts() == counts(running=1)
    clock.now += 9
    assert queue.done(1, 2) is True
    assert queue.counts() == counts()


def test_just_in_time():
    queue, clock = make(lease=10)
    queue.put("a")
    queue.take()
    clock.now = 9
    assert queue.done(1, 1) is True
    clock.now = 100
    assert queue.counts() == counts()





# Failures.


def fail_until_dead(queue, clock):
    """The delays after each attempt."""
    delays = []
    while True:
        taken = queue.take()
        assert queue.fail(taken["id"], taken["attempt"], f"no {taken['attempt']}") is True
        if queue.counts()["dead"]:
            return delays
        since = clock.now
        while not queue.counts()["ready"]:
            clock.now += 1
            assert clock.now < since + 1000
        delays.append(clock.now - since)


def test_delays():
    queue, clock = make(base=3, cap=20, max_attempts=7)
    queue.put("a")
    assert fail_until_dead(queue, clock) == [3, 6, 12, 20, 20, 20]
    queue, clock = make(base=9, cap=2, max_attempts=3)
    queue.put("a")
    assert fail_until_dead(queue, clock) == [2, 2]


def test_default_delays():
    queue, clock = make(max_attempts=9)
    queue.put("a")
    assert fail_until_dead(queue, clock) == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_dead(most):
    queue, clock = make(max_attempts=most)
    queue.put([1], 4)
    assert len(fail_until_dead(queue, clock)) == most - 1
    errors = [f"no {attempt + 1}" for attempt in range(most)]
    assert queue.dead() == [{"id": 1, "payload": [1], "priority": 4, "errors": errors}]
    clock.now += 1000
    assert queue.take() is None
    assert queue.counts() == counts(dead=1)


def test_default_attempts():
    queue, clock = make()
    queue.put("a")
    assert fail_until_dead(queue, clock) == [1, 2]


def test_dead_by_id():
    queue, clock = make(max_attempts=1)
    for _ in range(3):
        queue.put("a")
        queue.take()
    for id in (2, 3, 1):
        queue.fail(id, 1, "x")
    assert [found["id"] for found in queue.dead()] == [1, 2, 3]


# The store.

SETTINGS = dict(lease=10, base=2, cap=5, max_attempts=2, aging=7)

STORY = [
    lambda queue: queue.put("a"),
    lambda queue: queue.put({"b": "é\n"}, 1),
    lambda queue: queue.take(),
    lambda queue: queue.put("c", -2),
    lambda queue: queue.take(),
    lambda queue: queue.fail(1, 1, "no\n"),
    lambda queue: queue.take(),
    lambda queue: queue.take(),
    lambda queue: queue.done(2, 1),
    lambda queue: queue.put("d"),
    lambda queue: queue.fail(1, 2, "never"),
    lambda queue: queue.take(),
    lambda queue: queue.done(3, 1),
]


def again(queue_store, clock):
    """A new queue over what the store holds."""
    store = MemoryStore(queue_store.content)
    return store, JobQueue(store, Clock(clock.now), **SETTINGS)


def outcome(content, now):
    """All that can be seen of a queue over that content."""
    clock = Clock(now)
    queue = JobQueue(MemoryStore(content), clock, **SETTINGS)
    found = [queue.counts(), queue.dead()]
    for turn in range(40):
        taken = queue.take()
        found.append((turn, taken, queue.counts()))
        if taken and taken["attempt"] == 1 and taken["id"] % 2:
            queue.fail(taken["id"], 1, "again")
        clock.now += 1
    found.append(queue.dead())
    found.append(queue.put("last"))
    return found


def test_new_queue_knows_running_jobs():
    clock = Clock()
    store = MemoryStore()
    queue = JobQueue(store, clock, **SETTINGS)
    for name in "abc":
        queue.put(name)
        queue.take()
    clock.now = 3
    _, new = again(store, clock)
    assert new.counts() == counts(running=3)
    assert new.take() is None
    assert new.done(1, 1) is True
    assert new.fail(2, 1, "x") is True
    assert new.counts() == counts(delayed=1, running=1)
    clock.now = 10
    _, new = again(store, clock)
    assert new.counts() == counts(delayed=3)
    assert new.done(1, 1) is False





def test_ids_are_not_used_again():
    clock = Clock()
    store = MemoryStore()
    queue = JobQueue(store, clock)
    for number in range(1, 600):
        assert queue.put("a") == number
        queue.take()
        queue.done(number, 1)
        if number % 50 == 0:
            queue = JobQueue(store, clock)


def test_file(tmp_path):
    clock = Clock()
    queue = JobQueue(FileStore(tmp_path / "queue"), clock)
    queue.put("a")
    queue.put("b")
    queue.take()
    queue = JobQueue(FileStore(tmp_path / "queue"), clock)
    assert queue.counts() == counts(ready=1, running=1)
    assert queue.done(1, 1) is True
    assert queue.take() == job(2, "b")


class CrashStore(MemoryStore):
    """Knows what may be there if the program crashes."""

    crashes = ()

    def append(self, data):
        self.crashes += tuple(self.content + data[:size] for size in range(len(data) + 1))
        super().append(data)

    def replace(self, data):
        self.crashes += (self.content, data)
        super().replace(data)


@pytest.mark.parametrize("step", range(len(STORY)))
def test_crash(step):
    clock = Clock()
    store = CrashStore()
    queue = JobQueue(store, clock, **SETTINGS)
    for number in range(step):
        clock.now += 2
        STORY[number](queue)
    clock.now += 2
    old = store.content
    store.crashes = ()
    STORY[step](queue)
    right = []
    for content in (old, store.content):
        right.append((outcome(content, clock.now), *go_on(content, clock.now)))
    for content in set(store.crashes):
        assert (outcome(content, clock.now), *go_on(content, clock.now)) in right


def go_on(content, now):
    """What is seen of queues over queues over that content."""
    found = []
    for number in range(3):
        now += 1
        clock = Clock(now)
        store = MemoryStore(content)
        queue = JobQueue(store, clock, **SETTINGS)
        found.append(queue.put(f"more {number}", number))
        found.append(queue.take())
        content = store.content
        found.append(JobQueue(MemoryStore(content), clock, **SETTINGS).counts())
    found.append(outcome(content, now))
    return found


def test_crash_again_and_again():
    """Each put is cut off, and then made again."""
    for size in (1, 5, 9, 14):
        content = b""
        expected = []
        for number in range(6):
            clock = Clock(number)
            store = CrashStore(content)
            JobQueue(store, clock).put(f"cut {number}")
            content = [*store.crashes, store.content][min(size, len(store.crashes))]
            store = MemoryStore(content)
            queue = JobQueue(store, clock)
            if queue.counts()["ready"] > len(expected):
                expected.append(f"cut {number}")
            queue.put(f"whole {number}")
            expected.append(f"whole {number}")
            content = store.content
        clock = Clock(6)
        queue = JobQueue(MemoryStore(content), clock)
        assert queue.counts() == counts(ready=len(expected))
        assert [queue.take()["payload"] for _ in expected] == expected


class Broken(Exception):
    pass


class FailingStore(MemoryStore):
    broken = False

    def _count(self, data):
        if self.broken:
            raise Broken
        super()._count(data)





def test_store_does_not_grow_for_ever():
    clock = Clock()
    store = MemoryStore()
    queue = JobQueue(store, clock)
    for _ in range(300):
        queue.put("x" * 98)
    assert len(store.content) <= 20_000 + 4_000 * 300
    for _ in range(300):
        taken = queue.take()
        queue.done(taken["id"], 1)
    assert len(store.content) <= 20_000
    for _ in range(300):
        id = queue.put("x" * 98)
        queue.take()
        queue.done(id, 1)
        assert len(store.content) <= 20_000


def test_threads():
    queue, _ = make()
    taken = []

    def work():
        for number in range(50):
            queue.put(number)
            found = queue.take()
            taken.append((found["id"], queue.done(found["id"], found["attempt"])))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [(id, True) for id in range(1, 201)]
    assert queue.counts() == counts()
