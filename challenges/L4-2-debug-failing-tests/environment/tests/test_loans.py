from datetime import date

from toolshed import Loan
from toolshed import Opening
from toolshed import days_late
from toolshed import due
from toolshed import overdue


def test_due_after_so_many_days():
    loan = Loan("drill", "Ana", date(2024, 5, 2), 14, 2500)
    assert due(loan, Opening()) == date(2024, 5, 16)


def test_due_on_the_day_after_sunday():
    loan = Loan("saw", "Ana", date(2024, 5, 5), 14, 800)
    assert due(loan, Opening()) == date(2024, 5, 20)


def test_due_after_the_winter_break():
    opening = Opening()
    opening.close(date(2024, 12, 23), date(2024, 12, 28))
    loan = Loan("saw", "Jan", date(2024, 12, 10), 14, 800)
    assert due(loan, opening) == date(2024, 12, 30)


def test_days_late_counts_every_day():
    loan = Loan("drill", "Ana", date(2024, 5, 2), 14, 2500)
    late = [days_late(loan, date(2024, 5, day), Opening()) for day in (2, 16, 17, 20)]
    assert late == [0, 0, 1, 4]


def test_overdue_has_the_earliest_first():
    saw = Loan("saw", "Ana", date(2024, 5, 7), 7, 800)
    drill = Loan("drill", "Jan", date(2024, 5, 1), 8, 2500)
    plane = Loan("plane", "Eva", date(2024, 5, 18), 7, 1500)
    assert overdue([saw, drill, plane], date(2024, 5, 21), Opening()) == [drill, saw]
