"""The rules one by one, and random acts against the model."""

# The letters that look like others are meant.
# ruff: noqa: RUF001

from __future__ import annotations

from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import same

model = SimpleNamespace(**run_path(str(Path(__file__).with_name("words_model.py"))))


def new(code: Any, weights: dict[str, Any] | None = None) -> Any:
    """A system of these words, inserted in this order."""
    system = code.new("autocomplete:Autocomplete")
    for text, weight in (weights or {}).items():
        assert system.insert(text, weight) is True
    return system


def check_act(system: Any, expected: Any, act: str, given: list[Any]) -> None:
    """One call on both; the answers must be the same."""
    if act == "in":
        assert (given[0] in system) is (given[0] in expected), given
    else:
        found = getattr(system, act)(*given)
        assert same(found, getattr(expected, act)(*given)), (act, given)
    assert len(system) == len(expected.words)


def check_all(system: Any, expected: Any) -> None:
    """Which words there are, and their order."""
    texts = expected.complete("", 999)
    assert same(system.complete("", 999), texts)
    assert same(system.count(""), len(texts))


@pytest.mark.parametrize("kind", list(model.WEIGHTS))
def test_random_acts_against_the_model(code: Any, rng: Random, kind: str) -> None:
    for _ in range(4):
        system, expected = new(code), model.Model()
        for _ in range(120):
            check_act(system, expected, *model.some_act(rng, model.WEIGHTS[kind]))
        check_all(system, expected)


def test_random_words_of_two_letters(code: Any, rng: Random) -> None:
    system, expected = new(code), model.Model()
    for _ in range(300):
        text = "".join(rng.choices("ab", k=rng.randint(0, 5)))
        act = rng.choice(["insert", "insert", "delete", "complete", "count", "in"])
        more = {"insert": [rng.randint(0, 3)], "complete": [rng.randint(0, 9)]}
        check_act(system, expected, act, [text, *more.get(act, [])])
    check_all(system, expected)


def test_an_empty_system(code: Any) -> None:
    system = new(code)
    assert len(system) == 0
    for text in ("", "a"):
        assert same(system.complete(text, 3), [])
        assert same(system.count(text), 0)
        assert system.weight(text) is None
        assert text not in system
        assert system.delete(text) is False


def test_the_best_comes_first(code: Any, rng: Random) -> None:
    words = [f"w{number}" for number in range(30)]
    weights = rng.sample(range(1000), 30)
    system = new(code, dict(zip(words, weights, strict=True)))
    ranked = sorted(zip(weights, words, strict=True), reverse=True)
    assert same(system.complete("w", 30), [word for _, word in ranked])
    assert same(system.complete("w", 4), [word for _, word in ranked[:4]])


def test_equal_weights_are_in_the_order_of_their_forms(code: Any, rng: Random) -> None:
    words = ["", "a", "aa", "ab", "B", "ba", "b b", "z", "ß", "É", "ω", "日", "😀"]
    for weights in ([7] * 13, [1, 1.0, True] * 5):
        given = dict(zip(rng.sample(words, 13), weights, strict=False))
        system = new(code, given)
        assert same(system.complete("", 99), sorted(words, key=model.form))
        assert same(system.complete("", 5), sorted(words, key=model.form)[:5])


def test_a_form_is_less_as_text_not_by_its_length(code: Any) -> None:
    system = new(code, {"b": 1, "abc": 1, "ab": 1, "abd": 2, "aba": 1})
    assert same(system.complete("", 9), ["abd", "ab", "aba", "abc", "b"])


def test_k_says_how_many_at_most(code: Any) -> None:
    system = new(code, {"a": 1, "ab": 3, "abc": 2})
    assert same(system.complete("a", 0), [])
    assert same(system.complete("a", 1), ["ab"])
    assert same(system.complete("a", 2), ["ab", "abc"])
    assert same(system.complete("a", 3), ["ab", "abc", "a"])
    assert same(system.complete("a", 10**12), ["ab", "abc", "a"])


def test_k_may_be_large(code: Any, rng: Random) -> None:
    words = rng.sample(model.all_texts("abc", 5), 200)
    system, expected = new(code), model.Model()
    for word in words:
        check_act(system, expected, "insert", [word, rng.randint(0, 99)])
    for word in words[:60]:
        check_act(system, expected, "delete", [word])
    check_all(system, expected)
    check_act(system, expected, "complete", ["a", 40])


