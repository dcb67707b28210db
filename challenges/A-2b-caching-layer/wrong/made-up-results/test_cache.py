"""Tests of the cache, on a clock that is moved by hand."""

import threading
from fractions import Fraction

import pytest
from cache import Cache


class Clock:
    now = 0

    def __call__(self):
        return self.now


def make(capacity=3, ttl=10, policy="lru"):
    clock = Clock()
    return Cache(capacity, ttl, clock, policy), clock


def held(cache, keys):
    return "".join(key for key in keys if key in cache)


def test_an_entry_is_there_until_its_end():
    cache, clock = make()
    cache.put("a", 1)
    cache.put("b", None, ttl=Fraction(1, 3))
    clock.now = Fraction(1, 3)
    assert held(cache, "ab") == "a"
    clock.now = Fraction(999, 100)
    assert cache.get("a") == 1
    clock.now = 10
    assert cache.get("a", "no") == "no"
    assert len(cache) == 0


def test_only_put_makes_it_live_longer():
    cache, clock = make()
    cache.put("a", 1)
    clock.now = 9
    assert cache.get("a") == 1
    assert cache.get_or_load("a", None) == 1
    clock.now = 10
    assert "a" not in cache
    cache.put("a", 2)
    clock.now = 19
    cache.put("a", 3)
    clock.now = 20
    assert cache.get("a") == 3


def test_without_ttl_it_stays():
    cache, clock = make(ttl=None)
    cache.put("a", 1)
    cache.put("b", 2, ttl=5)
    clock.now = 10**9
    assert held(cache, "ab") == "a"


def test_lru():
    cache, _ = make()
    for key in "abc":
        cache.put(key, key)
    assert cache.get("a") == "a"
    assert "b" in cache
    cache.put("d", 1)
    assert held(cache, "abcd") == "acd"
    cache.put("c", 2)
    cache.put("e", 3)
    assert held(cache, "abcde") == "cde"


def test_lfu():
    cache, _ = make(policy="lfu")
    for key in "abbccaa":
        cache.put(key, key)
    cache.put("d", 1)
    assert held(cache, "abcd") == "acd"
    cache.put("e", 1)
    assert held(cache, "abcde") == "ace"
    cache.delete("a")
    cache.put("a", 1)
    cache.get("e")
    cache.put("f", 1)
    assert held(cache, "abcdef") == "cef"


@pytest.mark.parametrize("policy", ["lru", "lfu"])
def test_what_has_expired_goes_first(policy):
    cache, clock = make(policy=policy)
    cache.put("a", 1)
    cache.put("b", 1, ttl=5)
    cache.put("c", 1)
    for _ in range(3):
        cache.get("b")
    clock.now = 5
    cache.put("d", 1)
    assert held(cache, "abcd") == "acd"


def test_load_once():
    cache, clock = make()
    calls = []
    for _ in range(2):
        assert cache.get_or_load("a", lambda key: calls.append(key)) is None
    assert calls == ["a"]
    clock.now = 10
    assert cache.get_or_load("a", lambda key: key * 2, ttl=1) == "aa"
    clock.now = 11
    assert "a" not in cache


def test_errors_are_not_kept():
    cache, _ = make()

    def fail(key):
        raise OSError(key)

    for _ in range(2):
        with pytest.raises(OSError, match="a"):
            cache.get_or_load("a", fail)
        assert "a" not in cache
    assert cache.get_or_load("a", lambda key: 5) == 5


def test_many_at_once_load_once():
    cache, _ = make()
    begun, go_on = threading.Event(), threading.Event()
    calls, found = [], []

    def load(key):
        calls.append(key)
        begun.set()
        go_on.wait(5)
        return len(calls)

    def ask():
        found.append(cache.get_or_load("a", load))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    threads[0].start()
    begun.wait(5)
    for thread in threads[1:]:
        thread.start()
    assert cache.get_or_load("b", lambda key: 7) == 7
    for thread in threads[1:]:
        thread.join(0.02)
    go_on.set()
    for thread in threads:
        thread.join()
    assert found == [1] * 6
    assert calls == ["a"]


def test_what_was_loaded_before_a_delete_is_not_kept():
    cache, _ = make()

    def load(key):
        cache.delete(key)
        return 1

    assert cache.get_or_load("a", load) == 1
    assert "a" not in cache


def test_bad_arguments():
    for arguments in ((0, 1, Clock()), (1, 0, Clock()), (1, 1, Clock(), "fifo")):
        with pytest.raises(ValueError):
            Cache(*arguments)
    with pytest.raises(ValueError):
        make()[0].put("a", 1, ttl=0)
