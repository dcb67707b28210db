"""The rules one by one, and random acts against the model."""

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("lru_model.py"))))

KINDS: dict[str, list[Any]] = {
    "int": [*range(-2, 5)],
    "text": ["", "a", "b", "ä", "c", "日", "a "],
    "mixed": [None, 0, "0", (), (1, "x"), 2.5, frozenset({1})],
}


def new(code: Any, capacity: int, keys: str = "") -> Any:
    """A cache with these keys, put in this order; the values are their places."""
    cache = code.new("lru_cache:LRUCache", capacity)
    for place, key in enumerate(keys):
        assert cache.put(key, place) is None
    return cache


def check_act(cache: Any, expected: Any, act: str, given: list[Any]) -> None:
    """One call on both; the answers and what is left must be the same."""
    if act == "in":
        assert (given[0] in cache) is (given[0] in expected)
    else:
        found = getattr(cache, act)(*given)
        assert same(found, getattr(expected, act)(*given)), act
    assert same(cache.keys(), expected.keys()), act
    assert len(cache) == len(expected.keys()), act


@pytest.mark.parametrize("kind", list(KINDS))
def test_random_acts_against_the_model(code: Any, rng: Random, kind: str) -> None:
    for _ in range(8):
        capacity = rng.randint(0, 5)
        cache, expected = new(code, capacity), model.Model(capacity)
        for _ in range(40):
            check_act(cache, expected, *model.some_act(rng, KINDS[kind], 5))
            assert same(code.attr(cache, "capacity"), expected.capacity)


def test_keys_need_nothing_but_equality_and_a_hash(code: Any, rng: Random) -> None:
    counter = code.counter(100_000)
    for bits in (61, 1):
        capacity = rng.randint(1, 4)
        cache, expected = new(code, capacity), model.Model(capacity)
        for _ in range(60):
            act, given = model.some_act(rng, [*range(6)], 4)
            lent = given
            if act != "resize":
                key = code.key(given[0], counter, "hash eq", hash_bits=bits)
                lent = [key, *given[1:]]
            if act == "in":
                assert (lent[0] in cache) is (given[0] in expected)
            else:
                found = getattr(cache, act)(*lent)
                assert same(bare(found), getattr(expected, act)(*given)), act
            assert same(bare(cache.keys()), expected.keys()), act


def bare(x: Any) -> Any:
    """The same data with the judge's keys replaced by their values."""
    if type(x) in (list, tuple):
        return type(x)(bare(one) for one in x)
    return getattr(x, "value", x)


def test_get_is_a_use(code: Any, rng: Random) -> None:
    cache = new(code, 3, "abc")
    key = rng.choice("ab")
    assert same(cache.get(key), "abc".index(key))
    rest = "abc".replace(key, "")
    assert cache.keys() == [*rest, key]
    assert same(cache.put("d", 9), (rest[0], "abc".index(rest[0])))


def test_a_get_that_finds_nothing_is_no_use(code: Any) -> None:
    cache = new(code, 2, "ab")
    assert cache.get("c") is None
    assert same(cache.get("c", 7), 7)
    assert same(cache.get("c", default=8), 8)
    assert cache.keys() == ["a", "b"]
    assert "c" not in cache


def test_put_of_a_key_that_is_there_is_a_use_and_evicts_nothing(code: Any) -> None:
    cache = new(code, 3, "abc")
    assert cache.put("a", "new") is None
    assert cache.keys() == ["b", "c", "a"]
    assert cache.get("a") == "new"
    assert len(cache) == 3


def test_nothing_else_is_a_use(code: Any) -> None:
    cache = new(code, 3, "abc")
    assert "a" in cache
    assert "z" not in cache
    assert len(cache) == 3
    assert cache.keys() == ["a", "b", "c"]
    assert cache.delete("z") is False
    assert same(cache.resize(3), [])
    assert same(cache.put("d", 1), ("a", 0))


def test_capacity_zero_keeps_nothing(code: Any, rng: Random) -> None:
    cache = new(code, 0)
    for key in ("a", "a", "b"):
        value = rng.choice(model.VALUES)
        assert same(cache.put(key, value), (key, value))
        assert len(cache) == 0
        assert key not in cache
        assert cache.get(key, "none") == "none"
    assert cache.delete("a") is False
    assert same(cache.keys(), [])
    assert same(cache.resize(1), [])
    assert cache.put("c", 1) is None


def test_capacity_one_keeps_the_last(code: Any) -> None:
    cache = new(code, 1)
    assert cache.put("a", 1) is None
    assert cache.put("a", 2) is None
    assert same(cache.put("b", 3), ("a", 2))
    assert cache.keys() == ["b"]