def test_k_below_zero_is_refused(code: Any, rng: Random) -> None:
    system = new(code, {"a": 1})
    for prefix in ("", "a", "b"):
        with code.raises("ValueError"):
            system.complete(prefix, rng.choice([-1, -5]))
        with code.raises("ValueError"):
            system.complete(prefix, -1)


def test_a_word_begins_with_itself(code: Any) -> None:
    system = new(code, {"car": 5, "card": 9, "ca": 99})
    assert same(system.complete("car", 9), ["card", "car"])
    assert same(system.complete("card", 9), ["card"])
    assert same(system.complete("cards", 9), [])
    assert same(
        [system.count(one) for one in ("c", "car", "card", "cards")], [3, 2, 1, 0]
    )


def test_the_empty_text_is_a_word(code: Any) -> None:
    system = new(code, {"a": 2})
    assert "" not in system
    assert system.delete("") is False
    assert system.insert("", 1) is True
    assert system.insert("", 3) is False
    assert "" in system
    assert same(system.weight(""), 3)
    assert same(system.complete("", 9), ["", "a"])
    assert same(system.complete("a", 9), ["a"])
    assert same(system.count(""), 2)
    assert len(system) == 2
    assert system.delete("") is True
    assert same(system.complete("", 9), ["a"])


ALIKE = [
    ["Straße", "STRASSE", "strasse", "STRA\u1e9eE"],
    ["Café", "CAFE\u0301", "cafe\u0301", "CAFÉ"],
    ["ΣΊΣΥΦΟΣ", "Σίσυφος", "σι\u0301συφοσ"],
    ["Å", "\u212b", "a\u030a", "å"],
    ["한글", "\u1112\u1161\u11ab글", "하\u11ab글"],
    ["a\u0323\u0301", "A\u0301\u0323", "á\u0323", "ạ\u0301"],
    ["ﬁx", "FIX", "fix"],
    ["\u0390", "\u1fd3", "\u03b9\u0308\u0301"],
]
"""Texts of the same form."""


@pytest.mark.parametrize("texts", ALIKE, ids=range(len(ALIKE)))
def test_texts_of_the_same_form_are_one_word(
    code: Any, rng: Random, texts: list[str]
) -> None:
    system = new(code, {"other": 9})
    texts = rng.sample(texts, len(texts))
    assert system.insert(texts[0], -1) is True
    for weight, text in enumerate(texts):
        assert system.insert(text, weight) is False
        assert len(system) == 2
        for one in texts:
            assert one in system
            assert same(system.weight(one), weight)
            assert same(system.complete(one, 2), [text])
            assert same(system.count(one + "x"), 0)
    assert system.delete(texts[0]) is True
    assert all(one not in system for one in texts)
    assert same(system.complete("", 9), ["other"])


def test_other_differences_make_other_words(code: Any) -> None:
    texts = [
        "cafe",
        "café",
        "cafè",
        " cafe",
        "cafe ",
        "ca-fe",
        "ｃａｆｅ",
        "ı",
        "i",
        "²",
        "2",
    ]
    system, expected = new(code), model.Model()
    for text in texts:
        check_act(system, expected, "insert", [text, 1])
    check_all(system, expected)
    assert same(system.complete("cafe", 9), ["cafe", "cafe "])


def test_prefixes_are_compared_by_form(code: Any) -> None:
    system = new(code, {"Éclair": 3, "ECLIPSE": 2, "Straße": 5, "\u0390x": 1})
    for prefix in ("é", "E\u0301C", "écl"):
        assert same(system.complete(prefix, 9), ["Éclair"])
        assert same(system.count(prefix), 1)
    assert same(system.complete("e", 9), ["ECLIPSE"])
    assert same(system.complete("STRAS", 9), ["Straße"])
    assert same(system.complete("straß", 9), ["Straße"])
    assert same(system.count("\u03b9"), 0)
    assert same(system.complete("\u1fd3", 9), ["\u0390x"])


