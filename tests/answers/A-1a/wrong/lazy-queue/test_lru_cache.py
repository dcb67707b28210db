import gc
import random
import weakref

import pytest

from lru_cache import LRUCache


class Key:
    """A key that counts the comparisons of all keys."""

    compared = 0

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        Key.compared += 1
        return isinstance(other, Key) and self.number == other.number


def filled(capacity, text):
    cache = LRUCache(capacity)
    for key in text:
        assert cache.put(key, key.upper()) is None
    return cache


def test_capacity():
    assert LRUCache(3).capacity == 3
    assert LRUCache(0).capacity == 0
    with pytest.raises(ValueError):
        LRUCache(-1)


def test_put_evicts_what_was_used_longest_ago():
    cache = filled(3, "abc")
    assert cache.keys() == ["a", "b", "c"]
    assert cache.put("d", "D") == ("a", "A")
    assert cache.put("e", "E") == ("b", "B")
    assert cache.keys() == ["c", "d", "e"]
    assert len(cache) == 3


def test_get_is_a_use():
    cache = filled(3, "abc")
    assert cache.get("a") == "A"
    assert cache.keys() == ["b", "c", "a"]
    assert cache.put("d", 1) == ("b", "B")
    assert cache.get("a") == "A"


def test_get_of_a_missing_key():
    cache = filled(2, "ab")
    assert cache.get("x") is None
    assert cache.get("x", 5) == 5
    assert cache.get("x", default=6) == 6
    assert cache.keys() == ["a", "b"]
    assert "x" not in cache


def test_put_of_a_present_key_is_a_use():
    cache = filled(3, "abc")
    assert cache.put("a", 1) is None
    assert cache.keys() == ["b", "c", "a"]
    assert cache.put("d", 1) == ("b", "B")
    assert cache.get("a") == 1


def test_put_of_a_present_key_evicts_nothing():
    cache = filled(2, "ab")
    for key in "abba":
        assert cache.put(key, 0) is None
        assert len(cache) == 2
    assert "a" in cache and "b" in cache


def test_capacity_zero():
    cache = LRUCache(0)
    value = object()
    for key in ("a", "b", "a"):
        evicted = cache.put(key, value)
        assert evicted == (key, value) and isinstance(evicted, tuple)
        assert len(cache) == 0
        assert key not in cache
        assert cache.get(key, "no") == "no"
        assert cache.keys() == []


def test_capacity_one():
    cache = LRUCache(1)
    assert cache.put("a", 1) is None
    assert cache.put("b", 2) == ("a", 1)
    assert cache.keys() == ["b"]


def test_in_len_and_keys_are_no_use():
    cache = filled(2, "ab")
    assert "a" in cache
    assert "x" not in cache
    assert len(cache) == 2
    cache.keys()
    assert cache.keys() == ["a", "b"]
    assert cache.put("c", 1) == ("a", "A")


def test_keys_is_a_new_list():
    cache = filled(2, "ab")
    cache.keys().clear()
    assert cache.keys() == ["a", "b"]
    assert type(cache.keys()) is list


def test_values_of_any_kind():
    cache = LRUCache(9)
    values = [None, False, 0, "", [], float("nan"), NotImplemented]
    for number, value in enumerate(values):
        cache.put(number, value)
    for number, value in enumerate(values):
        assert cache.get(number, "default") is value
    assert cache.keys() == list(range(len(values)))


def test_none_is_a_value():
    cache = LRUCache(2)
    cache.put("a", None)
    assert cache.get("a", "default") is None
    cache.put("b", 1)
    assert cache.get("a", "default") is None
    assert cache.put("c", 1) == ("b", 1)
    assert cache.put("d", 1) == ("a", None)


def test_none_is_a_key():
    cache = LRUCache(1)
    cache.put(None, 1)
    assert None in cache
    assert cache.get(None) == 1
    assert cache.put("a", 2) == (None, 1)


