"""Order, leases, retries and dead jobs, each rule by itself and in sessions."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("queue_model.py"))))


def test_ids_count_from_one(code: Any) -> None:
    pair = model.Pair(code)
    assert [pair.put() for _ in range(4)] == [1, 2, 3, 4]
    job = pair.take()
    pair.call("done", job["id"], 1)
    assert pair.put() == 5


def test_an_empty_queue_gives_none(code: Any) -> None:
    pair = model.Pair(code)
    assert pair.take() is None
    pair.check()
    pair.put()
    assert pair.taken() == [1]
    assert pair.take() is None


@pytest.mark.parametrize("payload", model.PAYLOADS)
def test_any_payload_comes_back(code: Any, payload: Any) -> None:
    pair = model.Pair(code)
    pair.put(payload)
    assert model.alike(pair.take()["payload"], payload)


def test_the_priority_is_nought_unless_given(code: Any) -> None:
    pair = model.Pair(code)
    for name, arguments in (("put", ["a", -1]), ("put", ["b"]), ("put", ["c", 1])):
        pair.call(name, *arguments)
    assert pair.taken() == [3, 2, 1]
    pair.queue.put("d", priority=7)
    assert pair.queue.take()["priority"] == 7


def test_first_come_first_within_a_priority(code: Any) -> None:
    pair = model.Pair(code)
    for number in range(12):
        pair.at(number // 3).put(number, 5)
    assert pair.taken() == [*range(1, 13)]


def test_a_higher_priority_goes_ahead(code: Any, rng: Random) -> None:
    pair = model.Pair(code)
    priorities = rng.sample(range(-5, 6), 11)
    for priority in priorities:
        pair.put(priority, priority)
    found = [pair.take()["priority"] for _ in priorities]
    assert found == sorted(priorities, reverse=True)


def test_priorities_may_be_of_any_size(code: Any) -> None:
    pair = model.Pair(code, aging=10**6)
    for priority in (10**20, -(10**20), 10**20 + 1, 0):
        pair.put("x", priority)
    assert pair.taken() == [3, 1, 4, 2]


def test_waiting_is_worth_exactly_aging_seconds_a_level(code: Any) -> None:
    pair = model.Pair(code, aging=4)
    pair.put("low", 0)
    for now in (3, 4, 5):
        pair.at(now).put("high", 1)
    assert pair.taken() == [2, 1, 3, 4]


def test_a_low_priority_does_not_wait_for_ever(code: Any) -> None:
    pair = model.Pair(code, aging=4)
    pair.put("low", -3)
    for now in range(100):
        pair.at(now).put("high", 2)
        job = pair.take()
        pair.call("done", job["id"], 1)
        if job["payload"] == "low":
            assert now == 4 * 5
            return
    raise AssertionError("the low one starves")


def test_a_job_that_was_delayed_waits_since_then(code: Any) -> None:
    pair = model.Pair(code, aging=100)
    pair.put("first")
    pair.take()
    pair.call("fail", 1, 1, "no")  # ready since 2
    for now in (1, 2, 3):
        pair.at(now).put(now)
    assert pair.at(9).taken() == [2, 1, 3, 4]


def test_a_lease_ends_exactly_at_its_end(code: Any) -> None:
    pair = model.Pair(code)
    pair.put()
    pair.put()
    pair.at(7).taken()
    for now in (8, 11):
        pair.at(now).check()
    assert pair.call("done", 1, 1)
    pair.at(12)  # nobody has looked since
    assert not pair.call("done", 2, 1)
    pair.check()


def test_a_failure_at_the_end_of_a_lease_is_late(code: Any) -> None:
    pair = model.Pair(code)
    pair.put()
    pair.take()
    assert not pair.at(5).call("fail", 1, 1, "late")
    pair.check()


def test_a_lost_job_comes_back_exactly_once(code: Any) -> None:
    pair = model.Pair(code, base=1, cap=1)
    pair.put()
    assert pair.taken() == [1]
    assert pair.at(5).taken() == []
    assert pair.at(6).taken() == [1]
    assert not pair.call("done", 1, 1)
    assert pair.at(9).taken() == []
    assert pair.call("done", 1, 2)
    for now in (10, 11, 12, 50):
        assert pair.at(now).taken() == []
        pair.check()


def test_nothing_is_running_that_was_not_taken(code: Any) -> None:
    pair = model.Pair(code)
    pair.put()
    for verb, arguments in (("done", []), ("fail", ["no"])):
        for id, attempt in ((1, 0), (1, 1), (2, 1), (0, 0), (-1, 1)):
            assert not pair.call(verb, id, attempt, *arguments)
    pair.take()
    for attempt in (0, 2):
        assert not pair.call("done", 1, attempt)
    assert pair.call("done", 1, 1)
    assert not pair.call("done", 1, 1)
    assert not pair.call("fail", 1, 1, "no")
    pair.check()


def test_delays_double_up_to_the_cap(code: Any) -> None:
    pair = model.Pair(code, base=3, cap=20, max_attempts=6)
    pair.put()
    now = 0
    for attempt, delay in enumerate([3, 6, 12, 20, 20], 1):
        assert pair.at(now).taken() == [1]
        pair.call("fail", 1, attempt, "no")
        assert pair.at(now + delay - 1).taken() == []
        now += delay
    assert pair.at(now).take()["attempt"] == 6


def test_the_cap_may_be_below_the_base(code: Any) -> None:
    pair = model.Pair(code, base=7, cap=2)
    pair.put()
    pair.take()
    pair.call("fail", 1, 1, "no")
    pair.at(1).check()
    assert pair.at(2).taken() == [1]


def test_a_job_dies_in_its_last_attempt(code: Any) -> None:
    pair = model.Pair(code)
    pair.put({"a": 1}, 7)
    errors = ["first \u2028é", "lease expired", ""]
    for attempt, error in enumerate(errors, 1):
        assert pair.at(20 * attempt).take()["attempt"] == attempt
        if attempt != 2:
            pair.call("fail", 1, attempt, error)
        pair.check()
    found = pair.queue.dead()
    expected = {"id": 1, "payload": {"a": 1}, "priority": 7, "errors": errors}
    assert model.alike(found, [expected])
    assert pair.at(10**6).taken() == []
    assert not pair.call("done", 1, 3)
    pair.check()


def test_one_attempt_only(code: Any) -> None:
    pair = model.Pair(code, max_attempts=1)
    pair.put()
    pair.put()
    pair.taken()
    pair.call("fail", 2, 1, "no")
    pair.at(5).check()


def test_the_dead_are_listed_by_id(code: Any) -> None:
    pair = model.Pair(code, max_attempts=1)
    for number in range(5):
        pair.put(number)
    pair.taken()
    for id in (4, 1, 3):
        pair.call("fail", id, 1, "no")
    pair.check()


def test_all_happens_in_its_own_time_whoever_looks(code: Any) -> None:
    """After a pause: a lease ended at 5 and the delay after it at 7."""
    pair = model.Pair(code, aging=1000)
    pair.put("lost")
    pair.take()
    for now in (6, 7, 8):
        pair.at(now).put(now)
    assert pair.at(900).taken() == [2, 1, 3, 4]


def test_a_queue_has_its_own_copies(code: Any) -> None:
    pair = model.Pair(code, max_attempts=1)
    payload = code.make([1])
    pair.queue.put(payload)
    payload.append(2)
    pair.model.put([1])
    spoil = code.define(
        "def spoil(queue):\n"
        "    job = queue.take()\n"
        "    job['payload'].append(5)\n"
        "    job['priority'] = 9\n"
        "    queue.fail(job['id'], job['attempt'], 'no')\n"
        "    for dead in queue.dead():\n"
        "        dead['payload'].append(6)\n"
        "        dead['errors'].append('more')\n"
        "        dead.clear()\n"
        "    queue.dead().clear()\n"
        "    queue.counts().clear()\n"
    ).spoil
    spoil(pair.queue)
    pair.model.take()
    pair.model.fail(1, 1, "no")
    pair.check()
    pair.open()
    pair.check()


def test_bad_settings_are_value_errors(code: Any) -> None:
    store = model.Store(code)
    for name in model.SETTINGS:
        for value in (0, -1):
            with code.raises("ValueError"):
                model.open_queue(code, store, code.clock(), {name: value})


def test_the_settings_have_defaults(code: Any) -> None:
    defaults = {"lease": 30, "max_attempts": 3, "base": 1, "cap": 60, "aging": 60}
    pair = model.Pair(code, **defaults)
    pair.queue = model.open_queue(code, pair.store, pair.clock, {})
    pair.put("low", 0)
    for now in (59, 60, 61):
        pair.at(now).put("high", 1)
    assert pair.taken() == [2, 1, 3, 4]
    for now in (90, 91, 92, 93, 121, 124, 125, 126, 155, 156, 200):
        pair.at(now).check()
        pair.taken()
    defaults |= {"max_attempts": 9}
    pair = model.Pair(code, **defaults)
    pair.queue = model.open_queue(code, pair.store, pair.clock, {"max_attempts": 9})
    pair.put()
    now = 0
    for attempt in range(1, 10):
        assert pair.at(now).taken() == [1]
        pair.call("fail", 1, attempt, "no")
        delay = min(60, 2 ** (attempt - 1))
        assert pair.at(now + delay - 1).taken() == []
        now += delay


def test_sessions(code: Any, rng: Random) -> None:
    for _ in range(3):
        pair = model.Pair(code, max_attempts=rng.randint(2, 4))
        for _ in range(90):
            pair.at(model.later(rng, pair.model))
            pair.call(*model.some_call(rng, pair.model))
            if rng.random() < 0.3:
                pair.check()
