"""What is in the store: after each call, after a crash, and when it fails."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("queue_model.py"))))


def test_a_new_queue_goes_on(code: Any, rng: Random) -> None:
    for _ in range(2):
        pair = model.Pair(code, max_attempts=rng.randint(2, 4))
        for _ in range(70):
            pair.at(model.later(rng, pair.model))
            pair.call(*model.some_call(rng, pair.model))
            if rng.random() < 0.4:
                pair.open()
                pair.check()


def test_a_job_in_flight_is_not_lost(code: Any) -> None:
    pair = model.Pair(code)
    pair.put("a")
    pair.put("b")
    pair.taken()
    pair.open()
    pair.check()
    assert pair.call("done", 1, 1)
    pair.open()
    assert not pair.call("done", 1, 1)
    assert pair.at(6).taken() == []
    pair.open()
    assert pair.at(7).taken() == [2]


def test_ids_are_never_used_again(code: Any) -> None:
    pair = model.Pair(code)
    for expected in range(1, 5):
        assert pair.put() == expected
        pair.take()
        pair.call("done", expected, 1)
        pair.open()


def test_nothing_that_is_gone_comes_back(code: Any) -> None:
    pair = model.Pair(code, max_attempts=1)
    for _ in range(6):
        pair.put()
    pair.taken()
    for id in (1, 3, 5):
        pair.call("done", id, 1)
    pair.call("fail", 2, 1, "no")
    pair.open()
    pair.at(5).check()
    pair.open()
    pair.at(10**9).check()
    assert pair.taken() == []


def crash(pair: Any, left: bytes, fitting: list[Any]) -> None:
    """A new queue over what a crash has left, used on; it fits one of these models."""
    code, clock, settings = pair.code, pair.clock, pair.settings
    store = model.Store(code, left)
    first = model.open_queue(code, store, clock, settings)
    assert first.put("after") in [then.last_id + 1 for then in fitting]
    again = model.open_queue(code, model.Store(code, store.content), clock, settings)
    found = model.seen(again, clock, None)
    expected = []
    for then in fitting:
        then = model.copy.deepcopy(then)
        then.put("after")
        expected.append(model.seen_of(then, clock))
    assert any(model.alike(jsonlike(found), jsonlike(one)) for one in expected)


def jsonlike(x: Any) -> Any:
    return [jsonlike(one) for one in x] if type(x) in (list, tuple) else x


def crashes(pair: Any, call: tuple[Any, ...]) -> None:
    """Make the call, and look at all that a crash in it may leave."""
    before = model.copy.deepcopy(pair.model)
    pair.store.left = []
    pair.call(*call)
    assert pair.store.left
    for left in pair.store.left:
        crash(pair, left, [before, pair.model])
    crash(pair, pair.store.content, [pair.model])


def some_jobs(code: Any) -> Any:
    """A queue with jobs in all states."""
    pair = model.Pair(code)
    for number in range(6):
        pair.put(number, number % 2)
    for _ in range(3):
        pair.take()
    pair.call("fail", 2, 1, "no")
    pair.call("done", 4, 1)
    pair.at(2)
    return pair


def test_a_crash_leaves_what_was_before_or_after(code: Any) -> None:
    for call in (
        ("put", {"a": "é\n"}, 3),
        ("take",),
        ("done", 6, 1),
        ("fail", 6, 1, "é\n"),
    ):
        crashes(some_jobs(code), call)


def test_the_first_job_of_all_survives_a_crash_or_is_not_there(code: Any) -> None:
    crashes(model.Pair(code), ("put", "first", 0))


def test_a_crash_at_any_byte(code: Any) -> None:
    pair = some_jobs(code)
    before, content = model.copy.deepcopy(pair.model), pair.store.content
    pair.call("put", "é", 1)
    after = pair.store.content
    if not after.startswith(content):  # it was replaced as a whole
        return
    for size in range(len(content) + 1, len(after), 3):
        crash(pair, after[:size], [before, pair.model])


def test_crash_after_crash(code: Any, rng: Random) -> None:
    """Each goes on from a torn store; nothing is lost between."""
    pair = model.Pair(code)
    for turn in range(12):
        pair.put(turn, rng.randint(0, 2))
        before = model.copy.deepcopy(pair.model)
        pair.store.left = []
        pair.take()
        torn = rng.choice(pair.store.left)
        pair.store = model.Store(code, torn)
        pair.open()
        if pair.queue.counts()["running"] != pair.model.counts()["running"]:
            pair.model = before
        pair.check()


def test_a_crash_when_the_store_is_opened(code: Any) -> None:
    """What opening a torn store writes may be cut off as well."""
    pair = some_jobs(code)
    before = model.copy.deepcopy(pair.model)
    pair.store.left = []
    pair.put("torn")
    for left in pair.store.left:
        store = model.Store(code, left)
        model.open_queue(code, store, pair.clock, pair.settings)
        for twice in store.left[1:]:
            crash(pair, twice, [before, pair.model])


def test_a_store_that_fails_changes_nothing(code: Any) -> None:
    calls = [("put", "y", 5), ("take",), ("done", 6, 1), ("fail", 6, 1, "no")]
    for name, *arguments in calls:
        pair = some_jobs(code)
        content, pair.store.full = pair.store.content, True
        with pytest.raises(CodeError) as caught:
            getattr(pair.queue, name)(*arguments)
        assert caught.value.type == "OSError"
        assert pair.store.content == content
        pair.store.full = False
        pair.check()
        pair.call("put", "z", 1)
        pair.call(name, *arguments)
        expected = model.seen_of(pair.model, pair.clock)
        found = model.seen(pair.queue, pair.clock, None)
        assert model.alike(jsonlike(found), jsonlike(expected)), name


def most(pair: Any) -> int:
    """Rule 12."""
    return 20_000 + 4_000 * len(pair.model.jobs)


def test_the_store_does_not_grow_for_ever(code: Any) -> None:
    pair = model.Pair(code, max_attempts=5)
    text = "x" * 100
    for turn in range(300):
        pair.put(text, turn % 3)
        while pair.model.counts()["ready"]:
            job = pair.take()
            end = ["fail", text] if job["id"] % 150 == 1 else ["done"]
            pair.call(end[0], job["id"], job["attempt"], *end[1:])
            assert len(pair.store.content) <= most(pair)
        pair.at(turn // 8)
    pair.open()
    pair.check()


def test_the_store_shrinks_when_the_jobs_are_done(code: Any) -> None:
    pair = model.Pair(code, lease=1000)
    for _ in range(80):
        pair.put("x" * 100)
    for id in pair.taken():
        pair.call("done", id, 1)
        assert len(pair.store.content) <= most(pair)
    pair.open()
    assert pair.put() == 81


def test_the_store_is_small_again_after_many_jobs(code: Any) -> None:
    """The bound goes by the jobs that are there, not by those that were."""
    pair = model.Pair(code, lease=1000)
    calls = [("put", "x" * 100), ("take",)]
    for name, *arguments in [call for call in calls for _ in range(300)]:
        pair.call(name, *arguments)
        assert len(pair.store.content) <= most(pair)
        pair.store.left = []
    for id in range(1, 301):
        assert pair.call("done", id, 1)
        assert len(pair.store.content) <= most(pair)
        pair.store.left = []


def test_crashes_where_the_store_is_tidied_up(code: Any) -> None:
    """Most writes are short; one that throws old ones away makes the store shrink."""
    pair = some_jobs(code)  # 6 is running, and 2 will be delayed, all along
    pair.call("fail", pair.take()["id"], 2, "no")
    tidied, taken = 0, {}
    for turn in range(240):
        call: tuple[Any, ...] = ("put", "y" * 1000, 0)
        if turn % 3 == 1:
            call = ("take",)
        elif turn % 3 == 2:
            call = ("done", taken["id"], 1)
        before, length = model.copy.deepcopy(pair.model), len(pair.store.content)
        pair.store.left = []
        taken = pair.call(*call)
        if len(pair.store.content) < length:
            tidied += 1
            for left in pair.store.left:
                crash(pair, left, [before, pair.model])
            if tidied == 2:
                pair.open()
                assert pair.call("done", 6, 1)
                return
