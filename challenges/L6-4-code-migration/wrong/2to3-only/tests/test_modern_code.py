import modern_code as m


def test_numbers():
    assert m.kilos(1250) == 1.2 or m.kilos(1250) == 1.3
    assert m.digits("a1") is not None
    assert m.per_unit(8, 2) == 4
