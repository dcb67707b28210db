from datetime import date

from toolshed import Bill
from toolshed import Loan
from toolshed import Opening
from toolshed import bills

TODAY = date(2024, 5, 21)


def test_the_largest_bill_comes_first():
    loans = [
        Loan("drill", "Ana", date(2024, 5, 2), 14, 2500),
        Loan("ladder", "Jan", date(2024, 5, 1), 14, 4000),
        Loan("plane", "Eva", date(2024, 5, 18), 7, 1500),
    ]
    expected = [Bill("Jan", ("ladder",), 120), Bill("Ana", ("drill",), 100)]
    assert bills(loans, TODAY, Opening()) == expected


def test_one_bill_for_a_member():
    loans = [
        Loan("drill", "Ana", date(2024, 5, 2), 14, 2500),
        Loan("ladder", "Jan", date(2024, 5, 3), 14, 4000),
        Loan("saw", "Ana", date(2024, 5, 4), 14, 800),
    ]
    expected = [Bill("Ana", ("drill", "saw"), 160), Bill("Jan", ("ladder",), 80)]
    assert bills(loans, TODAY, Opening()) == expected