def test_delete():
    cache = filled(3, "abc")
    assert cache.delete("b") is True
    assert cache.delete("b") is False
    assert cache.keys() == ["a", "c"]
    assert cache.put("d", 1) is None
    assert cache.put("e", 1) == ("a", "A")
    for key in "cde":
        assert cache.delete(key) is True
    assert len(cache) == 0 and cache.keys() == []


def test_resize():
    cache = filled(4, "abcd")
    cache.get("a")
    assert cache.resize(2) == [("b", "B"), ("c", "C")]
    assert cache.capacity == 2
    assert cache.keys() == ["d", "a"]
    assert cache.put("e", 1) == ("d", "D")
    assert cache.resize(5) == []
    assert cache.put("f", 1) is None
    assert cache.resize(0) == [("a", "A"), ("e", 1), ("f", 1)]
    assert len(cache) == 0
    assert cache.put("g", 1) == ("g", 1)
    assert cache.resize(1) == []
    assert cache.put("g", 1) is None


def test_resize_below_zero_changes_nothing():
    cache = filled(2, "ab")
    with pytest.raises(ValueError):
        cache.resize(-1)
    assert cache.capacity == 2
    assert cache.keys() == ["a", "b"]


def test_equal_keys_are_the_same_key():
    cache = LRUCache(2)
    cache.put(1, "int")
    assert cache.put(1.0, "float") is None
    assert len(cache) == 1
    assert cache.get(True) == "float"
    assert cache.delete(1.0) is True
    cache.put(Key(1), "x")
    assert cache.get(Key(1)) == "x"


@pytest.mark.parametrize("capacity", [0, 1, 2])
def test_keys_without_a_hash(capacity):
    cache = LRUCache(capacity)
    for _ in range(2):
        before = cache.keys()
        for use in (lambda: cache.put([], 1), lambda: cache.get([]), lambda: cache.delete([]), lambda: [] in cache):
            with pytest.raises(TypeError):
                use()
            assert cache.keys() == before
            assert len(cache) == len(before)
        cache.put("a", 1)


def test_values_that_left_are_not_kept():
    class Value:
        pass

    def put(key):
        value = Value()
        seen.append(weakref.ref(value))
        cache.put(key, value)

    seen = []
    cache = LRUCache(2)
    put("a")
    put("a")  # replaced
    put("b")
    put("c")  # evicted
    cache.delete("b")
    put("d")
    cache.resize(1)
    gc.collect()
    assert [ref() is None for ref in seen] == [True, True, True, True, False]


def test_caches_are_independent():
    first, second = filled(2, "ab"), filled(2, "bc")
    first.delete("b")
    first.resize(7)
    assert second.keys() == ["b", "c"] and second.capacity == 2


def test_few_comparisons():
    n = 1000
    cache = LRUCache(n)
    for number in range(n):
        cache.put(Key(number), number)
    for number in (0, n - 1, n // 2, 0):
        key = Key(number)
        Key.compared = 0
        assert cache.get(key) == number
        assert Key.compared <= 100
    key = Key(-5)
    Key.compared = 0
    assert cache.get(key) is None
    assert Key.compared <= 100


def test_against_a_simple_model():
    chance = random.Random(1)
    cache, model, capacity = LRUCache(4), [], 4
    for _ in range(4000):
        key, what = chance.randrange(8), chance.random()
        at = next((i for i, entry in enumerate(model) if entry[0] == key), None)
        if what < 0.4:
            value = chance.choice([None, key, "x"])
            if at is not None:
                del model[at]
            model.append((key, value))
            assert cache.put(key, value) == (model.pop(0) if len(model) > capacity else None)
        elif what < 0.75:
            if at is not None:
                model.append(model.pop(at))
            assert cache.get(key, "default") == ("default" if at is None else model[-1][1])
        elif what < 0.85:
            assert (key in cache) is (at is not None)
        elif what < 0.95:
            if at is not None:
                del model[at]
            assert cache.delete(key) is (at is not None)
        else:
            capacity = chance.randrange(7)
            gone = max(0, len(model) - capacity)
            assert cache.resize(capacity) == model[:gone]
            del model[:gone]
        assert cache.keys() == [entry[0] for entry in model]
        assert len(cache) == len(model)
        assert cache.capacity == capacity
