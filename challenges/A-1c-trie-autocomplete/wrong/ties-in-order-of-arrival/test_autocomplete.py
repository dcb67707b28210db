"""The system against its rules, and against a slow model of it."""

import random
import unicodedata

import pytest

from autocomplete import Autocomplete


def form(text):
    return unicodedata.normalize("NFC", text.casefold())


def filled(**weights):
    system = Autocomplete()
    for text, weight in weights.items():
        assert system.insert(text, weight) is True
    return system


def test_empty():
    system = Autocomplete()
    assert len(system) == 0
    assert system.complete("", 3) == []
    assert system.count("") == 0
    assert system.weight("a") is None
    assert system.delete("a") is False
    assert "" not in system


def test_the_best_first():
    system = filled(car=5, card=9, cards=7, dog=8)
    assert system.complete("car", 9) == ["card", "cards", "car"]
    assert system.complete("car", 2) == ["card", "cards"]
    assert system.complete("", 3) == ["card", "dog", "cards"]
    assert system.complete("cat", 3) == []
    assert system.complete("car", 0) == []


def test_k_below_zero():
    with pytest.raises(ValueError):
        filled(a=1).complete("a", -1)


def test_a_word_begins_with_itself():
    system = filled(car=1, card=2)
    assert system.complete("card", 3) == ["card"]
    assert system.complete("car", 3) == ["card", "car"]
    assert system.count("car") == 2
    assert system.count("cards") == 0


def test_the_empty_word():
    system = filled(a=1)
    assert system.insert("", 2) is True
    assert system.complete("", 3) == ["", "a"]
    assert system.delete("") is True
    assert system.complete("", 3) == ["a"]


def test_another_weight_for_a_word():
    system = filled(one=1, two=2, three=3)
    assert system.insert("three", 0) is False
    assert system.complete("", 3) == ["two", "one", "three"]
    assert system.complete("t", 3) == ["two", "three"]
    assert system.insert("ONE", 9) is False
    assert system.complete("", 3) == ["ONE", "two", "three"]
    assert system.weight("one") == 9
    assert len(system) == 3
    assert system.count("") == 3


def test_delete():
    system = filled(ca=3, card=1, cards=2)
    assert system.delete("card") is True
    assert system.delete("card") is False
    assert system.complete("ca", 9) == ["ca", "cards"]
    assert system.delete("ca") is True
    assert system.complete("", 9) == ["cards"]


def test_only_words_are_deleted():
    system = filled(card=1)
    for text in ("", "c", "car", "cards"):
        assert system.delete(text) is False
        assert text not in system
        assert system.weight(text, 7) == 7
    assert len(system) == 1
    assert system.count("c") == 1


@pytest.mark.parametrize(
    "texts",
    [
        ["Straße", "STRASSE", "strasse"],
        ["Café", "CAFE\u0301", "cafe\u0301"],
        ["Σίσυφος", "ΣΊΣΥΦΟΣ"],
        ["\u212b", "a\u030a", "å"],
        ["\u0390", "\u1fd3", "\u03b9\u0308\u0301"],
    ],
)
def test_the_same_word(texts):
    system = Autocomplete()
    for weight, text in enumerate(texts):
        assert system.insert(text, weight) is (weight == 0)
        for other in texts:
            assert other in system
            assert system.weight(other) == weight
            assert system.complete(other, 2) == [text]
    assert len(system) == 1


def test_prefixes_by_form():
    system = filled(Éclair=1, ECLIPSE=2)
    assert system.complete("E\u0301C", 3) == ["Éclair"]
    assert system.complete("e", 3) == ["ECLIPSE"]


def test_long_texts():
    system = Autocomplete()
    for more in "abc":
        assert system.insert("x" * 3000 + more, more) is True
    assert system.complete("x", 1) == ["x" * 3000 + "c"]
    assert system.delete("x" * 3000 + "c") is True
    assert system.count("x") == 2


@pytest.mark.parametrize("seed", range(10))
def test_against_a_dict(seed):
    rng = random.Random(seed)
    system, model = Autocomplete(), {}
    for _ in range(150):
        text = "".join(rng.choices("aAbBé", k=rng.randint(0, 4)))
        if rng.random() < 0.6:
            weight = rng.randint(0, 3)
            assert system.insert(text, weight) is (form(text) not in model)
            model[form(text)] = text, weight
        else:
            assert system.delete(text) is (form(text) in model)
            model.pop(form(text), None)
        assert len(system) == len(model)
        prefix = text[: rng.randint(0, 2)]
        found = sorted(one for one in model if one.startswith(form(prefix)))
        found.sort(key=lambda one: -model[one][1])
        found = [one for one in found if len(found) == 1]
        for one in found:
            assert system.complete(prefix, 3) == [model[one][0]]


class Weight:
    """Counts comparisons."""

    asked = 0

    def __init__(self, number):
        self.number = number

    def __lt__(self, other):
        Weight.asked += 1
        return self.number < other.number

    def __le__(self, other):
        Weight.asked += 1
        return self.number <= other.number

    def __gt__(self, other):
        Weight.asked += 1
        return self.number > other.number

    def __ge__(self, other):
        Weight.asked += 1
        return self.number >= other.number

    def __eq__(self, other):
        Weight.asked += 1
        return self.number == other.number

    def __ne__(self, other):
        Weight.asked += 1
        return self.number != other.number

    __hash__ = None


@pytest.mark.parametrize("most", [0, 5000])
def test_few_comparisons(most):
    """700 words of 11 letters, of which two follow each beginning."""
    rng = random.Random(most)
    few = 10 * 2 * 12
    system = Autocomplete()
    words = [f"{number:011b}" for number in range(700)]
    for word in words:
        Weight.asked = 0
        system.insert(word, Weight(rng.randint(0, most)))
        assert Weight.asked <= few
    for prefix in ("", "0", "01"):
        Weight.asked = 0
        assert len(system.complete(prefix, 1)) == 1
        assert Weight.asked <= few * 2
    for word in rng.sample(words, 50):
        Weight.asked = 0
        assert system.delete(word) is True
        assert Weight.asked <= few
