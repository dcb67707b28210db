"""TTLs, uses and eviction, at their edges and in random sessions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("cache_model.py"))))

each = pytest.mark.parametrize("policy", model.POLICIES)


@each
def test_an_entry_is_there_until_exactly_its_end(
    code: Any, rng: Random, policy: str
) -> None:
    begin, ttl = rng.randrange(10**20), rng.randint(2, 10**15)
    pair = model.Pair(code, 3, ttl, policy).at(begin)
    pair.put("a", 1)
    pair.put("b", 2, Fraction(1, 3))
    for after in (0, Fraction(1, 3), ttl - Fraction(1, 10**9), ttl, ttl + 1):
        pair.at(begin + after).check("ab")
        pair.get("a")
        pair.get("b")


@each
def test_finding_an_entry_does_not_make_it_live_longer(code: Any, policy: str) -> None:
    pair = model.Pair(code, 3, 10, policy)
    pair.put("a", 1)
    pair.at(9).get("a")
    pair.load("a")
    pair.at(10).check("a")
    pair.load("a")
    pair.at(19).load("a", 50)
    pair.at(20).check("a")


@each
def test_a_put_gives_a_new_end(code: Any, policy: str) -> None:
    pair = model.Pair(code, 3, 10, policy)
    for now, ttl in ((0, []), (9, []), (10, [100]), (11, [2]), (12, [])):
        pair.at(now).put("a", now, *ttl)
    for now in (13, 21, 22):
        pair.at(now).get("a")
    pair.put("b", 1, 5)
    pair.at(24).put("b", 2)
    pair.at(27).check("b")


@each
def test_an_entry_without_ttl_stays(code: Any, policy: str) -> None:
    pair = model.Pair(code, 3, None, policy)
    pair.put("a", 1)
    pair.put("b", 2, 5)
    pair.put("c", 3, 5)
    pair.put("c", 4)
    pair.load("d")
    for now in (4, 5, 10**30):
        pair.at(now).check("abcd")
    pair.put("a", 5, 7)
    pair.at(10**30 + 7).check("abcd")


@each
def test_any_value_is_one(code: Any, policy: str) -> None:
    pair = model.Pair(code, 9, 10, policy)
    for number, value in enumerate([None, False, 0, "", [], {"a": (1, None)}, b""]):
        pair.put(number, value)
        assert same(pair.cache.get(number, 5), value)
        assert same(pair.cache.get_or_load(number, pair.code.callback(len)), value)


def test_the_default_is_none(code: Any) -> None:
    pair = model.Pair(code)
    assert pair.cache.get("a") is None
    assert pair.cache.get("a", default=7) == 7
    pair.check("a")


def test_a_value_is_the_object_itself(code: Any) -> None:
    pair = model.Pair(code)
    value = code.make([1])
    pair.cache.put("a", value)
    value.append(2)
    assert same(pair.cache.get("a"), [1, 2])


def test_lru_is_the_policy_unless_given(code: Any) -> None:
    pair = model.Pair(code)
    pair.cache = code.new("cache:Cache", 3, 10, pair.clock)
    for key in "aab":
        pair.put(key)
    pair.get("a")
    for key in "bcdb":
        pair.put(key)
    pair.check("abcd")


@each
def test_only_put_and_find_are_uses(code: Any, policy: str) -> None:
    pair = model.Pair(code, 3, 10, policy)
    for key in "abc":
        pair.put(key)
    for _ in range(3):
        pair.check("ab")
        pair.get("nothing")
        pair.delete("nothing")
    pair.put("d")
    pair.check("abcd")


@pytest.mark.parametrize("use", ["get", "load", "put"])
@each
def test_each_way_of_use_counts(code: Any, policy: str, use: str) -> None:
    pair = model.Pair(code, 3, 10, policy)
    for key in "abc":
        pair.put(key)
    getattr(pair, use)("a")
    for key in "de":
        pair.put(key)
        pair.check("abcde")


def test_lfu_evicts_the_fewest_uses_and_then_the_oldest(code: Any) -> None:
    pair = model.Pair(code, 4, 10, "lfu")
    for key in "aabbbccd":
        pair.put(key)
    for key in "efg":  # d, then each newcomer
        pair.put(key)
        pair.check("abcdefg")
    pair.get("g")
    pair.put("h")  # a, c and g have two uses, a is the oldest
    pair.check("abcdefgh")
    for _ in range(4):
        pair.get("h")
    pair.put("i")
    pair.check("abcdefghi")


def test_lfu_ties_go_by_the_last_use(code: Any) -> None:
    pair = model.Pair(code, 3, 10, "lfu")
    for key in "abccba":
        pair.put(key)
    for key in "def":
        pair.put(key)
        pair.get(key)
        pair.check("abcdef")


@each
def test_uses_are_forgotten_with_the_entry(code: Any, policy: str) -> None:
    pair = model.Pair(code, 2, 10, policy)
    for _ in range(5):
        pair.put("a")
    pair.delete("a")
    pair.put("a")
    pair.put("b")
    pair.get("b")
    pair.put("c")
    pair.check("abc")
    pair.at(7).load("b")
    pair.at(10).check("abc")
    pair.put("b")
    pair.put("c")
    pair.get("c")
    pair.put("d")
    pair.check("abcd")


@each
def test_what_has_expired_makes_room(code: Any, policy: str) -> None:
    pair = model.Pair(code, 3, 10, policy)
    pair.put("a")
    pair.put("b", 1, 5)
    pair.put("c")
    for _ in range(4):
        pair.get("b")
    pair.at(4).put("d")
    pair.check("abcd")
    pair.put("b", 1, 1)
    for _ in range(4):
        pair.get("b")
    pair.at(5).put("e")
    pair.check("abcde")


@each
def test_a_put_of_what_is_there_evicts_nothing(code: Any, policy: str) -> None:
    pair = model.Pair(code, 2, 10, policy)
    for key in "abab":
        pair.put(key)
        pair.check("ab")


@each
def test_a_capacity_of_one(code: Any, policy: str) -> None:
    pair = model.Pair(code, 1, 10, policy)
    for key in "aab":
        pair.put(key)
        pair.load("c")
        pair.check("abc")


@each
def test_delete_says_whether_there_was_an_entry(code: Any, policy: str) -> None:
    pair = model.Pair(code, 3, 10, policy)
    pair.put("a")
    pair.put("b", 1, 5)
    for key in "aab":
        pair.at(5).delete(key)
        pair.check("ab")


@each
def test_sessions_in_whole_numbers(code: Any, rng: Random, policy: str) -> None:
    ttl = rng.choice([None, rng.randint(3, 9), 50])
    model.play(rng, model.Pair(code, rng.randint(2, 4), ttl, policy), 1, 90)
    model.play(rng, model.Pair(code, 3, 9, policy), 1, 90)


@each
def test_sessions_in_fractions(code: Any, rng: Random, policy: str) -> None:
    unit = Fraction(1, rng.choice([3, 7, 11]))
    model.play(rng, model.Pair(code, 3, unit * 9, policy), unit, 60)


def test_bad_arguments_are_value_errors(code: Any) -> None:
    clock = code.clock()
    for arguments in (
        (0, 1, clock),
        (-1, 1, clock, "lfu"),
        (1, 0, clock),
        (1, Fraction(-1, 2), clock),
        (1, 1, clock, "fifo"),
        (1, 1, clock, ""),
    ):
        with code.raises("ValueError"):
            model.open_cache(code, *arguments)


@each
def test_a_bad_ttl_is_a_value_error(code: Any, policy: str) -> None:
    pair = model.Pair(code, 1, 10, policy)
    pair.put("a", 1)
    never = code.callback(lambda key: pytest.fail("loaded"))
    for ttl in (0, -1):
        for key in "ab":
            with code.raises("ValueError"):
                pair.cache.put(key, 2, ttl)
            with code.raises("ValueError"):
                pair.cache.get_or_load(key, never, ttl=ttl)
    assert pair.get("a") == 1
