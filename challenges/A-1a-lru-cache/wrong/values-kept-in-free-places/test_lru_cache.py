"""The cache against its rules, and against a slow model of it."""

import random

import pytest

from lru_cache import LRUCache


def filled(capacity, keys="abc"):
    cache = LRUCache(capacity)
    for place, key in enumerate(keys):
        cache.put(key, place)
    return cache


def test_the_entry_used_longest_ago_is_evicted():
    cache = filled(2, "ab")
    assert cache.put("c", 7) == ("a", 0)
    assert cache.keys() == ["b", "c"]
    assert "a" not in cache
    assert len(cache) == 2


def test_get_is_a_use():
    cache = filled(3)
    assert cache.get("a") == 0
    assert cache.keys() == ["b", "c", "a"]
    assert cache.put("d", 1) == ("b", 1)


def test_a_get_that_finds_nothing_is_none():
    cache = filled(3)
    assert cache.get("x") is None
    assert cache.get("x", default=5) == 5
    assert cache.keys() == ["a", "b", "c"]


def test_an_update_is_a_use_and_evicts_nothing():
    cache = filled(3)
    assert cache.put("a", 9) is None
    assert cache.keys() == ["b", "c", "a"]
    assert cache.get("a") == 9


def test_in_and_len_and_keys_are_no_use():
    cache = filled(2, "ab")
    assert "a" in cache
    assert len(cache) == 2
    assert cache.keys() == ["a", "b"]
    assert cache.put("c", 2) == ("a", 0)


def test_capacity_zero_keeps_nothing():
    cache = LRUCache(0)
    assert cache.put("a", 1) == ("a", 1)
    assert len(cache) == 0
    assert "a" not in cache


def test_capacity_one():
    cache = LRUCache(1)
    assert cache.put("a", 1) is None
    assert cache.put("b", 2) == ("a", 1)
    assert cache.keys() == ["b"]


@pytest.mark.parametrize("value", [None, 0, "", [], False])
def test_any_value_may_be_kept(value):
    cache = LRUCache(2)
    cache.put("a", value)
    assert cache.get("a", "missing") is value
    assert "a" in cache


def test_delete():
    cache = filled(3)
    assert cache.delete("b") is True
    assert cache.delete("b") is False
    assert cache.keys() == ["a", "c"]
    assert cache.put("d", 1) is None


def test_resize_evicts_the_entries_used_longest_ago():
    cache = filled(3)
    cache.get("a")
    assert cache.resize(1) == [("b", 1), ("c", 2)]
    assert cache.capacity == 1
    assert cache.keys() == ["a"]
    assert cache.resize(3) == []
    assert cache.put("d", 1) is None


def test_a_capacity_below_zero_is_refused():
    with pytest.raises(ValueError):
        LRUCache(-1)
    cache = filled(3)
    with pytest.raises(ValueError):
        cache.resize(-1)
    assert cache.capacity == 3
    assert cache.keys() == ["a", "b", "c"]


def test_a_key_without_a_hash_is_refused():
    cache = filled(3)
    for call in (cache.get, cache.delete, cache.__contains__):
        with pytest.raises(TypeError):
            call([])
    with pytest.raises(TypeError):
        cache.put([], 1)
    assert cache.keys() == ["a", "b", "c"]


@pytest.mark.parametrize("seed", range(20))
def test_against_a_list(seed):
    rng = random.Random(seed)
    capacity = rng.randint(0, 5)
    cache, model = LRUCache(capacity), []
    for step in range(200):
        key = rng.randint(0, 7)
        found = [entry for entry in model if entry[0] == key]
        others = [entry for entry in model if entry[0] != key]
        act = rng.choice(["put", "put", "get", "delete", "in"])
        if act == "put":
            model = [*others, (key, step)]
            evicted = model.pop(0) if len(model) > capacity else None
            assert cache.put(key, step) == evicted
        elif act == "get":
            model = others + found
            assert cache.get(key, "none") == (found[0][1] if found else "none")
        elif act == "delete":
            model = others
            assert cache.delete(key) is bool(found)
        else:
            assert (key in cache) is bool(found)
        assert cache.keys() == [entry[0] for entry in model]
        assert len(cache) == len(model)


class Key:
    """Counts what is asked of the keys."""

    asked = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        Key.asked += 1
        return hash(("key", self.number))

    def __eq__(self, other):
        Key.asked += 1
        return self.number == other.number


@pytest.mark.parametrize("size", [10, 1000])
def test_no_call_asks_more_than_a_few_keys(size):
    cache = LRUCache(size)
    for number in range(size):
        cache.put(Key(number), number)
    for number in (0, size // 2, size - 1, size):
        for call in (
            lambda key: cache.get(key),
            lambda key: cache.put(key, 1),
            lambda key: key in cache,
            lambda key: cache.delete(key),
            lambda key: cache.put(key, 1),
        ):
            Key.asked = 0
            call(Key(number))
            assert Key.asked <= 100
