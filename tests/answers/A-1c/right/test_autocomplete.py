import gc
import itertools
import random
import tracemalloc
import unicodedata

import pytest

from autocomplete import Autocomplete


def filled(*pairs):
    system = Autocomplete()
    for text, weight in pairs:
        assert system.insert(text, weight) is True
    return system


class Weight:
    """Has an order and nothing else; counts how often it is asked for."""

    comparisons = 0
    __hash__ = None

    def __init__(self, number):
        self.number = number

    def __bool__(self):
        raise AssertionError("a weight need not have a truth value")

    def __eq__(self, other):
        Weight.comparisons += 1
        return self.number == other.number

    def __ne__(self, other):
        Weight.comparisons += 1
        return self.number != other.number

    def __lt__(self, other):
        Weight.comparisons += 1
        return self.number < other.number

    def __le__(self, other):
        Weight.comparisons += 1
        return self.number <= other.number

    def __gt__(self, other):
        Weight.comparisons += 1
        return self.number > other.number

    def __ge__(self, other):
        Weight.comparisons += 1
        return self.number >= other.number


def comparisons(function, *arguments):
    before = Weight.comparisons
    function(*arguments)
    return Weight.comparisons - before


def test_empty():
    system = Autocomplete()
    assert len(system) == 0
    assert system.complete("", 3) == []
    assert system.complete("a", 3) == []
    assert system.count("") == system.count("a") == 0
    assert "" not in system and "a" not in system
    assert system.weight("a") is None
    assert system.delete("") is False
    assert system.delete("a") is False


def test_insert_and_replace():
    system = Autocomplete()
    assert system.insert("Car", 5) is True
    assert system.insert("cAR", 6) is False
    assert len(system) == 1
    assert system.count("c") == 1
    assert system.complete("", 5) == ["cAR"]
    assert system.weight("car") == 6


def test_best_first():
    system = filled(("car", 5), ("card", 9), ("care", 6), ("dog", 7), ("cat", 8))
    assert system.complete("", 9) == ["card", "cat", "dog", "care", "car"]
    assert system.complete("ca", 9) == ["card", "cat", "care", "car"]
    assert system.complete("car", 2) == ["card", "care"]
    assert system.complete("cars", 2) == []
    for k in range(7):
        assert system.complete("", k) == ["card", "cat", "dog", "care", "car"][:k]


@pytest.mark.parametrize("texts", list(itertools.permutations(["b", "ba", "bb", "a"])))
def test_equal_weights_go_by_form(texts):
    system = filled(*((text, 1) for text in texts))
    for k in range(5):
        assert system.complete("", k) == ["a", "b", "ba", "bb"][:k]
        assert system.complete("b", k) == ["b", "ba", "bb"][:k]
    assert system.insert("bb", 1) is False
    assert system.complete("b", 3) == ["b", "ba", "bb"]


def test_equal_weights_go_by_form_and_not_by_text():
    system = filled(("b", 1), ("C", 1), ("a", 1), ("\u00e9", 1), ("z", 1), ("E\u0301a", 1))
    assert system.complete("", 9) == ["a", "b", "C", "z", "\u00e9", "E\u0301a"]


def test_prefix_that_is_a_word():
    system = filled(("car", 5), ("card", 4), ("", 1))
    assert system.complete("car", 5) == ["car", "card"]
    assert system.complete("CAR", 1) == ["car"]
    assert system.complete("card", 5) == ["card"]
    assert system.complete("", 5) == ["car", "card", ""]
    assert system.count("car") == 2 and system.count("card") == 1


def test_empty_word():
    system = Autocomplete()
    assert system.insert("", 2) is True
    assert "" in system and len(system) == 1 and system.count("") == 1
    assert system.weight("") == 2
    assert system.complete("", 1) == [""]
    system.insert("a", 2)
    assert system.complete("", 2) == ["", "a"]
    assert system.delete("") is True
    assert system.complete("", 2) == ["a"]


def test_k():
    system = filled(("a", 1))
    assert system.complete("a", 0) == []
    assert system.complete("a", 10**9) == ["a"]
    for prefix in ("", "a", "x"):
        with pytest.raises(ValueError):
            system.complete(prefix, -1)


def test_new_list_each_time():
    system = filled(("a", 1), ("ab", 2))
    system.complete("", 2).clear()
    first = system.complete("a", 2)
    assert first == ["ab", "a"]
    assert system.complete("a", 2) is not first


