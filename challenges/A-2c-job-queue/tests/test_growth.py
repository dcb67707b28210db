"""The work of a call, and what it writes, however many jobs there are: by counts."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("queue_model.py"))))

SIZES = {"work": (100, 800), "written": (200, 1600), "memory": (80, 640)}
CALLS = 7
"""For each job, and some more."""
MOST_RATIO = 24
PLENTY = 10**9

DRIVER = """
class Store:
    def __init__(self):
        self.parts, self.bytes = [], 0
    def read(self):
        content = b"".join(self.parts)
        self.bytes += len(content)
        return content
    def append(self, data):
        self.parts.append(data)
        self.bytes += len(data)
    def replace(self, data):
        self.parts = [data]
        self.bytes += len(data)

def session(make, n, store):
    now = 0
    queue = make(store, lambda: now, lease=40, max_attempts=5, cap=50)
    for number in range(n):
        queue.put(number, number % 7)
        yield
    for turn in range(2 * n):
        now += 1
        job = queue.take()
        yield
        if turn % 3 == 0:
            queue.done(job["id"], job["attempt"])
        elif turn % 3 == 1:
            queue.fail(job["id"], job["attempt"], "no")
        yield
        queue.put(turn, turn % 9)
        yield

def work(make, n, most):
    return steps(session(make, n, Store()), most)

def written(make, n, most):
    store = Store()
    for _ in session(make, n, store):
        if store.bytes > most:
            break
    return store.bytes

def memory(make, n, most):
    return copied(session(make, n, Store()), most)
"""


@pytest.mark.parametrize("name", list(SIZES))
def test_the_work_of_a_call_hardly_grows(code: Any, name: str) -> None:
    """Lines and items, bytes that go to the store, and bytes that a call copies."""
    made = code.ref("job_queue:JobQueue")
    count = getattr(code.define(model.PROBE + DRIVER), name)
    few, many = SIZES[name]
    small = code.call(count, made, few, PLENTY)
    assert type(small) is int
    assert small >= CALLS * few, "an answer that switched the counting off"
    large = code.call(count, made, many, MOST_RATIO * small)
    assert type(large) is int
    assert large <= MOST_RATIO * small, f"{small} and {large} {name}"
