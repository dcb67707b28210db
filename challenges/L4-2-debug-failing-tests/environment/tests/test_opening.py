from datetime import date

import pytest

from toolshed import Opening


def test_sundays_are_rest_days():
    opening = Opening()
    assert opening.is_open(date(2024, 5, 18))
    assert not opening.is_open(date(2024, 5, 19))
    assert opening.next_open(date(2024, 5, 19)) == date(2024, 5, 20)


def test_other_rest_days():
    opening = Opening(rest_days=[0, 1])
    assert opening.next_open(date(2024, 5, 20)) == date(2024, 5, 22)
    assert opening.next_open(date(2024, 5, 19)) == date(2024, 5, 19)


def test_a_closure_has_both_its_ends():
    opening = Opening()
    opening.close(date(2024, 5, 7), date(2024, 5, 9))
    days = [date(2024, 5, day) for day in (6, 7, 9, 10)]
    assert [opening.is_open(day) for day in days] == [True, False, False, True]
    assert opening.next_open(date(2024, 5, 7)) == date(2024, 5, 10)


def test_a_closure_that_ends_too_early():
    with pytest.raises(ValueError):
        Opening().close(date(2024, 5, 9), date(2024, 5, 8))
