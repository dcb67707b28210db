"""The system has what it must have."""

from autocomplete import Autocomplete


def test_the_operations_are_there():
    for name in ("insert", "delete", "complete", "weight", "count"):
        assert callable(getattr(Autocomplete, name))


def test_words_are_found():
    system = Autocomplete()
    for word in ("car", "card", "dog"):
        system.insert(word, len(word))
    assert set(system.complete("c", 5)) <= {"car", "card"}
    assert "car" in system
    assert "cat" not in system


def test_deleted_words_are_gone():
    system = Autocomplete()
    system.insert("car", 1)
    assert system.delete("car")
    assert "car" not in system
    assert len(system) == 0