def test_a_capacity_below_zero_is_refused(code: Any, rng: Random) -> None:
    for capacity in (-1, -rng.randint(2, 99)):
        with code.raises("ValueError"):
            code.new("lru_cache:LRUCache", capacity)
        cache = new(code, 3, "abc")
        with code.raises("ValueError"):
            cache.resize(capacity)
        assert cache.keys() == ["a", "b", "c"]
        assert same(code.attr(cache, "capacity"), 3)


def test_delete_makes_room(code: Any, rng: Random) -> None:
    cache = new(code, 3, "abc")
    key = rng.choice("abc")
    assert cache.delete(key) is True
    assert cache.delete(key) is False
    assert cache.get(key, "none") == "none"
    assert cache.put("d", 1) is None
    assert cache.keys() == [*"abc".replace(key, ""), "d"]
    assert cache.put(key, 1) is not None


def test_resize_evicts_what_was_used_longest_ago_first(code: Any) -> None:
    cache = new(code, 4, "abcd")
    cache.get("a")
    assert same(cache.resize(2), [("b", 1), ("c", 2)])
    assert same(code.attr(cache, "capacity"), 2)
    assert cache.keys() == ["d", "a"]
    assert same(cache.put("e", 5), ("d", 3))
    assert same(cache.resize(3), [])
    assert cache.put("f", 6) is None
    assert same(cache.resize(0), [("a", 0), ("e", 5), ("f", 6)])
    assert len(cache) == 0


def test_any_value_may_be_kept(code: Any) -> None:
    for value in model.VALUES:
        cache = new(code, 2)
        cache.put("a", value)
        assert same(cache.get("a", "none"), value)
        assert "a" in cache
        assert cache.delete("a") is True


def test_nothing_is_done_with_values(code: Any) -> None:
    nothing = code.counter(0)
    values = [code.key(place, nothing, "") for place in range(4)]
    cache = new(code, 2)
    assert cache.put("a", values[0]) is None
    assert cache.put("a", values[1]) is None
    assert cache.put("b", values[2]) is None
    assert cache.get("a") is values[1]
    assert cache.get("c", values[0]) is values[0]
    evicted = cache.put("c", values[3])
    assert evicted[0] == "b"
    assert evicted[1] is values[2]
    assert cache.resize(0)[1][1] is values[3]


@pytest.mark.parametrize(("capacity", "keys"), [(3, "abc"), (3, ""), (0, "")])
def test_what_has_no_hash_is_refused(code: Any, capacity: int, keys: str) -> None:
    cache = new(code, capacity, keys)
    for key in ([], {}, ["a"]):
        for act, more in (("put", [1]), ("get", []), ("delete", [])):
            with code.raises("TypeError"):
                getattr(cache, act)(key, *more)
        with code.raises("TypeError"):
            assert key in cache
    assert cache.keys() == list(keys)
    if keys:
        assert same(cache.get("a"), 0)


def test_equal_keys_are_one(code: Any) -> None:
    cache = new(code, 3)
    cache.put(1, "a")
    cache.put(2, "b")
    assert cache.put(1.0, "c") is None
    assert cache.keys() == [2, 1]
    assert cache.get(True) == "c"
    assert cache.delete(2.0) is True
    assert len(cache) == 1


def test_keys_are_a_new_list(code: Any) -> None:
    cache = code.new("lru_cache:LRUCache", 3)
    cache.put("a", 1)
    cache.keys().append("b")
    probe = code.define("def spoil(cache):\n    cache.keys().clear()\n")
    code.call(probe.spoil, cache)
    assert same(cache.keys(), ["a"])
    assert cache.get("a") == 1


def test_caches_are_independent(code: Any, rng: Random) -> None:
    sizes = [rng.randint(1, 5) for _ in range(3)]
    pairs = [(new(code, size), model.Model(size)) for size in sizes]
    for _ in range(60):
        cache, expected = rng.choice(pairs)
        check_act(cache, expected, *model.some_act(rng, [*"abcdef"], 5))


def test_values_that_have_left_are_let_go(code: Any) -> None:
    probe = code.define(model.PROBE)
    cache = new(code, 3)
    for name in ("a1", "b1", "c1", "a2", "d1", "e1"):
        code.call(probe.put_value, cache, name[0], name)
    for _ in range(9):
        cache.get("a")
    assert sorted(code.call(probe.held)) == ["a2", "d1", "e1"]
    cache.delete("d")
    assert sorted(code.call(probe.held)) == ["a2", "e1"]
    cache.put("a", 0)
    assert code.call(probe.held) == ["e1"]
    cache.resize(1)
    assert cache.keys() == ["a"]
    assert same(code.call(probe.held), [])
