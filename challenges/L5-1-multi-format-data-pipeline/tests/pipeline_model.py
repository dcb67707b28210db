"""Random records, their files, and what the database must hold of them.

What becomes of a record is known from how it was made; nothing here reads a number or
a date, so that the model cannot share a mistake with an answer.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from datetime import timedelta
from random import Random
from typing import Any
from xml.sax.saxutils import escape
from xml.sax.saxutils import quoteattr

from pytest_overnight.grading import same

FIELDS = ("id", "day", "shop", "quantity", "price")
SPACES = (" ", "\t", "  ", "\u00a0", "\u3000", "")
MARK = b"\xef\xbb\xbf"

# As written → as stored.
SHOPS = {
    "Graz": "Graz",
    "graz": "graz",
    "Łódź": "Łódź",
    "Lo\u0301dz\u0301": "L\u00f3d\u017a",
    "E\u0301vora": "\u00c9vora",
    "Tom & Sons <2>": "Tom & Sons <2>",
    "New  \u00a0York": "New York",
    "Bad\u2028Ischl": "Bad Ischl",
    "Bad\u0085Ischl": "Bad Ischl",
    "Nuku\n alofa": "Nuku alofa",
    'The "Arch", 2': 'The "Arch", 2',
    "東京 🗼": "東京 🗼",
    "x" * 40: "x" * 40,
}
BAD = {
    "bad_id": ["A_1", "a 1", "é1", "a/1", "Ⅷ", "x" * 101, "\uff21"],
    "bad_day": "2024-02-30 1.3.2024 2024-3-1 01/03/2024 20240301 31.04.2024".split(),
    "bad_shop": ["x" * 41, "long " * 9],
    "bad_quantity": "0 10,001 1,00 -1 3.0 two 1e3 ٣ 1_000".split(),
    "bad_price": "12,50 1.234,50 1.234 -1 1e3 .5 5. £5 ٣ 100,000.01 1_0".split(),
}
MALFORMED = ['{"id": "A"', "[]", '"A"', "17", "null", '{"id": NaN}', "{'id': 1}", "}"]
NO_OBJECT = ["[]", '"A"', "17", "null", "true", '[{"id": "A"}]']

Stored = tuple[str, str, str, int, int]


@dataclass
class Sample:
    """A record as it is written, and what becomes of it."""

    fields: dict[str, str | None]
    outcome: Stored | str
    """Stored values, or the reason."""


@dataclass
class Made:
    """A file, and what the database must hold of it."""

    data: bytes
    sales: list[tuple[Any, ...]]
    quarantine: list[tuple[int, str]]

    @property
    def counts(self) -> tuple[int, int]:
        return len(self.sales), len(self.quarantine)


# Records


def padded(rng: Random, text: str) -> str:
    return rng.choice(SPACES) + text + rng.choice(SPACES)


def written(rng: Random, whole: int) -> str:
    text = f"{whole:,}" if rng.random() < 0.5 else f"{whole}"
    return text.zfill(6) if "," not in text and rng.random() < 0.2 else text


def price_text(rng: Random, cents: int) -> str:
    whole, rest = divmod(cents, 100)
    decimals = [f".{rest:02d}"]
    if rest % 10 == 0:
        decimals.append(f".{rest // 10}")
    if rest == 0:
        decimals.append("")
    return written(rng, whole) + rng.choice(decimals)


def good(rng: Random, number: int) -> Sample:
    sale = rng.choice(["A", "b-", "Zz", "0", "x" * 96, "-"]) + f"{number:04d}"
    day = date(2000, 1, 1) + timedelta(days=rng.randrange(36_525))
    shop = rng.choice(list(SHOPS))
    quantity = rng.choice([1, 10_000, rng.randint(1, 9_999), rng.randint(1, 20)])
    cents = rng.choice([0, 10_000_000, rng.randint(1, 9_999_999), rng.randint(1, 9999)])
    fields = {
        "id": sale,
        "day": rng.choice([f"{day}", f"{day:%d.%m.%Y}"]),
        "shop": shop,
        "quantity": written(rng, quantity),
        "price": price_text(rng, cents),
    }
    texts: dict[str, str | None] = {
        name: padded(rng, text) if rng.random() < 0.3 else text
        for name, text in fields.items()
    }
    stored = (sale.upper(), day.isoformat(), SHOPS[shop], quantity, cents)
    return Sample(texts, stored)


def bad(rng: Random, number: int, reason: str) -> Sample:
    sample = good(rng, number)
    sample.outcome = reason
    if reason == "missing":
        sample.fields[rng.choice(FIELDS)] = rng.choice([None, "", " \t"])
    elif reason != "malformed":
        sample.fields[reason.removeprefix("bad_")] = rng.choice(BAD[reason])
    return sample


def random_samples(rng: Random, count: int, malformed: bool = True) -> list[Sample]:
    """Each reason at least once, when ``count`` allows it, and duplicates."""
    reasons = ["missing", *BAD] + ["malformed"] * malformed
    samples = [bad(rng, n, reason) for n, reason in enumerate(reasons)]
    while len(samples) < count:
        number = len(samples)
        if rng.random() < 0.25:
            samples.append(bad(rng, number, rng.choice(reasons)))
            continue
        samples.append(good(rng, number))
        if rng.random() < 0.3:  # with the id of another, perhaps a bad one
            other = rng.choice(samples[:-1])
            text = (other.fields["id"] or "").strip()
            if re.fullmatch("[A-Za-z0-9-]{1,100}", text) and isinstance(
                samples[-1].outcome, tuple
            ):
                samples[-1].fields["id"] = rng.choice([text.lower(), text.upper()])
                samples[-1].outcome = (text.upper(), *samples[-1].outcome[1:])
    order = samples[:]
    rng.shuffle(order)
    return order


def judged(data: bytes, samples: list[Sample], positions: list[int]) -> Made:
    made, seen = Made(data, [], []), set()
    for sample, position in zip(samples, positions, strict=True):
        outcome = sample.outcome
        if type(outcome) is tuple and outcome[0] in seen:
            outcome = "duplicate"
        if type(outcome) is str:
            made.quarantine.append((position, outcome))
        else:
            seen.add(outcome[0])
            made.sales.append((position, *outcome))
    return made


# Files


def csv_line(cells: list[str], end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerow(cells)
    return text.getvalue()


def as_csv(rng: Random, samples: list[Sample]) -> Made:
    columns = [*FIELDS, "note", "till"]
    rng.shuffle(columns)
    end = rng.choice(["\n", "\r\n"])
    text, positions = csv_line(columns, end), []
    for sample in samples:
        text += end * rng.choice([0, 0, 0, 1, 2])
        fields = sample.fields | {"note": rng.choice(["", 'two\n"lines"', ",\n\n"])}
        cells = [fields.get(name) or "" for name in columns]
        if sample.outcome == "malformed":
            cells = rng.choice([cells[:-1], [*cells, ""], cells[:1], [*cells, "9"]])
        positions.append(text.count("\n") + 1)
        text += csv_line(cells, end)
    return judged(mark(rng) + text.encode(), samples, positions)


def as_object(rng: Random, sample: Sample, ascii_only: bool) -> str:
    parts = [f'"note": {rng.choice(["1", "null", "[{}]"])}']
    for name, text in sample.fields.items():
        if text is None and rng.random() < 0.5:
            continue
        value = json.dumps(text, ensure_ascii=ascii_only)
        number = text is not None and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text)
        if number and text.isascii() and rng.random() < 0.6:
            value = text
        parts.append(f'"{name}": {value}')
    rng.shuffle(parts)
    return "{" + ", ".join(parts) + "}"


def as_jsonl(rng: Random, samples: list[Sample]) -> Made:
    ascii_only, end = rng.random() < 0.3, rng.choice(["\n", "\r\n"])
    text, positions = "", []
    for sample in samples:
        text += end * rng.choice([0, 0, 0, 1, 2])
        positions.append(text.count("\n") + 1)
        broken = sample.outcome == "malformed"
        line = rng.choice(MALFORMED) if broken else as_object(rng, sample, ascii_only)
        text += line + end
    return judged(mark(rng) + text.encode(), samples, positions)


def as_json(rng: Random, samples: list[Sample]) -> Made:
    parts = [
        rng.choice(NO_OBJECT)
        if sample.outcome == "malformed"
        else as_object(rng, sample, False)
        for sample in samples
    ]
    text = "[\n" + rng.choice([",", ",\n\n  "]).join(parts) + "]\n"
    return judged(mark(rng) + text.encode(), samples, [*range(1, len(samples) + 1)])


def as_xml(rng: Random, samples: list[Sample]) -> Made:
    text = rng.choice(["", '<?xml version="1.0" encoding="UTF-8"?>\n']) + "<sales>\n"
    for sample in samples:
        text += rng.choice(["", "", "<!-- later -->", "<info><id>7</id></info>\n"])
        sale = sample.fields["id"]
        children = [
            f"<{name}>{cdata(rng, value)}</{name}>"
            for name, value in sample.fields.items()
            if name != "id" and value is not None
        ] + ["<note>none <b>yet</b></note>", "<till/>"]
        rng.shuffle(children)
        start = "<sale>" if sale is None else f"<sale id={quoteattr(sale)}>"
        text += start + rng.choice(["", "\n  "]).join(children) + "</sale>\n"
    text += "</sales>\n"
    positions = [*range(1, len(samples) + 1)]
    return judged(mark(rng) + text.encode(), samples, positions)


def cdata(rng: Random, text: str) -> str:
    return f"<![CDATA[{text}]]>" if rng.random() < 0.2 else escape(text)


def mark(rng: Random) -> bytes:
    return MARK if rng.random() < 0.3 else b""


WRITERS = {"csv": as_csv, "jsonl": as_jsonl, "json": as_json, "xml": as_xml}


def random_file(rng: Random, kind: str, count: int = 60) -> Made:
    return WRITERS[kind](rng, random_samples(rng, count, malformed=kind != "xml"))


# The database


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def summed(*files: Made) -> dict[str, Any]:
    """The summary of these files."""
    sales = [sale for file in files for sale in file.sales]
    reasons = Counter(reason for file in files for _, reason in file.quarantine)
    shops = []
    for name in {sale[3] for sale in sales}:
        own = [sale for sale in sales if sale[3] == name]
        revenue = sum(sale[4] * sale[5] for sale in own)
        pieces = sum(sale[4] for sale in own)
        shops.append((-revenue, name, len(own), pieces))
    return {
        "files": len(files),
        "good": len(sales),
        "bad": sum(reasons.values()),
        "reasons": dict(reasons),
        "shops": [
            {"shop": name, "sales": n, "quantity": pieces, "revenue": money(-revenue)}
            for revenue, name, n, pieces in sorted(shops)
        ],
    }


class Desk:
    """Loads files and looks at the database.

    A fresh child without any of the answer's code reads the database: the judge opens
    no foreign SQLite file, and the answer has no say in what is read.
    """

    def __init__(self, code: Any, clean: Any, shell: Any) -> None:
        self.code, self.clean, self.shell = code, clean, shell

    def load(self, name: str, data: bytes) -> Any:
        self.shell.write(name, data)
        return self.load_as_it_is(name)

    def load_as_it_is(self, name: str) -> Any:
        return self.code.call("pipeline:load", "sales.db", name)

    def summary(self) -> Any:
        return self.code.call("pipeline:summary", "sales.db")

    def query(self, text: str, *values: str) -> Any:
        db = self.clean.call("sqlite3:connect", "sales.db")
        rows = db.execute(text, [*values]).fetchall()
        db.close()
        return rows

    def sales(self, name: str) -> Any:
        return self.query(
            "SELECT sales.position, sales.id, sales.day, shops.name, sales.quantity,"
            " sales.cents FROM sales JOIN files ON files.id = sales.file_id"
            " JOIN shops ON shops.id = sales.shop_id WHERE files.name = ?"
            " ORDER BY sales.position LIMIT 20000",
            name,
        )

    def quarantine(self, name: str) -> Any:
        return self.query(
            "SELECT quarantine.position, quarantine.reason FROM quarantine"
            " JOIN files ON files.id = quarantine.file_id WHERE files.name = ?"
            " ORDER BY quarantine.position LIMIT 20000",
            name,
        )

    def holds(self, **files: Made) -> None:
        """The database holds these files, by ``name_csv``, and nothing else."""
        named = {name.replace("_", "."): made for name, made in files.items()}
        for name, made in named.items():
            verdict = same(self.sales(name), made.sales)
            assert verdict, f"sales of {name}: {verdict}"
            verdict = same(self.quarantine(name), made.quarantine)
            assert verdict, f"quarantine of {name}: {verdict}"
        wanted = sorted(
            (name, hashlib.sha256(made.data).hexdigest())
            for name, made in named.items()
        )
        query = "SELECT name, sha256 FROM files ORDER BY name LIMIT 100"
        assert same(self.query(query), wanted), "table files"
        shops = {sale[3] for made in files.values() for sale in made.sales}
        query = "SELECT name FROM shops ORDER BY name LIMIT 1000"
        assert same(self.query(query), sorted((n,) for n in shops)), "table shops"
        counts = [sum(made.counts[i] for made in files.values()) for i in (0, 1)]
        for table, count in zip(("sales", "quarantine"), counts, strict=True):
            assert self.query(f"SELECT COUNT(*) FROM {table}") == [(count,)], table


def rows(*records: tuple[str, ...], header: tuple[str, ...] = FIELDS) -> bytes:
    """A CSV file of these rows."""
    return "".join(csv_line([*record]) for record in (header, *records)).encode()