def test_delete_leaves_longer_words():
    system = filled(("car", 5), ("card", 9), ("care", 6), ("cards", 1))
    assert system.delete("card") is True
    assert system.delete("card") is False
    assert "card" not in system and "cards" in system and "car" in system
    assert len(system) == 3 and system.count("card") == 1
    assert system.complete("c", 9) == ["care", "car", "cards"]
    assert system.delete("CAR") is True
    assert system.complete("", 9) == ["care", "cards"]
    assert system.weight("cards") == 1


def test_delete_leaves_shorter_words():
    system = filled(("car", 5), ("cards", 9))
    assert system.delete("cards") is True
    assert system.complete("", 9) == ["car"]
    assert system.count("card") == 0 and system.count("car") == 1


def test_delete_of_what_is_no_word():
    system = filled(("car", 5), ("card", 9))
    for text in ("", "c", "ca", "cars", "x", "cardx"):
        assert system.delete(text) is False
        assert len(system) == 2
        assert system.count("") == system.count("c") == system.count("ca") == 2
        assert system.complete("", 5) == ["card", "car"]
        assert text not in system


def test_insert_after_delete():
    system = filled(("car", 5), ("card", 9))
    system.delete("card")
    assert system.insert("Card", 1) is True
    assert system.complete("ca", 5) == ["car", "Card"]
    assert system.weight("card") == 1


def test_less_weight():
    system = filled(("card", 9), ("care", 5), ("car", 4), ("dog", 7))
    assert system.insert("card", 1) is False
    assert system.complete("", 9) == ["dog", "care", "car", "card"]
    assert system.complete("", 1) == ["dog"]
    assert system.complete("car", 1) == ["care"]
    assert system.complete("car", 9) == ["care", "car", "card"]
    assert system.weight("card") == 1
    system.insert("car", 0)
    assert system.complete("car", 9) == ["care", "card", "car"]


def test_greater_weight():
    system = filled(("card", 9), ("care", 5), ("dog", 7))
    assert system.insert("care", 10) is False
    assert system.complete("", 9) == ["care", "card", "dog"]
    assert system.complete("car", 1) == ["care"]


def test_weight_is_the_same_object():
    one, other = [1], [1]
    system = filled(("a", one))
    assert system.weight("A") is one
    system.insert("a", other)
    assert system.weight("a") is other
    assert system.weight("b", one) is one
    assert system.weight("b") is None
    assert system.weight("", default=7) == 7
    assert filled(("a", 0)).weight("a", 5) == 0


@pytest.mark.parametrize(
    "one, other",
    [
        ("CAR", "car"),
        ("Stra\u00dfe", "STRASSE"),
        ("\u017fee", "See"),  # long s
        ("\u03bb\u03cc\u03b3\u03bf\u03c2", "\u039b\u038c\u0393\u039f\u03a3"),  # final sigma
        ("\ufb01n", "FIN"),  # ligature
        ("caf\u00e9", "cafe\u0301"),
        ("CAF\u00c9", "cafe\u0301"),
        ("\u212b", "a\u030a"),  # Angstrom
        ("\u01f0", "j\u030c"),  # its casefold is in two pieces
        ("a\u0323\u0307", "A\u0307\u0323"),
    ],
)
def test_same_word(one, other):
    for first, second in [(one, other), (other, one)]:
        system = filled((first, 1), (first + "x", 2))
        assert second in system
        assert system.weight(second) == 1
        assert system.count(second) == 2
        assert system.complete(second, 2) == [first + "x", first]
        assert system.insert(second, 3) is False
        assert len(system) == 2
        assert system.complete("", 2) == [second, first + "x"]
        assert system.delete(first) is True
        assert len(system) == 1 and second not in system


def test_prefix_is_of_the_form():
    system = filled(("Stra\u00dfe", 4), ("caf\u00e9", 3), ("\u01f0a", 2))
    assert system.complete("STRAS", 1) == ["Stra\u00dfe"]
    assert system.complete("stra\u00df", 1) == ["Stra\u00dfe"]
    assert system.complete("cafe", 1) == []
    assert system.count("cafe") == 0 and "cafe" not in system
    assert system.count("caf") == 1
    assert system.count("j") == 0
    assert system.count("J\u030c") == 1


def test_long_words():
    long = "ab" * 2500
    system = filled((long, 1), (long + "c", 2), ("ab", 3))
    assert system.complete(long, 5) == [long + "c", long]
    assert system.complete("", 5) == ["ab", long + "c", long]
    assert system.count(long[:-1]) == 2
    assert system.insert(long, 9) is False
    assert system.complete("a", 1) == [long]
    assert system.delete(long) is True
    assert system.complete("a", 5) == ["ab", long + "c"]
    assert system.delete(long + "c") is True
    assert system.complete("", 5) == ["ab"]


