"""Reading and writing the ledger: escapes, ends of lines, bad lines."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_overnight.grading import CodeError

_model = run_path(str(Path(__file__).with_name("shed_model.py")))
shed = SimpleNamespace(**_model)

TAKEN = date(2024, 5, 2)
ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""What ``str.splitlines`` takes for the end of a line, and is none here."""


def rows_with_names(rng: Random, count: int) -> list[shed.Row]:
    return [
        (
            shed.random_name(rng),
            shed.random_name(rng),
            shed.random_day(rng),
            rng.choice([1, 9, 10, 99, 100, 999]),
            rng.choice([0, 7, 10, 999_999]),
        )
        for _ in range(count)
    ]


def parsed(code: Any, text: str) -> list[tuple[Any, ...]]:
    return shed.all_fields(code, code.call("toolshed:parse", text))


def refused(code: Any, text: str) -> str:
    with pytest.raises(CodeError) as caught:
        code.call("toolshed:parse", text)
    assert caught.value.type == "LedgerError", text
    assert caught.value.is_a("ValueError")
    return caught.value.message


def test_names_of_every_kind_are_read(code: Any, rng: Random) -> None:
    for _ in range(5):
        rows = rows_with_names(rng, 20)
        assert parsed(code, shed.text_of(rows)) == rows


def test_names_of_every_kind_are_written(code: Any, rng: Random) -> None:
    for _ in range(5):
        rows = rows_with_names(rng, 20)
        assert code.call("toolshed:render", shed.loans(code, rows)) == shed.text_of(
            rows
        )


def test_backslashes_before_letters_are_read(code: Any) -> None:
    names = ["\\n", "\\p", "\\\\n", "\\\\\\p", "\\\n", "\n\\", "|\\|", "\\", "n", "p"]
    rows: list[shed.Row] = [(name, name * 2, TAKEN, 1, 0) for name in names]
    assert parsed(code, shed.text_of(rows)) == rows


def test_no_character_stands_in_for_another(code: Any) -> None:
    # Every rare character next to an escape of each kind.
    singles = [
        *map(chr, range(32)),
        *shed.UNUSUAL,
        "\x7f",
        "\ue000",
        "\uffff",
        "\U0010ffff",
    ]
    rows: list[shed.Row] = [
        (f"{c}\\{c}n", f"\\p{c}|{c}\n\\{c}\\", TAKEN, 1, 0) for c in singles
    ]
    assert parsed(code, shed.text_of(rows)) == rows


def test_only_a_line_feed_ends_a_line(code: Any, rng: Random) -> None:
    rows: list[shed.Row] = [(f"a{c}b", f"{c}", TAKEN, 3, 7) for c in ENDS]
    rng.shuffle(rows)
    assert parsed(code, shed.text_of(rows)) == rows


def test_other_line_breaks_count_as_characters(code: Any) -> None:
    good = "saw|Jan|2024-05-03|7|0"
    for end in ENDS:
        # They are no part of a number, and a line that holds one is not empty.
        assert refused(code, f"{good}{end}\n{good}\n").startswith("line 1: ")
        assert refused(code, f"{good}\n{end}\n{good}\n").startswith("line 2: ")
        assert refused(code, f"a{end}|b|2024-05-03|7|0\n\nbad").startswith("line 3: ")


def test_the_last_line_may_lack_its_end(code: Any, rng: Random) -> None:
    rows = rows_with_names(rng, 3)
    assert parsed(code, shed.text_of(rows)[:-1]) == rows
    assert parsed(code, "\n\n" + shed.text_of(rows).replace("\n", "\n\n")) == rows


def test_an_empty_ledger(code: Any) -> None:
    assert parsed(code, "") == parsed(code, "\n\n") == []
    assert code.call("toolshed:render", []) == ""


BAD_LINES = [
    " ",
    "saw",
    "saw|Jan|2024-05-03|7",
    "saw|Jan|2024-05-03|7|0|",
    "saw|Jan|2024-05-3|7|0",
    "saw|Jan|2024-5-03|7|0",
    "saw|Jan|24-05-03|7|0",
    "saw|Jan|20240503|7|0",
    "saw|Jan|2024-W18-5|7|0",
    "saw|Jan| 2024-05-03|7|0",
    "saw|Jan|2024-05-03 |7|0",
    "saw|Jan|2023-02-29|7|0",
    "saw|Jan|2024-13-01|7|0",
    "saw|Jan|\u0662\u0660\u0662\u0664-05-03|7|0",
    "saw|Jan|2024-05-03|0|0",
    "saw|Jan|2024-05-03|07|0",
    "saw|Jan|2024-05-03|+7|0",
    "saw|Jan|2024-05-03|1000|0",
    "saw|Jan|2024-05-03||0",
    "saw|Jan|2024-05-03|\u0667|0",
    "saw|Jan|2024-05-03|7|",
    "saw|Jan|2024-05-03|7|00",
    "saw|Jan|2024-05-03|7|-1",
    "saw|Jan|2024-05-03|7|1.5",
    "saw|Jan|2024-05-03|7|1_0",
    "saw|Jan|2024-05-03|7|1000000",
    "\\|Jan|2024-05-03|7|0",
    "s\\aw|Jan|2024-05-03|7|0",
    "saw|Jan\\|2024-05-03|7|0",
    "saw|Jan\\\\\\|2024-05-03|7|0",
    "saw|\\Nan|2024-05-03|7|0",
    "saw|\\\\\\x|2024-05-03|7|0",
]


def test_a_bad_line_is_said_with_its_number(code: Any, rng: Random) -> None:
    for bad in BAD_LINES:
        before = [shed.line_of(row) for row in rows_with_names(rng, rng.randrange(4))]
        before += ["\n"] * rng.randrange(3)
        rng.shuffle(before)
        message = refused(code, "".join(before) + bad + "\nbad, too\n")
        assert message.startswith(f"line {len(before) + 1}: "), bad