def test_a_word_that_is_there_gets_text_and_weight(code: Any) -> None:
    system = new(code, {"one": 1, "TWO": 2, "three": 3})
    assert system.insert("ONE", 9) is False
    assert same(system.complete("", 9), ["ONE", "three", "TWO"])
    assert system.insert("three", 0) is False
    assert same(system.complete("", 9), ["ONE", "TWO", "three"])
    assert system.insert("two", 2) is False
    assert same(system.complete("T", 9), ["two", "three"])
    assert same(system.weight("one"), 9)
    assert same(system.count("t"), 2)
    assert len(system) == 3


def test_other_words_stay_when_one_is_deleted(code: Any, rng: Random) -> None:
    words = ["", "c", "ca", "car", "card", "cards", "care", "cat", "dog"]
    for gone in words:
        weights = dict(zip(words, rng.sample(range(99), len(words)), strict=True))
        system = new(code, weights)
        assert system.delete(gone) is True
        assert gone not in system
        left = sorted(set(words) - {gone}, key=weights.__getitem__, reverse=True)
        assert same(system.complete("", 9), left)
        assert all(same(system.weight(one), weights[one]) for one in left)
        assert len(system) == len(left)
        assert system.delete(gone) is False
        assert system.insert(gone, 100) is True
        assert same(system.complete(gone, 1), [gone])


def test_only_words_are_deleted(code: Any) -> None:
    system = new(code, {"card": 1, "carpet": 2})
    for text in ("", "c", "car", "cards", "dog"):
        assert system.delete(text) is False
        assert text not in system
        assert system.weight(text) is None
        assert len(system) == 2
        assert same(system.count(""), 2)
    assert same(system.complete("car", 9), ["carpet", "card"])


def test_weight_gives_the_default_for_no_word(code: Any) -> None:
    system = new(code, {"card": 0})
    assert same(system.weight("card", 7), 0)
    for text in ("car", "cards", ""):
        assert system.weight(text) is None
        assert same(system.weight(text, 7), 7)
        assert same(system.weight(text, default="none"), "none")


def test_weights_need_nothing_but_an_order(code: Any, rng: Random) -> None:
    counter = code.counter(1_000_000)
    system, expected = new(code), model.Model()
    for _ in range(150):
        act, given = model.some_act(rng, [*range(4)])
        if act == "insert":
            lent = code.key(given[1], counter, "eq lt le")
            assert system.insert(given[0], lent) is expected.insert(*given), given
            assert system.weight(given[0]) is lent
        elif act != "weight":
            check_act(system, expected, act, given)
    check_all(system, expected)


def test_texts_may_be_long(code: Any, rng: Random) -> None:
    start = "".join(rng.choices("abc", k=4000))
    words = {start + "x": 1, start: 3, start[:2000] + "y": 2, "d" + start: 4}
    system = new(code, words)
    assert same(
        system.complete(start[:1999], 9), [start, start[:2000] + "y", start + "x"]
    )
    assert same(system.count(start), 2)
    assert start + "xx" not in system
    assert same(system.weight("D" + start), 4)
    for word in rng.sample(list(words), 4):
        assert system.delete(word) is True
    assert same(system.complete("", 9), [])


def test_asking_changes_nothing(code: Any) -> None:
    system = new(code, {"card": 1, "dog": 2})
    for text in ("", "c", "car", "cards", "x"):
        assert system.weight(text) is None
        assert text not in system
        assert system.delete(text) is False
        system.complete(text, 3)
        system.count(text)
    assert len(system) == 2
    assert same(system.complete("", 9), ["dog", "card"])
    assert same(system.count(""), 2)


def test_completions_are_a_new_list(code: Any) -> None:
    probe = code.define("def spoil(system):\n    system.complete('a', 3).clear()\n")
    system = new(code, {"ab": 1, "ac": 2})
    for _ in "ab":
        code.call(probe.spoil, system)
        assert same(system.complete("a", 3), ["ac", "ab"])


def test_systems_are_independent(code: Any, rng: Random) -> None:
    pairs = [(new(code), model.Model()) for _ in range(3)]
    for _ in range(120):
        system, expected = rng.choice(pairs)
        check_act(system, expected, *model.some_act(rng, [1, 2, 3]))
    for system, expected in pairs:
        check_all(system, expected)
