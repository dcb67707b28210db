"""The five fields: what is good, how it is stored, and the reasons."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from runpy import run_path
from typing import Any

import pytest

_model = run_path(str(Path(__file__).with_name("pipeline_model.py")))
Desk, Made, rows = (_model[name] for name in ("Desk", "Made", "rows"))
FIELDS = _model["FIELDS"]


@pytest.fixture
def desk(code: Any, clean: Any, shell: Any) -> Any:
    return Desk(code, clean, shell)


def decide(desk: Any, rng: Random, field: str, cases: dict[str, Any]) -> None:
    """One record a text; a value of None says that it is bad."""
    at = FIELDS.index(field)
    order = list(cases.items())
    rng.shuffle(order)
    records, made, position = [], Made(b"", [], []), 2
    for text, value in order:
        record: list[str] = [f"S{position}", "2024-03-01", "Graz", "1", "2"]
        record[at] = text
        records.append(record)
        stored: list[Any] = [f"S{position}", "2024-03-01", "Graz", 1, 200]
        stored[at] = value
        if value is None:
            made.quarantine.append((position, f"bad_{field}"))
        else:
            made.sales.append((position, *stored))
        position += 1 + text.count("\n")
    made.data = rows(*records)
    assert tuple(desk.load("cases.csv", made.data)) == ("loaded", *made.counts)
    desk.holds(cases_csv=made)


WHOLE_BAD = (
    "1,00 1,0000 1,000,00 1000,000 1,,000 ,100 1, 1.000 1'000 1_000 1e3 0x1F +1 -1 −1 "
    "\u0663 \uff13 \u00b2 \u00bd one 1.0 1. 1/2 1;2 1/000 0001,234 NaN inf"
).split()
WHOLE_BAD += ["1 000", "1\u00a0000", "1\n2", "9" * 30, "9" * 5000]


def test_quantities(desk: Any, rng: Random) -> None:
    good = {"1": 1, "007": 7, "10000": 10_000, "10,000": 10_000, "\t3\u00a0": 3}
    good |= {"0000000012": 12, "001,234": 1234, "000,000,001": 1, "9,999": 9999}
    for number in rng.sample(range(1, 10_000), 10):
        good |= {f"{number}": number, f"{number:,}": number}
    bad = ["0", "000", "10001", "10,001", "0,000", *WHOLE_BAD]
    decide(desk, rng, "quantity", good | dict.fromkeys(bad))


def test_prices(desk: Any, rng: Random) -> None:
    good = {"0": 0, "0.0": 0, "0.00": 0, "0.01": 1, "0.1": 10, "007.30": 730}
    good |= {"100000": 10_000_000, "100,000.00": 10_000_000, "99,999.99": 9_999_999}
    good |= {" 5 ": 500, "19.99": 1999, "1.15": 115, "1,234.5": 123_450, "1,000": 10**5}
    for cents in rng.sample(range(100, 10_000_000), 40):
        good[f"{cents // 100:,}.{cents % 100:02d}"] = cents
    bad = "12,50 1.234,50 1,23 1,234.567 1.234 .5 5. 5.- 1..5 1.5.0 1.2e1 100000.01 "
    bad += "100,000.1 -0 -0.01 +5 5€ $5 1.٣ 1.0,0 1234,567.00 1,00.00 5.1,0 5,1.0 0.001"
    others = [text for text in WHOLE_BAD if text != "1.0"]
    decide(desk, rng, "price", good | dict.fromkeys([*bad.split(), "1. 5", *others]))


def test_days(desk: Any, rng: Random) -> None:
    good = {"2000-02-29": "2000-02-29", "29.02.2024": "2024-02-29"}
    good |= {"2000-01-01": "2000-01-01", "31.12.2099": "2099-12-31"}
    good |= {"03.04.2024": "2024-04-03", " 2024-12-31\t": "2024-12-31"}
    for ordinal in rng.sample(range(730_120, 766_644), 20):
        day = date.fromordinal(ordinal)
        good |= {f"{day}": f"{day}", f"{day:%d.%m.%Y}": f"{day}"}
    bad = (
        "1999-12-31 2100-01-01 31.12.1999 01.01.2100 2023-02-29 29.02.2023 2024-00-10 "
        "2024-13-01 2024-01-32 00.01.2024 31.04.2024 01.13.2024 2024-3-1 1.3.2024 "
        "01.03.24 24-03-01 20240301 2024-W01-1 2024-061 2024/03/01 01/03/2024 "
        "01-03-2024 2024.03.01 2024-03-01T00:00 "
        "\u0662\u0660\u0662\u0664-\u0660\u0663-\u0660\u0661 "
        "\uff12\uff10\uff12\uff14-03-01 "
        "01.03-2024 "
        "2024-03-01- 2024-03-011 x2024-03-01 02024-03-01 today 12024-03-01 "
        "2024-03-\u0660\u0661 "
        "\u06601.03.2024 01x03x2024 001.03.2024 01.03.20240 01.03x2024 01x03.2024 "
        "2024-03-01Z"
    ).split()
    bad += ["2024 03 01", "2024-03-01\n2024-03-01", "01. 3.2024", "2024-03- 1"]
    decide(desk, rng, "day", good | dict.fromkeys(bad))


def test_ids(desk: Any, rng: Random) -> None:
    texts = ["7", "-", "a", "z", "A-b-9", "x" * 100, "\u00a0 b\t", "9z", "Z0"]
    good = {text: text.strip().upper() for text in texts}
    bad = [
        "x" * 101,
        "a b",
        "a_b",
        "\u00e4",
        "stra\u00dfe",
        "a.b",
        "\u0663",
        "\uff21",
        "a\nb",
        "a/b",
        "\u0131",
    ]
    decide(
        desk, rng, "id", good | dict.fromkeys([*bad, "a,b", "[", "@", "`", "{", ":"])
    )


def test_shops(desk: Any, rng: Random) -> None:
    good = {
        "Graz": "Graz",
        "GRAZ": "GRAZ",
        " Bad \t\u00a0 Ischl\n": "Bad Ischl",
        "Bad\u2009Aussee": "Bad Aussee",
        "e\u0301": "é",
        "\u212b": "\u00c5",
        "\ufb01": "\ufb01",
        "Ⅷ": "Ⅷ",
        "x" * 40: "x" * 40,
        "y  " * 19 + "zz": "y " * 19 + "zz",
        "o\u0308" * 40: "ö" * 40,
        "🗼" * 40: "🗼" * 40,
        "x": "x",
        "0": "0",
    }
    bad = ["x" * 41, "ö" * 41, "o\u0308" * 41, "y " * 20 + "y"]
    decide(desk, rng, "shop", good | dict.fromkeys(bad))


# Reasons


def outcome(desk: Any, *records: tuple[str, ...]) -> Any:
    """What is in quarantine of these rows."""
    desk.load("rows.csv", rows(*records))
    return desk.quarantine("rows.csv")


def test_any_field_may_be_missing(desk: Any) -> None:
    good = ["A", "2024-03-01", "Graz", "1", "2"]
    records = [
        (*good[:at], blank, *good[at + 1 :])
        for at in range(5)
        for blank in ("", " ", "\t\u00a0", "\u3000\n")
    ]
    # The last blank of each field has a line break of its own.
    lines = [2 + n + n // 4 for n in range(20)]
    assert outcome(desk, *records) == [(line, "missing") for line in lines]


def test_the_first_reason_of_the_list_is_given(desk: Any, rng: Random) -> None:
    bad = ["?", "?", "x" * 41, "?", "?"]
    good = ["A", "2024-03-01", "Graz", "1", "2"]
    first = [("A", *good[1:])]
    chains = [tuple(good[:at] + bad[at:]) for at in range(5)]
    mixed = [tuple(bad[:at] + good[at:]) for at in range(1, 5)]
    missing = [(*bad[:at], "", *bad[at + 1 :]) for at in range(5)]
    malformed = [("", *bad), ("", "?")]
    found = outcome(desk, *first, *chains, *mixed, *missing, *malformed)
    reasons = [f"bad_{name}" for name in FIELDS] + ["bad_id"] * 4
    reasons += ["missing"] * 5 + ["malformed"] * 2
    assert found == list(enumerate(reasons, 3))


def test_only_a_good_record_takes_its_id(desk: Any) -> None:
    rest = ("2024-03-01", "Graz", "1")
    found = outcome(
        desk,
        ("a", *rest, "bad"),
        ("A", *rest, "1"),
        (" a ", *rest, "2"),
        ("B", *rest, "2"),
        ("a", *rest, "bad"),
        ("b", *rest, "2"),
        ("A", *rest, "1"),
    )
    reasons = {2: "bad_price", 4: "duplicate", 6: "bad_price", 7: "duplicate"}
    assert found == [*(reasons | {8: "duplicate"}).items()]
    assert [row[:2] + row[-1:] for row in desk.sales("rows.csv")] == [
        (3, "A", 100),
        (5, "B", 200),
    ]
