"""The cache has what it must have."""

import pytest

from lru_cache import LRUCache


def test_the_operations_are_there():
    for name in ("put", "get", "delete", "keys", "resize"):
        assert callable(getattr(LRUCache, name))


def test_put_and_get():
    cache = LRUCache(3)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b") is None
    assert len(cache) == 1
    assert cache.keys() == ["a"]


def test_eviction():
    cache = LRUCache(2)
    for number in range(5):
        cache.put(number, number)
    assert len(cache) == 2


def test_capacity():
    assert LRUCache(7).capacity == 7
    with pytest.raises(ValueError):
        LRUCache(-1)
