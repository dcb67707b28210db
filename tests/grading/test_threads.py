"""The judge's threads and their twins: herds, locks, deadlocks, the kernel's view."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from pytest_overnight.grading import CodeGone
from pytest_overnight.grading import CodeTimeout
from pytest_overnight.sandbox.inside.watch import SECONDS_BETWEEN_LISTS
from tests.grading.conftest import Answer

CACHES = '''
import threading, time
class Good:
    """One load a key, no lock around other keys."""
    def __init__(self):
        self.guard, self.locks, self.found = threading.Lock(), {}, {}
    def get(self, key, load):
        with self.guard:
            lock = self.locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self.found:
                self.found[key] = load(key)
            return self.found[key]
class Herd(Good):
    def get(self, key, load):
        if key not in self.found:
            self.found[key] = load(key)
        return self.found[key]
class OneLock(Good):
    def get(self, key, load):
        with self.guard:
            if key not in self.found:
                self.found[key] = load(key)
            return self.found[key]
class Polling(Good):
    def __init__(self):
        super().__init__(); self.busy = set()
    def get(self, key, load):
        while True:
            with self.guard:
                if key in self.found: return self.found[key]
                if key not in self.busy: self.busy.add(key); break
            time.sleep(0.01)
        self.found[key] = load(key)
        return self.found[key]
class Re:
    def __init__(self, kind): self.lock = getattr(threading, kind)()
    def get(self, load):
        with self.lock: return load()
def main_thread(): return threading.current_thread() is threading.main_thread()
def spin():
    while True: pass
def name(): return threading.current_thread().name
def wait_for(event): event.wait()
def event(): return threading.Event()
'''


def load_once(answer: Answer, kind: str) -> tuple[int, list[int]]:
    code = answer(CACHES)
    cache = code.new(f"work:{kind}")
    gate = code.gate()
    loads: list[str] = []

    def load(key: str) -> int:
        loads.append(key)
        gate.wait()
        return 5

    loading = code.callback(load)
    with code.crew() as crew:
        jobs = [crew.start(cache.get, "k", loading) for _ in range(8)]
        crew.settle()
        held = crew.held("load")
        gate.open()
        return held, [job.result() for job in jobs]


@pytest.mark.parametrize(("kind", "held"), [("Good", 1), ("Polling", 1), ("Herd", 8)])
def test_a_herd_is_seen(answer: Answer, kind: str, held: int) -> None:
    assert load_once(answer, kind) == (held, [5] * 8)


def test_a_herd_is_seen_on_a_busy_machine(answer: Answer) -> None:
    code = answer(CACHES)
    others = [code.spawn() for _ in range(2)]

    def spin(index: int) -> None:
        with pytest.raises(CodeGone):
            others[index].call("work:spin")

    threads = [threading.Thread(target=spin, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert load_once(answer, "Good")[0] == 1
        assert load_once(answer, "Herd")[0] == 8
    finally:
        for other in others:
            other.kill()
        for thread in threads:
            thread.join()


def test_two_keys_load_at_the_same_time(answer: Answer) -> None:
    code = answer(CACHES, seconds=2.0)

    def both(kind: str) -> list[str]:
        cache = code.new(f"work:{kind}")
        barrier = code.barrier(2)

        def load(key: str) -> str:
            barrier.wait()
            return key

        with code.crew() as crew:
            jobs = [crew.start(cache.get, key, load) for key in ("a", "b")]
            return [job.result() for job in jobs]

    assert both("Good") == ["a", "b"]
    with pytest.raises(CodeTimeout):
        both("OneLock")


def test_a_real_lock_deadlocks_and_a_reentrant_one_does_not(answer: Answer) -> None:
    code = answer(CACHES, seconds=1.0)
    again = code.new("work:Re", "RLock")
    assert again.get(lambda: again.get(lambda: 5)) == 5
    stuck = code.new("work:Re", "Lock")
    with pytest.raises(CodeTimeout, match=r"inside the judge's functions: 1× nested"):
        stuck.get(code.callback(lambda: stuck.get(lambda: 5), name="nested"))


def test_threads_have_twins_of_their_own(answer: Answer) -> None:
    code = answer(CACHES)
    assert code.call("work:main_thread") is True
    names: set[str] = set()

    def look() -> None:
        assert code.call("work:main_thread") is False
        names.add(code.call("work:name"))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names
    assert "MainThread" not in names


def test_the_first_thread_may_be_a_second_one(answer: Answer) -> None:
    code = answer("import threading\ndef f(): return threading.main_thread().name\n")
    code.link.channel()
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(code.call("work:f")))
    thread.start()
    thread.join()
    assert found == ["MainThread"]


def test_a_thread_works_while_main_is_busy(answer: Answer) -> None:
    code = answer(CACHES)
    event = code.call("work:event")
    with code.crew() as crew:
        job = crew.start(code.call, "work:wait_for", event)
        crew.settle()
        assert not job.done
        event.set()
        job.result()


def test_a_thread_started_in_a_callback_works(answer: Answer) -> None:
    code = answer(CACHES)
    found: list[bool] = []

    def load(key: str) -> int:
        thread = threading.Thread(
            target=lambda: found.append(code.call("work:main_thread"))
        )
        thread.start()
        thread.join()
        return 1

    assert code.new("work:Good").get("k", load) == 1
    assert found == [False]


def test_a_kill_wakes_everybody(answer: Answer) -> None:
    code = answer(CACHES)
    gate = code.gate()
    cache = code.new("work:Good")
    with code.crew() as crew:
        jobs = [crew.start(cache.get, "k", lambda key: gate.wait()) for _ in range(4)]
        crew.settle()
        code.kill()
        for job in jobs:
            with pytest.raises(CodeGone, match="killed by the test"):
                job.result()


def test_leaving_a_crew_opens_the_gates(answer: Answer) -> None:
    code = answer(CACHES)
    gate = code.gate()
    cache = code.new("work:Good")

    def fail() -> None:
        with code.crew() as crew:
            crew.start(cache.get, "k", lambda key: gate.wait())
            raise AssertionError("before the gate")

    with pytest.raises(AssertionError, match="before the gate"):
        fail()


def test_an_error_of_a_job_nobody_asked_about_is_raised(answer: Answer) -> None:
    code = answer(CACHES)
    with code.raises("AttributeError"), code.crew() as crew:
        crew.start(code.call, "work:absent")


def test_calls_of_two_threads_run_side_by_side(answer: Answer) -> None:
    code = answer(CACHES)
    all_there = threading.Barrier(8)

    def names_of_one() -> set[str]:
        first = code.call("work:name")
        all_there.wait()  # the name of a thread that has ended is used again
        return {first, *(code.call("work:name") for _ in range(200))}

    with code.crew() as crew:
        jobs = [crew.start(names_of_one) for _ in range(8)]
        names = [job.result() for job in jobs]
    assert all(len(found) == 1 for found in names)
    assert len(set.union(*names)) == 8


def test_threads_that_begin_at_once_take_no_space(answer: Answer) -> None:
    """Sockets on their way to a child that is slow to take them."""
    code = answer(CACHES)
    code.call("work:name")
    with code.crew() as crew:
        os.kill(code.link.pid, signal.SIGSTOP)
        jobs = [crew.start(code.call, "work:name") for _ in range(12)]
        time.sleep(2.5 * SECONDS_BETWEEN_LISTS)  # the watch over the box looks twice
        os.kill(code.link.pid, signal.SIGCONT)
        assert len({job.result() for job in jobs}) > 1


def test_several_threads_may_wait_for_stillness_at_once(answer: Answer) -> None:
    code = answer(CACHES)
    code.call("work:name")
    with code.crew() as crew:
        jobs = [crew.start(crew.settle) for _ in range(8)]
        assert [job.result() for job in jobs] == [True] * 8
