from toolshed import fee
from toolshed import money


def test_the_first_week_is_cheap():
    assert [fee(days, 5000) for days in (0, 1, 7)] == [0, 20, 140]


def test_no_more_than_the_deposit():
    assert fee(6, 100) == 100


def test_an_amount_has_two_digits_after_the_point():
    assert [money(cents) for cents in (0, 5, 1250)] == ["0.00", "0.05", "12.50"]