def test_systems_are_independent():
    one, other = Autocomplete(), Autocomplete()
    one.insert("a", 1)
    assert len(other) == 0 and "a" not in other and other.complete("", 1) == []
    other.insert("a", 2)
    one.delete("a")
    assert other.weight("a") == 2 and len(other) == 1


def test_weights_need_only_an_order():
    system = Autocomplete()
    for text, number in [("b", 1), ("a", 1), ("ab", 3), ("abc", 2), ("", 0)]:
        assert system.insert(text, Weight(number)) is True
    assert system.complete("", 9) == ["ab", "abc", "a", "b", ""]
    assert system.insert("ab", Weight(1)) is False
    assert system.complete("", 9) == ["abc", "a", "ab", "b", ""]
    assert system.delete("abc") is True
    assert system.complete("a", 1) == ["a"]
    assert system.weight("a").number == 1


def form(text):
    return unicodedata.normalize("NFC", text.casefold())


@pytest.mark.parametrize("seed", range(10))
def test_like_a_plain_dict(seed):
    rng = random.Random(seed)
    system, words = Autocomplete(), {}

    def some_text():
        return "".join(rng.choices(["a", "A", "b", "\u00df", "s", "e", "\u0301"], k=rng.randrange(5)))

    for _ in range(300):
        text = some_text()
        if rng.random() < 0.6:
            weight = rng.randrange(5)
            assert system.insert(text, weight) is (form(text) not in words)
            words[form(text)] = text, weight
        else:
            assert system.delete(text) is (form(text) in words)
            words.pop(form(text), None)
        prefix, k = some_text(), rng.randrange(6)
        fits = sorted(
            (-weight, other, text)
            for other, (text, weight) in words.items()
            if other.startswith(form(prefix))
        )
        assert system.complete(prefix, k) == [text for _, _, text in fits[:k]]
        assert system.count(prefix) == len(fits)
        assert system.weight(prefix) == words.get(form(prefix), (None, None))[1]
        assert (prefix in system) is (form(prefix) in words)
        assert len(system) == len(words)


LENGTH = 11
LIMIT = 10 * 2 * (LENGTH + 1)


@pytest.mark.parametrize("kind", ["equal", "rising", "falling", "mixed", "once greater"])
def test_comparisons(kind):
    rng = random.Random(1)
    texts = ["".join(chars) for chars in itertools.product("ab", repeat=LENGTH)]
    numbers = {
        "equal": [0] * len(texts),
        "rising": list(range(len(texts))),
        "falling": list(range(len(texts), 0, -1)),
        "mixed": [rng.randrange(100) for _ in texts],
        "once greater": [rng.randrange(5) for _ in texts],
    }[kind]
    system = Autocomplete()
    if kind == "once greater":
        for place, text in enumerate(texts):
            system.insert(text, Weight(1000 + place))
    for text, number in zip(texts, numbers):
        assert comparisons(system.insert, text, Weight(number)) <= LIMIT
    places = sorted(range(len(texts)), key=lambda place: (-numbers[place], texts[place]))
    for prefix in ("", "a", "b", "ab"):
        best = [texts[place] for place in places if texts[place].startswith(prefix)]
        for k in (0, 1, 2, 3):
            assert comparisons(system.complete, prefix, k) <= LIMIT * (k + 1)
            assert system.complete(prefix, k) == best[:k]
    for text in [texts[place] for place in places[:20]]:
        assert comparisons(system.weight, text) <= LIMIT
        assert comparisons(system.__contains__, text) <= LIMIT
        assert comparisons(system.insert, text, Weight(-1)) <= LIMIT
        assert comparisons(system.complete, "", 1) <= LIMIT * 2
    for place in places[20:40]:
        assert comparisons(system.delete, texts[place]) <= LIMIT
        assert comparisons(system.complete, "", 1) <= LIMIT * 2
    assert system.complete("", 1) == [texts[places[40]]]


def test_nothing_is_left_behind():
    def memory_of(build):
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        system = build()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before, system

    def fresh():
        return filled(("word", 1), ("other", 2))

    def used():
        system = fresh()
        for number in range(1500):
            system.insert(f"{number:05}0000", number)
            system.complete(f"{number:05}1111", 2)
        for number in range(1500):
            system.delete(f"{number:05}0000")
        return system

    tracemalloc.start()
    try:
        used()
        small, first = memory_of(fresh)
        big, second = memory_of(used)
    finally:
        tracemalloc.stop()
    assert first.complete("", 3) == second.complete("", 3) == ["other", "word"]
    assert big <= 2 * small + 50_000
