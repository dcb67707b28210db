from datetime import date

import pytest

from toolshed import LedgerError
from toolshed import Loan
from toolshed import parse
from toolshed import render

DAY = date(2024, 5, 2)


def test_a_line_is_a_loan():
    text = "drill|Ana|2024-05-02|14|2500\n\nsaw|Jan|2024-05-03|7|0"
    saw = Loan("saw", "Jan", date(2024, 5, 3), 7, 0)
    assert parse(text) == [Loan("drill", "Ana", DAY, 14, 2500), saw]


def test_a_loan_is_a_line():
    loans = [Loan("saw|plane", "Ana", DAY, 14, 2500)]
    assert render(loans) == "saw\\pplane|Ana|2024-05-02|14|2500\n"
    assert parse(render(loans)) == loans


def test_a_name_with_backslashes():
    loans = [Loan("manual C:\\new\\parts", "Ana\nJan", DAY, 14, 0)]
    assert parse(render(loans)) == loans


@pytest.mark.parametrize(
    "line",
    [
        "drill|Ana|2024-05-02|14",
        "drill|Ana|2024-02-30|14|2500",
        "drill|Ana|2024-05-02|0|2500",
        "drill|Ana|2024-05-02|14|25.00",
        "dr\\ill|Ana|2024-05-02|14|2500",
    ],
)
def test_a_line_that_is_no_loan(line):
    with pytest.raises(LedgerError, match="^line 3: "):
        parse(f"saw|Jan|2024-05-03|7|0\n\n{line}\n")
