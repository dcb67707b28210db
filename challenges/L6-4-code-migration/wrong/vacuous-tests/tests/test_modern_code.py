import inspect

import modern_code as m


def test_names():
    for name in ("parse", "average", "kilos", "ranking", "pairs", "summary"):
        assert callable(getattr(m, name))
    assert inspect.iscoroutinefunction(m.collect)


def test_reading():
    assert m.Reading("A7", 5).grams == 5
